//! `track-order`: see [`orders::TrackOrder`].

use orders::TrackOrder;
use resilience::SystemClock;
use runtime::queue::Worker;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("track-order");
    let aws = aws::Clients::from_settings(&mut settings);
    let table = settings.text("TABLE_NAME");
    let queue = settings.text("QUEUE_URL");
    let dead_letters = settings.text("DEAD_LETTER_QUEUE_URL");
    let give_up_after = settings.seconds("GIVE_UP_AFTER_SECONDS", 86_400);
    settings.finish()?;

    let worker = Worker {
        function: "track-order",
        queue: aws.queue(&queue, &dead_letters),
        clock: Arc::new(SystemClock),
        give_up_after,
        consumer: Arc::new(TrackOrder { store: aws.table(&table), clock: Arc::new(SystemClock) }),
    };
    runtime::queue::run(worker).await
}
