//! `write-heartbeats`: see [`operations::WriteHeartbeats`].

use event_store::Documents;
use events::Service;
use operations::WriteHeartbeats;
use resilience::SystemClock;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("write-heartbeats");
    let aws = aws::Clients::from_settings(&mut settings);
    let table = |service: Service| {
        let name = format!("{}_TABLE_NAME", service.as_str().to_ascii_uppercase());
        let table: Arc<dyn Documents> = aws.table(&settings.text(&name));
        (service, table)
    };
    let tables = Service::ALL.map(table).into_iter().collect();
    let started = settings.finish()?;
    let probe = aws.connect(started).await;
    runtime::schedule::run(WriteHeartbeats { tables, clock: Arc::new(SystemClock) }, probe).await
}
