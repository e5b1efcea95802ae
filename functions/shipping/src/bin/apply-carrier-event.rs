//! `apply-carrier-event`: see [`shipping::ApplyCarrierEvent`].

use resilience::SystemClock;
use runtime::stream::StreamWorker;
use shipping::ApplyCarrierEvent;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("apply-carrier-event");
    let aws = aws::Clients::from_settings(&mut settings);
    let table = aws.table(&settings.text("TABLE_NAME"));
    let step = ApplyCarrierEvent { store: table.clone(), documents: table, clock: Arc::new(SystemClock) };
    let queue = |url: &str| aws.dead_letters(url);
    let worker = StreamWorker::from_settings(
        &mut settings,
        "apply-carrier-event",
        queue,
        |table| aws.table(table),
        step,
    );
    let started = settings.finish()?;

    let probe = aws.connect(started).await;
    runtime::stream::run(worker, probe).await
}
