//! `get-payment`: see [`payments::GetPayment`].

use payments::{GetPayment, Stripe};
use resilience::SystemClock;
use runtime::breaker::Breaker;
use runtime::http::{Guard, Server};
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("get-payment");
    let aws = aws::Clients::from_settings(&mut settings);
    let guard = Guard::from_settings(&mut settings);
    let table = aws.table(&settings.text("TABLE_NAME"));
    let clock = Arc::new(SystemClock);
    let transport = Breaker::before(aws.transport(), Stripe::NAME, table.clone(), clock.clone());
    let stripe = Stripe::from_settings(&mut settings, transport, aws.secrets(), clock.clone());
    settings.finish()?;

    let limits = aws.table(&guard.limits_table);
    let step = GetPayment { store: table, stripe };
    runtime::http::run(Server::guarded(guard, limits, clock, step)).await
}
