//! `place-canary`: see [`operations::PlaceCanary`].

use operations::PlaceCanary;
use resilience::SystemClock;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("place-canary");
    let aws = aws::Clients::from_settings(&mut settings);
    // CloudFormation cannot put the id into an address that is a parameter.
    let api = settings.base_url("API_URL").replace("{api}", &settings.text("API_ID"));
    let user_pool = settings.base_url("USER_POOL_ENDPOINT");
    let client_id = settings.optional("USER_POOL_CLIENT_ID").unwrap_or_default();
    let sku = settings.optional("CANARY_SKU");
    // A stack without a canary has no password for it, and a deploy probes the secrets that are read here.
    let secret = if sku.is_some() { settings.text("CANARY_SECRET") } else { String::new() };
    let started = settings.finish()?;
    let step = PlaceCanary {
        transport: aws.transport(),
        secrets: aws.secrets(),
        secret,
        api,
        user_pool,
        client_id,
        sku,
        clock: Arc::new(SystemClock),
    };
    let probe = aws.connect(started).await;
    runtime::schedule::run(step, probe).await
}
