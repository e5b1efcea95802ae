//! The SDK's HTTP client within the time of an invocation: a request that no time is left for fails with that reason.
//!
//! The SDK's own timeouts stay. Its connector is the one place that all services' requests pass, each attempt alone.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use resilience::deadline::{OutOfTime, record_timeout};

#[derive(Debug)]
pub(crate) struct TimedClient(pub(crate) SharedHttpClient);

#[derive(Debug)]
struct TimedConnector(SharedHttpConnector);

impl HttpClient for TimedClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(TimedConnector(self.0.http_connector(settings, components)))
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
