//! `manage-shipments`: see [`shipping::ManageShipments`].

use resilience::SystemClock;
use runtime::http::{Guard, Server};
use shipping::ManageShipments;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("manage-shipments");
    let aws = aws::Clients::from_settings(&mut settings);
    let table = settings.text("TABLE_NAME");
    let guard = Guard::from_settings(&mut settings);
    settings.finish()?;

    let table = aws.table(&table);
    let limits = aws.table(&guard.limits_table);
    let clock = Arc::new(SystemClock);
    let step = ManageShipments { store: table.clone(), documents: table, clock: clock.clone() };
    runtime::http::run(Server::guarded(guard, limits, clock, step)).await
}
