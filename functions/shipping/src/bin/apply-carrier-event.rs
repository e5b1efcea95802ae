//! `apply-carrier-event`: see [`shipping::ApplyCarrierEvent`].

use resilience::SystemClock;
use runtime::stream::StreamWorker;
use shipping::ApplyCarrierEvent;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("apply-carrier-event");
    let aws = aws::Clients::from_settings(&mut settings);
    let table = settings.text("TABLE_NAME");
    let dead_letters = settings.text("DEAD_LETTER_QUEUE_URL");
    settings.finish()?;

    let table = aws.table(&table);
    let step = ApplyCarrierEvent { store: table.clone(), documents: table, clock: Arc::new(SystemClock) };
    let queue = aws.dead_letters(&dead_letters);
    runtime::stream::run(StreamWorker { function: "apply-carrier-event", queue, reader: Arc::new(step) })
        .await
}
