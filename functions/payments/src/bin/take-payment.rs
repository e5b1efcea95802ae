//! `take-payment`: see [`payments::TakePayment`].

use outbound::Breaker;
use payments::{Stripe, TakePayment};
use resilience::SystemClock;
use runtime::queue::Worker;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("take-payment");
    let aws = aws::Clients::from_settings(&mut settings);
    let table = aws.table(&settings.text("TABLE_NAME"));
    let clock = Arc::new(SystemClock);
    let transport = Breaker::before(aws.transport(), Stripe::NAME, table.clone(), clock.clone());
    let step = TakePayment {
        store: table.clone(),
        redaction: table.clone(),
        documents: table,
        stripe: Stripe::from_settings(&mut settings, transport, aws.secrets(), clock.clone()),
        clock,
        stack: settings.text("STACK_NAME"),
        refund_on_return: settings.parsed("REFUND_ON_RETURN", false),
        refund_again_after: settings.seconds("REFUND_AGAIN_AFTER_SECONDS", 60),
    };
    let queue = |url: &str, dead_letters: &str| aws.queue(url, dead_letters);
    let worker = Worker::from_settings(&mut settings, "take-payment", queue, |table| aws.table(table), step);
    let started = settings.finish()?;

    let probe = aws.connect(started).await;
    runtime::queue::run(worker, probe).await
}
