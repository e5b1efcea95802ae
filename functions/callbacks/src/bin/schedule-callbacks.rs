//! `schedule-callbacks`: see [`callbacks::ScheduleCallbacks`].

use callbacks::ScheduleCallbacks;
use resilience::SystemClock;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("schedule-callbacks");
    let aws = aws::Clients::from_settings(&mut settings);
    let table = settings.text("TABLE_NAME");
    let work = settings.text("WORK_QUEUE_URL");
    let started = settings.finish()?;

    let step = ScheduleCallbacks {
        documents: aws.table(&table),
        pending_by_time: aws.index(&table, "pending-by-time", "pending_shard", "overdue_at"),
        work: aws.work(&work),
        clock: Arc::new(SystemClock),
    };
    let probe = aws.connect(started).await;
    runtime::schedule::run(step, probe).await
}
