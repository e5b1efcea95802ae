//! `apply-stripe-event`: see [`payments::ApplyStripeEvent`].

use payments::ApplyStripeEvent;
use resilience::SystemClock;
use runtime::stream::StreamWorker;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("apply-stripe-event");
    let aws = aws::Clients::from_settings(&mut settings);
    let table = settings.text("TABLE_NAME");
    let dead_letters = settings.text("DEAD_LETTER_QUEUE_URL");
    let stack = settings.text("STACK_NAME");
    settings.finish()?;
    let table = aws.table(&table);
    let reader =
        ApplyStripeEvent { store: table.clone(), documents: table, clock: Arc::new(SystemClock), stack };
    runtime::stream::run(StreamWorker {
        function: "apply-stripe-event",
        queue: aws.dead_letters(&dead_letters),
        reader: Arc::new(reader),
    })
    .await
}
