//! `manage-products`: see [`catalog::ManageProducts`].

use catalog::ManageProducts;
use resilience::SystemClock;
use runtime::http::{Guard, Server};
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("manage-products");
    let aws = aws::Clients::from_settings(&mut settings);
    let guard = Guard::from_settings(&mut settings);
    let table = settings.text("TABLE_NAME");
    settings.finish()?;

    let table = aws.table(&table);
    let limits = aws.table(&guard.limits_table);
    let endpoint = ManageProducts { store: table.clone(), documents: table, clock: Arc::new(SystemClock) };
    runtime::http::run(Server::guarded(guard, limits, Arc::new(SystemClock), endpoint)).await
}
