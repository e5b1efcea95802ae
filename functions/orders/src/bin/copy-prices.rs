//! `copy-prices`: see [`orders::CopyPrices`].

use orders::CopyPrices;
use runtime::queue::Worker;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("copy-prices");
    let aws = aws::Clients::from_settings(&mut settings);
    let step = CopyPrices { documents: aws.table(&settings.text("TABLE_NAME")) };
    let queue = |url: &str, dead_letters: &str| aws.queue(url, dead_letters);
    let worker = Worker::from_settings(&mut settings, "copy-prices", queue, |table| aws.table(table), step);
    let started = settings.finish()?;

    let probe = aws.connect(started).await;
    runtime::queue::run(worker, probe).await
}
