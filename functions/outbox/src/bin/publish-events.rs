//! `publish-events`: see [`outbox::PublishEvents`].

use events::Service;
use outbox::PublishEvents;
use runtime::stream::StreamWorker;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("publish-events");
    let aws = aws::Clients::from_settings(&mut settings);
    let arns = Service::ALL.map(|service| {
        (service, settings.text(&format!("{}_TOPIC_ARN", service.as_str().to_ascii_uppercase())))
    });
    let dead_letters = settings.text("DEAD_LETTER_QUEUE_URL");
    settings.finish()?;

    let worker = StreamWorker {
        function: "publish-events",
        queue: aws.dead_letters(&dead_letters),
        reader: Arc::new(PublishEvents {
            topics: arns.into_iter().map(|(service, arn)| (service, aws.topic(&arn))).collect(),
        }),
    };
    runtime::stream::run(worker).await
}
