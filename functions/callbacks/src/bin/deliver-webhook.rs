//! `deliver-webhook`: see [`callbacks::DeliverWebhook`].

use callbacks::{DeliverWebhook, Lanes, Pace};
use outbound::Networks;
use resilience::{RandomJitter, SystemClock};
use runtime::queue::Worker;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("deliver-webhook");
    let aws = aws::Clients::from_settings(&mut settings);
    let table = settings.text("TABLE_NAME");
    let pace = Pace { call_within: settings.seconds("CALL_WITHIN_SECONDS", 30) };
    let lanes = Lanes::of(settings.parsed("CALLS_AT_ONCE", 2));
    let words = [("public", Networks::Public), ("any", Networks::Any)];
    let networks = settings.one_of("CALLBACK_NETWORKS", &words, Networks::Public);
    let step = DeliverWebhook {
        documents: aws.table(&table),
        transport: aws.guarded_transport(networks),
        clock: Arc::new(SystemClock),
        jitter: Arc::new(RandomJitter),
        pace,
        lanes,
    };
    let queue = |url: &str, dead_letters: &str| aws.queue(url, dead_letters);
    let worker =
        Worker::from_settings(&mut settings, "deliver-webhook", queue, |table| aws.table(table), step);
    let started = settings.finish()?;

    let probe = aws.connect(started).await;
    runtime::queue::run(worker, probe).await
}
