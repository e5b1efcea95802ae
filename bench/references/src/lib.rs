//! A DynamoDB client that is as lean as the SDK allows with its retries and timeouts, and what the references share.
//!
//! Lean: one HTTP client, TLS by rustls with ring, Amazon's roots only, region and credentials from the environment, no discovery,
//! one thread. The functions' own clients are made in `shared/aws`; these use nothing of it, so that what it costs shows.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::BehaviorVersion;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::time::Duration;

/// The same roots as the functions'.
const ROOTS: &[u8] = include_bytes!("../../../shared/aws/roots/amazon.pem");

/// The part of a gateway's event that a reference reads.
#[derive(Debug, Deserialize)]
pub struct Event {
    /// The request's body.
    #[serde(default)]
    pub body: String,
}

/// What a reference returns to the gateway.
pub fn accepted() -> Box<RawValue> {
    RawValue::from_string(r#"{"statusCode":200,"body":"{}"}"#.to_owned()).unwrap_or_default()
}

/// A variable of the environment; empty if it is missing.
#[expect(clippy::disallowed_methods, reason = "a reference has no settings")]
pub fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// The client.
///
/// # Errors
/// If the roots are not valid.
pub fn dynamodb() -> Result<Client, lambda_runtime::Error> {
    let store = TrustStore::empty().with_pem_certificate(ROOTS);
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(TlsContext::builder().with_trust_store(store).build()?)
        .build_https();
    let credentials = Credentials::new(
        variable("AWS_ACCESS_KEY_ID"),
        variable("AWS_SECRET_ACCESS_KEY"),
        Some(variable("AWS_SESSION_TOKEN")).filter(|token| !token.is_empty()),
        None,
        "environment",
    );
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(5))
        .operation_timeout(Duration::from_secs(15))
        .build();
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(variable("AWS_REGION")))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http)
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .time_source(SharedTimeSource::new(SystemTimeSource::new()))
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(timeouts);
    config.set_endpoint_url(Some(variable("AWS_ENDPOINT_URL")).filter(|url| !url.is_empty()));
    Ok(Client::new(&config.build()))
}

/// An item's key.
pub fn key(pk: &str, sk: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))])
}

/// A text attribute.
pub fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

/// A numeric attribute.
pub fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
