//! `allocate-stock`: see [`inventory::AllocateStock`].

use resilience::SystemClock;
use runtime::queue::Worker;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("allocate-stock");
    let aws = aws::Clients::from_settings(&mut settings);
    let table = settings.text("TABLE_NAME");
    let (queue, dead_letters) = (settings.text("QUEUE_URL"), settings.text("DEAD_LETTER_QUEUE_URL"));
    let give_up_after = settings.seconds("GIVE_UP_AFTER_SECONDS", 86_400);
    settings.finish()?;

    let table = aws.table(&table);
    let clock = Arc::new(SystemClock);
    let step = inventory::AllocateStock { store: table.clone(), counters: table, clock: clock.clone() };
    runtime::queue::run(Worker {
        function: "allocate-stock",
        queue: aws.queue(&queue, &dead_letters),
        clock,
        give_up_after,
        consumer: Arc::new(step),
    })
    .await
}
