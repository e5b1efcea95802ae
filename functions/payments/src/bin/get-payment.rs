//! `get-payment`: see [`payments::GetPayment`].

use outbound::Breaker;
use payments::{GetPayment, Stripe};
use resilience::SystemClock;
use runtime::http::Server;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("get-payment");
    let aws = aws::Clients::from_settings(&mut settings);
    let table = aws.table(&settings.text("TABLE_NAME"));
    let clock = Arc::new(SystemClock);
    let transport = Breaker::before(aws.transport(), Stripe::NAME, table.clone(), clock.clone());
    let stripe = Stripe::from_settings(&mut settings, transport, aws.secrets(), clock);
    let step = GetPayment { store: table, stripe };
    let server = Server::from_settings(&mut settings, |limits| aws.table(limits), step);
    let started = settings.finish()?;

    let probe = aws.connect(started).await;
    runtime::http::run(server, probe).await
}
