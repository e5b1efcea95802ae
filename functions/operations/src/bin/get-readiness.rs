//! `get-readiness`: see [`operations::GetReadiness`].

use operations::{Build, GetReadiness, Queue, QueueUrls, TABLES};
use resilience::SystemClock;
use runtime::http::Server;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("get-readiness");
    let aws = aws::Clients::from_settings(&mut settings);
    let (stack, deploy) = (settings.text("STACK_NAME"), settings.text("DEPLOY_ID"));
    let build = Build { stack, deploy, id: runtime::build::id()? };
    let tables = TABLES.map(|name| {
        let table = settings.text(&operations::table_setting(name));
        (name, (aws.table(&table) as _, aws.partitions(&table)))
    });
    let queues: QueueUrls = settings.required("QUEUES");
    let step = GetReadiness {
        build,
        tables: tables.into(),
        queues: Queue::of_all(&queues, |url| aws.queue_gauge(url)),
        metrics: aws.metrics(),
        queue_is_late_after: settings.seconds("QUEUE_AGE_ALARM_SECONDS", 3600),
        clock: Arc::new(SystemClock),
    };
    let server = Server::from_settings(&mut settings, |limits| aws.table(limits), step);
    let started = settings.finish()?;
    let probe = aws.connect(started).await;
    runtime::http::run(server, probe).await
}
