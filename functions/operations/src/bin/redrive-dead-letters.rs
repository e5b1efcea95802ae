//! `redrive-dead-letters`: see [`operations::RedriveDeadLetters`].

use operations::{QueueUrls, RedriveDeadLetters};
use resilience::SystemClock;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("redrive-dead-letters");
    let aws = aws::Clients::from_settings(&mut settings);
    // It has to be there, and a setting that is parsed may be missing.
    settings.text("DEAD_LETTERS");
    let urls = settings.parsed("DEAD_LETTERS", QueueUrls::default());
    let work_for = settings.seconds("WORK_FOR_SECONDS", 40);
    settings.finish()?;

    let queues = urls.open(|url| aws.letters(url), |url| aws.work(url));
    runtime::command::run(RedriveDeadLetters { queues, clock: Arc::new(SystemClock), work_for }).await
}
