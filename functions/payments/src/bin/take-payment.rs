//! `take-payment`: see [`payments::TakePayment`].

use payments::{Stripe, TakePayment};
use resilience::SystemClock;
use runtime::breaker::Breaker;
use runtime::queue::Worker;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("take-payment");
    let aws = aws::Clients::from_settings(&mut settings);
    let table = aws.table(&settings.text("TABLE_NAME"));
    let (queue, dead_letters) = (settings.text("QUEUE_URL"), settings.text("DEAD_LETTER_QUEUE_URL"));
    let give_up_after = settings.seconds("GIVE_UP_AFTER_SECONDS", 86_400);
    let stack = settings.text("STACK_NAME");
    let refund_on_return = settings.parsed("REFUND_ON_RETURN", false);
    let refund_again_after = settings.seconds("REFUND_AGAIN_AFTER_SECONDS", 60);
    let clock = Arc::new(SystemClock);
    let transport = Breaker::before(aws.transport(), Stripe::NAME, table.clone(), clock.clone());
    let stripe = Stripe::from_settings(&mut settings, transport, aws.secrets(), clock.clone());
    settings.finish()?;
    let step = TakePayment {
        store: table.clone(),
        documents: table,
        clock: clock.clone(),
        stripe,
        stack,
        refund_on_return,
        refund_again_after,
    };
    runtime::queue::run(Worker {
        function: "take-payment",
        queue: aws.queue(&queue, &dead_letters),
        clock,
        give_up_after,
        consumer: Arc::new(step),
    })
    .await
}
