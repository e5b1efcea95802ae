//! `allocate-stock`: see [`inventory::AllocateStock`].

use inventory::{AllocateStock, HotSkus};
use resilience::SystemClock;
use runtime::queue::Worker;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("allocate-stock");
    let aws = aws::Clients::from_settings(&mut settings);
    let table = aws.table(&settings.text("TABLE_NAME"));
    let (clock, hot) = (Arc::new(SystemClock), HotSkus::default());
    let step = AllocateStock { store: table.clone(), counters: table, clock, hot };
    let queue = |url: &str, dead_letters: &str| aws.queue(url, dead_letters);
    let worker =
        Worker::from_settings(&mut settings, "allocate-stock", queue, |table| aws.table(table), step);
    let started = settings.finish()?;

    let probe = aws.connect(started).await;
    runtime::queue::run(worker, probe).await
}
