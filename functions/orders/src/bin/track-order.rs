//! `track-order`: see [`orders::TrackOrder`].

use orders::TrackOrder;
use resilience::SystemClock;
use runtime::queue::Worker;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("track-order");
    let aws = aws::Clients::from_settings(&mut settings);
    let store = aws.table(&settings.text("TABLE_NAME"));
    let step = TrackOrder { store, clock: Arc::new(SystemClock) };
    let queue = |url: &str, dead_letters: &str| aws.queue(url, dead_letters);
    let worker = Worker::from_settings(&mut settings, "track-order", queue, |table| aws.table(table), step);
    let started = settings.finish()?;

    let probe = aws.connect(started).await;
    runtime::queue::run(worker, probe).await
}
