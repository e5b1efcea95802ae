//! The HTTP client of all services: one pool of connections, and within the time of an invocation. A request that no time is
//! left for fails with that reason.
//!
//! The SDK's own timeouts stay. Its connector is the one place that all services' requests pass, each attempt alone.

use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use resilience::deadline::{OutOfTime, record_timeout};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Amazon's root certificates, as Amazon Trust Services publishes them. To parse five certificates delays a start far less
/// than to parse the machine's hundred and forty.
const AMAZON_ROOTS: &[u8] = include_bytes!("../roots/amazon.pem");

/// How long a connection may take to open.
pub(crate) const CONNECTS_WITHIN: Duration = Duration::from_secs(2);

/// The certificates that are trusted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Roots {
    Amazon,
    Native,
}

/// Its connector is made once, when it is first used, and is the same for every service. The SDK would make one for each client.
#[derive(Debug, Clone)]
pub(crate) struct TimedClient {
    roots: Roots,
    connector: Arc<OnceLock<SharedHttpConnector>>,
}

#[derive(Debug)]
struct TimedConnector(Connector);

impl TimedClient {
    pub(crate) fn new(roots: Roots) -> Self {
        Self { roots, connector: Arc::default() }
    }

    pub(crate) fn connector(&self) -> SharedHttpConnector {
        self.connector.get_or_init(|| SharedHttpConnector::new(TimedConnector(connector(self.roots)))).clone()
    }
}

/// With the timeout to connect that the clients' configuration has: the SDK hands over the same one with each request.
fn connector(roots: Roots) -> Connector {
    let store = match roots {
        Roots::Amazon => TrustStore::empty().with_pem_certificate(AMAZON_ROOTS),
        Roots::Native => TrustStore::default(),
    };
    let builder = Connector::builder()
        .connector_settings(HttpConnectorSettings::builder().connect_timeout(CONNECTS_WITHIN).build())
        .sleep_impl(TokioSleep::new())
        .tls_provider(Provider::Rustls(CryptoMode::Ring));
    // The context is valid if the roots above parse, which a test proves. Otherwise the client uses native roots.
    match TlsContext::builder().with_trust_store(store).build() {
        Ok(context) => builder.tls_context(context).build(),
        Err(_) => builder.build(),
    }
}

impl HttpClient for TimedClient {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        self.connector()
    }
}

impl HttpConnector for TimedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = self.0.call(request);
        let Some(time) = record_timeout() else { return answer };
        HttpConnectorFuture::new(async move {
            match tokio::time::timeout(time, answer).await {
                Ok(answer) => answer,
                // Of no kind that the SDK retries: no time is left for another attempt either.
                Err(_) => Err(ConnectorError::other(OutOfTime.into(), None)),
            }
        })
    }
}

#[cfg(test)]
mod tests;
