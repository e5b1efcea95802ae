//! `plan-deliveries`: see [`callbacks::PlanDeliveries`].

use callbacks::PlanDeliveries;
use resilience::SystemClock;
use runtime::queue::Worker;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("plan-deliveries");
    let aws = aws::Clients::from_settings(&mut settings);
    let table = settings.text("TABLE_NAME");
    let (endpoints, documents) = (aws.partitions(&table), aws.table(&table));
    let work = aws.work(&settings.text("WORK_QUEUE_URL"));
    let step = PlanDeliveries { endpoints, documents, work, clock: Arc::new(SystemClock) };
    let queue = |url: &str, dead_letters: &str| aws.queue(url, dead_letters);
    let worker =
        Worker::from_settings(&mut settings, "plan-deliveries", queue, |table| aws.table(table), step);
    let started = settings.finish()?;

    let probe = aws.connect(started).await;
    runtime::queue::run(worker, probe).await
}
