//! `ship-order`: see [`shipping::ShipOrder`].

use events::Provider;
use resilience::SystemClock;
use runtime::breaker::Breaker;
use runtime::queue::Worker;
use shipping::{Carriers, ShipOrder};
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("ship-order");
    let aws = aws::Clients::from_settings(&mut settings);
    let table = aws.table(&settings.text("TABLE_NAME"));
    let (queue, dead_letters) = (settings.text("QUEUE_URL"), settings.text("DEAD_LETTER_QUEUE_URL"));
    let give_up_after = settings.seconds("GIVE_UP_AFTER_SECONDS", 86_400);
    let clock = Arc::new(SystemClock);
    let provider = settings.one_of("CARRIER", &Carriers::PROVIDERS, Provider::Warehouse);
    let carriers = Carriers::from_settings(&mut settings, provider, aws.secrets(), |name| {
        Breaker::before(aws.transport(), name, table.clone(), clock.clone())
    });
    settings.finish()?;

    let (store, documents) = (table.clone(), table);
    let step = ShipOrder { store, documents, clock: clock.clone(), carriers };
    let queue = aws.queue(&queue, &dead_letters);
    runtime::queue::run(Worker {
        function: "ship-order",
        queue,
        clock,
        give_up_after,
        consumer: Arc::new(step),
    })
    .await
}
