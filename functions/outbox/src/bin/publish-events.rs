//! `publish-events`: see [`outbox::PublishEvents`].

use events::Service;
use outbox::PublishEvents;
use runtime::stream::StreamWorker;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("publish-events");
    let aws = aws::Clients::from_settings(&mut settings);
    let topic = |service: Service| {
        let name = format!("{}_TOPIC_ARN", service.as_str().to_ascii_uppercase());
        (service, aws.topic(&settings.text(&name)))
    };
    let step = PublishEvents { topics: Service::ALL.map(topic).into_iter().collect() };
    let queue = |url: &str| aws.dead_letters(url);
    let worker =
        StreamWorker::from_settings(&mut settings, "publish-events", queue, |table| aws.table(table), step);
    let started = settings.finish()?;

    let probe = aws.connect(started).await;
    runtime::stream::run(worker, probe).await
}
