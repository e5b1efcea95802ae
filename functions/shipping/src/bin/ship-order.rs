//! `ship-order`: see [`shipping::ShipOrder`].

use events::Provider;
use outbound::Breaker;
use resilience::SystemClock;
use runtime::queue::Worker;
use shipping::{Carriers, ShipOrder};
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("ship-order");
    let aws = aws::Clients::from_settings(&mut settings);
    let table = aws.table(&settings.text("TABLE_NAME"));
    let clock = Arc::new(SystemClock);
    let provider = settings.one_of("CARRIER", &Carriers::PROVIDERS, Provider::Warehouse);
    let carriers = Carriers::from_settings(&mut settings, provider, aws.secrets(), |name| {
        Breaker::before(aws.transport(), name, table.clone(), clock.clone())
    });
    let (store, redaction, documents) = (table.clone(), table.clone(), table);
    let step = ShipOrder { store, redaction, documents, clock, carriers };
    let queue = |url: &str, dead_letters: &str| aws.queue(url, dead_letters);
    let worker = Worker::from_settings(&mut settings, "ship-order", queue, |table| aws.table(table), step);
    let started = settings.finish()?;

    let probe = aws.connect(started).await;
    runtime::queue::run(worker, probe).await
}
