//! `plan-deliveries`: see [`callbacks::PlanDeliveries`].

use callbacks::{Pace, PlanDeliveries};
use resilience::SystemClock;
use runtime::queue::Worker;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("plan-deliveries");
    let aws = aws::Clients::from_settings(&mut settings);
    let table = settings.text("TABLE_NAME");
    let queue = settings.text("QUEUE_URL");
    let dead_letters = settings.text("DEAD_LETTER_QUEUE_URL");
    let give_up_after = settings.seconds("GIVE_UP_AFTER_SECONDS", 345_600);
    let work = settings.text("WORK_QUEUE_URL");
    let pace = Pace { call_within: settings.seconds("CALL_WITHIN_SECONDS", 30) };
    settings.finish()?;

    let clock = Arc::new(SystemClock);
    let step =
        PlanDeliveries { documents: aws.table(&table), work: aws.work(&work), clock: clock.clone(), pace };
    runtime::queue::run(Worker {
        function: "plan-deliveries",
        queue: aws.queue(&queue, &dead_letters),
        clock,
        give_up_after,
        consumer: Arc::new(step),
    })
    .await
}
