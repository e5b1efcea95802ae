//! [`Transport`] to registered URLs, the endpoints of callbacks. It protects private networks: before each call it checks every
//! address of the host, and it keeps only the status and the headers of the answer.
//!
//! It resolves the host's name itself and connects to one of the checked addresses, so a name that resolves to another
//! address after the check gains nothing. Each call has its own connection, so none from an earlier check is used again.
//! It does not follow redirects.

use async_trait::async_trait;
use bytes::Bytes;
use http::Uri;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioExecutor;
use outbound::{Answer, Call, CallError, Method, Names, Networks, Transport, answer_within};
use std::error::Error;
use std::future::{Ready, ready};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tower_service::Service;

/// How many bytes of an answer's body are read and discarded, so that a receiver that still writes sees no broken
/// connection.
const MOST_READ: usize = 16 * 1024;

/// How long an answer's body is read.
const READ_WITHIN: Duration = Duration::from_secs(1);

/// The largest head of an answer, in bytes.
const LARGEST_HEAD: usize = 32 * 1024;

/// How long a connection may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

pub(crate) struct GuardedTransport {
    names: Arc<dyn Names>,
    networks: Networks,
    tls: rustls::ClientConfig,
}

/// A resolver that returns the addresses that were checked for this call, whatever the name.
#[derive(Clone)]
struct Checked(Vec<SocketAddr>);

impl Service<Name> for Checked {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = std::io::Error;
    type Future = Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Name) -> Self::Future {
        ready(Ok(self.0.clone().into_iter()))
    }
}

impl GuardedTransport {
    pub(crate) fn new(names: Arc<dyn Names>, networks: Networks) -> Self {
        let tls = rustls::ClientConfig::builder()
            .with_root_certificates(crate::http::roots())
            .with_no_client_auth();
        Self { names, networks, tls }
    }

    /// Resolves the URL's host and checks every address. One that is not allowed refuses the call: a host with both a public
    /// and a private address is an attempt to reach a private network.
    async fn checked(&self, url: &Uri) -> Result<Vec<SocketAddr>, CallError> {
        let host = url.host().unwrap_or_default().trim_matches(['[', ']']).trim_end_matches('.');
        // The connector does not resolve a host that is an address, so it is checked here.
        let found = match host.parse() {
            Ok(address) => vec![address],
            Err(_) => {
                self.names.addresses(host).await.map_err(|error| CallError::Connection(error.to_string()))?
            }
        };
        if !found.iter().all(|address| self.networks.admits(*address)) {
            return Err(CallError::Invalid("the host has an address that is not public".to_owned()));
        }
        // The connector replaces port 0 by the URL's port.
        Ok(found.into_iter().map(|address: IpAddr| SocketAddr::new(address, 0)).collect())
    }

    /// Sends the call and returns as soon as the answer's head is read; its body may follow.
    async fn head(&self, call: Call) -> Result<http::Response<Incoming>, CallError> {
        let url: Uri =
            call.url.parse().map_err(|_| CallError::Invalid("the URL cannot be read".to_owned()))?;
        let addresses = self.checked(&url).await?;
        let method = match call.method {
            Method::Get => http::Method::GET,
            Method::Post => http::Method::POST,
            Method::Delete => http::Method::DELETE,
        };
        let mut request = http::Request::builder().method(method).uri(&url);
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        let request = request
            .body(Full::new(Bytes::from(call.body)))
            .map_err(|error| CallError::Invalid(error.to_string()))?;
        self.client(addresses).request(request).await.map_err(|error| connection(&error))
    }

    fn client(
        &self,
        addresses: Vec<SocketAddr>,
    ) -> Client<hyper_rustls::HttpsConnector<HttpConnector<Checked>>, Full<Bytes>> {
        let mut connector = HttpConnector::new_with_resolver(Checked(addresses));
        connector.enforce_http(false);
        connector.set_connect_timeout(Some(CONNECT_WITHIN));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(self.tls.clone())
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .http1_max_buf_size(LARGEST_HEAD)
            .build(connector)
    }
}

#[async_trait]
impl Transport for GuardedTransport {
    async fn send(&self, call: Call) -> Result<Answer, CallError> {
        let timeout = call.timeout;
        let (parts, body) = answer_within(timeout, self.head(call)).await?.into_parts();
        // The status is known, so the body does not matter, nor whether it arrives.
        let is_read = tokio::time::timeout(READ_WITHIN, read(body)).await.is_ok();
        tracing::debug!(is_read, "the body of the answer was discarded");
        let headers = parts
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
            .collect();
        Ok(Answer { status: parts.status.as_u16(), headers, body: Vec::new() })
    }
}

async fn read(mut body: Incoming) {
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read >= MOST_READ {
            break;
        }
    }
}

/// The cause is the last error in the chain.
fn connection(error: &(dyn Error + 'static)) -> CallError {
    let deepest = std::iter::successors(Some(error), |error| (*error).source()).last();
    CallError::Connection(deepest.map(ToString::to_string).unwrap_or_default())
}

#[cfg(test)]
mod tests;
