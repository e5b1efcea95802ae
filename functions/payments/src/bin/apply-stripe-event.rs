//! `apply-stripe-event`: see [`payments::ApplyStripeEvent`].

use payments::ApplyStripeEvent;
use resilience::SystemClock;
use runtime::stream::StreamWorker;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("apply-stripe-event");
    let aws = aws::Clients::from_settings(&mut settings);
    let table = aws.table(&settings.text("TABLE_NAME"));
    let stack = settings.text("STACK_NAME");
    let clock = Arc::new(SystemClock);
    let step = ApplyStripeEvent { store: table.clone(), documents: table, clock, stack };
    let queue = |url: &str| aws.dead_letters(url);
    let worker = StreamWorker::from_settings(
        &mut settings,
        "apply-stripe-event",
        queue,
        |table| aws.table(table),
        step,
    );
    let started = settings.finish()?;

    let probe = aws.connect(started).await;
    runtime::stream::run(worker, probe).await
}
