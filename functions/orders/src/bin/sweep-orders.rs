//! `sweep-orders`: see [`orders::SweepOrders`].

use orders::{Deadlines, Erasures, SweepOrders};
use resilience::SystemClock;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("sweep-orders");
    let aws = aws::Clients::from_settings(&mut settings);
    let table = settings.text("TABLE_NAME");
    let views = settings.text("VIEWS_TABLE_NAME");
    let deadlines = Deadlines::from_settings(&mut settings);
    let retention_days = settings.parsed("RETENTION_DAYS", 0);
    let started = settings.finish()?;

    let clock = Arc::new(SystemClock);
    let erasures = Erasures {
        store: aws.table(&table),
        documents: aws.table(&table),
        partitions: aws.partitions(&views),
        clock: clock.clone(),
        deadlines,
        retention_days,
    };
    let step = SweepOrders {
        store: aws.table(&table),
        views: aws.table(&views),
        open_by_deadline: aws.index(&views, "open-by-deadline", "open_shard", "deadline"),
        clock,
        deadlines,
        erasures,
    };
    let probe = aws.connect(started).await;
    runtime::schedule::run(step, probe).await
}
