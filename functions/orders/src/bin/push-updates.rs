//! `push-updates`: see [`orders::PushUpdates`].

use orders::{Followers, PushUpdates};
use resilience::SystemClock;
use runtime::queue::Worker;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("push-updates");
    let aws = aws::Clients::from_settings(&mut settings);
    let step = PushUpdates {
        store: aws.table(&settings.text("TABLE_NAME")),
        followers: Followers::new(aws.table(&settings.text("LIVE_TABLE_NAME"))),
        sockets: aws.sockets(&settings.text("LIVE_API_ID"), "live"),
        clock: Arc::new(SystemClock),
    };
    let worker = Worker::of_hints(&mut settings, "push-updates", |url| aws.queue(url, ""), step);
    let started = settings.finish()?;

    let probe = aws.connect(started).await;
    runtime::queue::run(worker, probe).await
}
