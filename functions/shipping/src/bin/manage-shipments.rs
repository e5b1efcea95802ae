//! `manage-shipments`: see [`shipping::ManageShipments`].

use resilience::SystemClock;
use runtime::http::Server;
use shipping::ManageShipments;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("manage-shipments");
    let aws = aws::Clients::from_settings(&mut settings);
    let table = aws.table(&settings.text("TABLE_NAME"));
    let step = ManageShipments { store: table.clone(), documents: table, clock: Arc::new(SystemClock) };
    let server = Server::from_settings(&mut settings, |limits| aws.table(limits), step);
    let started = settings.finish()?;

    let probe = aws.connect(started).await;
    runtime::http::run(server, probe).await
}
