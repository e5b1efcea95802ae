//! `stripe-webhook`: see [`payments::StripeWebhook`].

use payments::StripeWebhook;
use resilience::SystemClock;
use runtime::http::Server;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("stripe-webhook");
    let aws = aws::Clients::from_settings(&mut settings);
    let table = settings.text("TABLE_NAME");
    let secret = settings.text("STRIPE_WEBHOOK_SECRET");
    let livemode = settings.parsed("STRIPE_LIVEMODE", false);
    let started = settings.finish()?;
    let step = StripeWebhook {
        documents: aws.table(&table),
        clock: Arc::new(SystemClock),
        secrets: aws.secrets(),
        secret,
        livemode,
    };
    let probe = aws.connect(started).await;
    runtime::http::run(Server::open(step), probe).await
}
