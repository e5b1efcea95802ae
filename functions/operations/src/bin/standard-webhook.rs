//! `standard-webhook`: see [`operations::StandardWebhook`].

use operations::StandardWebhook;
use resilience::SystemClock;
use runtime::http::Server;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("standard-webhook");
    let aws = aws::Clients::from_settings(&mut settings);
    let payments = settings.text("PAYMENTS_TABLE_NAME");
    let shipping = settings.text("SHIPPING_TABLE_NAME");
    let senders = settings.parsed("WEBHOOK_SOURCES", webhooks::Senders::default());
    let secret_prefix = settings.text("STANDARD_WEBHOOK_SECRETS");
    settings.reads_secrets(senders.secrets(&secret_prefix));
    let started = settings.finish()?;
    let step = StandardWebhook {
        senders,
        payments: aws.table(&payments),
        parcels: aws.table(&shipping),
        secrets: aws.secrets(),
        secret_prefix,
        clock: Arc::new(SystemClock),
    };
    let probe = aws.connect(started).await;
    runtime::http::run(Server::open(step), probe).await
}
