//! `replay-events`: see [`operations::ReplayEvents`].

use events::Service;
use operations::{QueueUrls, ReplayEvents, ServiceEvents};
use resilience::SystemClock;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("replay-events");
    let aws = aws::Clients::from_settings(&mut settings);
    let queues: QueueUrls = settings.required("QUEUES");
    let work_for = settings.seconds("WORK_FOR_SECONDS", 60);
    let events = |service: Service| {
        let name = format!("{}_TABLE_NAME", service.as_str().to_ascii_uppercase());
        let table = aws.table(&settings.text(&name));
        (service, ServiceEvents { store: table.clone(), scan: table })
    };
    let services = Service::ALL.map(events).into_iter().collect();
    let started = settings.finish()?;

    let queues = queues.open(|url| aws.work(url));
    let probe = aws.connect(started).await;
    runtime::command::run(ReplayEvents { services, queues, clock: Arc::new(SystemClock), work_for }, probe)
        .await
}
