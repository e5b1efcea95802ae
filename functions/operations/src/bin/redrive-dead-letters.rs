//! `redrive-dead-letters`: see [`operations::RedriveDeadLetters`].

use operations::{DeadLetterUrls, RedriveDeadLetters};
use resilience::SystemClock;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("redrive-dead-letters");
    let aws = aws::Clients::from_settings(&mut settings);
    let urls: DeadLetterUrls = settings.required("DEAD_LETTERS");
    let work_for = settings.seconds("WORK_FOR_SECONDS", 60);
    let functions = aws.functions(&settings.text("STACK_NAME"));
    let started = settings.finish()?;

    let queues = urls.open(|url| aws.letters(url), |url| aws.work(url), |url| aws.queue_gauge(url));
    let batches = aws.batches();
    let clock = Arc::new(SystemClock);
    let probe = aws.connect(started).await;
    runtime::command::run(RedriveDeadLetters { queues, batches, functions, clock, work_for }, probe).await
}
