//! `request-refund`: see [`payments::RequestRefund`].

use payments::RequestRefund;
use resilience::SystemClock;
use runtime::http::{Guard, Server};
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("request-refund");
    let aws = aws::Clients::from_settings(&mut settings);
    let guard = Guard::from_settings(&mut settings);
    let table = settings.text("TABLE_NAME");
    settings.finish()?;

    let limits = aws.table(&guard.limits_table);
    let clock = Arc::new(SystemClock);
    let step = RequestRefund { store: aws.table(&table), clock: clock.clone() };
    runtime::http::run(Server::guarded(guard, limits, clock, step)).await
}
