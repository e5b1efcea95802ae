//! `carrier-webhook`: see [`shipping::CarrierWebhook`].

use resilience::SystemClock;
use runtime::http::Server;
use shipping::CarrierWebhook;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("carrier-webhook");
    let aws = aws::Clients::from_settings(&mut settings);
    let table = settings.text("TABLE_NAME");
    let secret_name = settings.text("EASYPOST_WEBHOOK_SECRET");
    let started = settings.finish()?;

    let (documents, secrets) = (aws.table(&table), aws.secrets());
    let step = CarrierWebhook { documents, secrets, secret_name, clock: Arc::new(SystemClock) };
    let probe = aws.connect(started).await;
    runtime::http::run(Server::open(step), probe).await
}
