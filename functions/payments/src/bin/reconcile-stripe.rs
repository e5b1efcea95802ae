//! `reconcile-stripe`: see [`payments::ReconcileStripe`].

use outbound::Breaker;
use payments::{ReconcileStripe, Stripe};
use resilience::SystemClock;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("reconcile-stripe");
    let aws = aws::Clients::from_settings(&mut settings);
    let table = aws.table(&settings.text("TABLE_NAME"));
    let livemode = settings.parsed("STRIPE_LIVEMODE", false);
    let clock = Arc::new(SystemClock);
    let transport = Breaker::before(aws.transport(), Stripe::NAME, table.clone(), clock.clone());
    let stripe = Stripe::from_settings(&mut settings, transport, aws.secrets(), clock.clone());
    let started = settings.finish()?;

    let probe = aws.connect(started).await;
    runtime::command::run(ReconcileStripe { documents: table, clock, stripe, livemode }, probe).await
}
