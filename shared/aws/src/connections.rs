//! Opens the connections that a function always needs during its start, where a whole core is there for the handshakes, and no
//! caller waits for them. Its first invocation then finds them in the pool.
//!
//! The SDK's pool opens a connection only for a request. So each connection carries one that no service counts or authorizes: `GET /`
//! without a signature. DynamoDB documents its answer as the check of an endpoint's health; the other services refuse it.
//! Any answer leaves an open connection, and a connection that could not be opened is opened by the first call, as without this.

use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;

/// A start waits so long for its connections. What is not open then is not waited for.
const OPENS_WITHIN: Duration = Duration::from_secs(1);

/// The services that a function always calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Service {
    DynamoDb,
    SecretsManager,
    Ses,
    Sns,
}

impl Service {
    fn host(self) -> &'static str {
        match self {
            Self::DynamoDb => "dynamodb",
            Self::SecretsManager => "secretsmanager",
            Self::Ses => "email",
            Self::Sns => "sns",
        }
    }
}

/// How many connections to each service a function needs from its first call on.
#[derive(Debug, Default)]
pub(crate) struct Needed(Mutex<BTreeMap<Service, usize>>);

impl Needed {
    /// One connection, however often the service is named.
    pub(crate) fn one(&self, service: Service) {
        self.lock().entry(service).or_insert(1);
    }

    /// One more: a request of one table runs beside a request of another.
    pub(crate) fn one_more(&self, service: Service) {
        *self.lock().entry(service).or_default() += 1;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Service, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The URL of each connection.
    pub(crate) fn urls(&self, region: &str, endpoint: Option<&str>) -> Vec<String> {
        let domain = domain(region);
        let needed = self.lock();
        let each = needed.iter().flat_map(|(service, count)| std::iter::repeat_n(service.host(), *count));
        each.map(|host| match endpoint {
            Some(endpoint) => format!("{}/", endpoint.trim_end_matches('/')),
            None => format!("https://{host}.{region}.{domain}/"),
        })
        .collect()
    }
}

/// The domain of the services in a region.
pub(crate) fn domain(region: &str) -> &'static str {
    if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" }
}

/// Opens one connection for each URL, all at once. It never fails.
pub(crate) async fn open(connector: &SharedHttpConnector, urls: Vec<String>) {
    let mut opening: JoinSet<()> = urls
        .into_iter()
        .map(|url| {
            let connector = connector.clone();
            async move {
                if let Err(reason) = exchange(&connector, &url).await {
                    tracing::debug!(url, reason, "a connection was not opened ahead of the first call");
                }
            }
        })
        .collect();
    let all = async { while opening.join_next().await.is_some() {} };
    if tokio::time::timeout(OPENS_WITHIN, all).await.is_err() {
        tracing::debug!("the connections took too long to open ahead of the first call");
    }
}

async fn exchange(connector: &SharedHttpConnector, url: &str) -> Result<(), String> {
    let mut request = HttpRequest::new(SdkBody::empty());
    request.set_uri(url).map_err(|error| error.to_string())?;
    let answer = connector.call(request).await.map_err(|error| error.to_string())?;
    // The connection returns to the pool once its answer is read.
    ByteStream::new(answer.into_body()).collect().await.map(drop).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
