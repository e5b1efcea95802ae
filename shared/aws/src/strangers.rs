//! [`Transport`] to URLs that strangers gave us: where the connection goes is judged, and nothing that comes back is
//! kept but the status and the headers.
//!
//! A host's name is resolved here, every address of it is judged, and the connection is made to one of these very
//! addresses: a name that changes its mind between a check and the call has nothing to gain. Each call has its
//! own connection, so that none made under an earlier judgement is used again. Redirects are not followed.

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
use outbound::{Answer, Call, CallError, Method, Names, Networks, Transport};
use std::error::Error;
use std::future::{Ready, ready};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tower_service::Service;

/// So much of an answer is read, and thrown away: a receiver that still writes should not see its connection break.
const MOST_READ: usize = 16 * 1024;

/// So long the body of an answer is waited for.
const READ_WITHIN: Duration = Duration::from_secs(1);

/// The largest head of an answer.
const LARGEST_HEAD: usize = 32 * 1024;

/// A connection that takes longer is none.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

pub(crate) struct StrangersTransport {
    names: Arc<dyn Names>,
    networks: Networks,
    tls: rustls::ClientConfig,
}

/// Answers every name with the addresses that were judged for this one call.
#[derive(Clone)]
struct Judged(Vec<SocketAddr>);

impl Service<Name> for Judged {
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

impl StrangersTransport {
    pub(crate) fn new(names: Arc<dyn Names>, networks: Networks) -> Self {
        let tls = rustls::ClientConfig::builder()
            .with_root_certificates(crate::http::roots())
            .with_no_client_auth();
        Self { names, networks, tls }
    }

    /// The addresses of the URL's host: all of them, or none if any is not admitted. A host with a public and a
    /// private address is up to no good.
    async fn judged(&self, url: &Uri) -> Result<Vec<SocketAddr>, CallError> {
        let host = url.host().unwrap_or_default().trim_matches(['[', ']']).trim_end_matches('.');
        // The connector takes an address as text for itself, and asks nobody.
        let found = match host.parse() {
            Ok(address) => vec![address],
            Err(_) => {
                self.names.addresses(host).await.map_err(|error| CallError::Connection(error.to_string()))?
            }
        };
        if !found.iter().all(|address| self.networks.admits(*address)) {
            return Err(CallError::Unsound("the host has an address that is not public".to_owned()));
        }
        // The connector puts the URL's port in the place of a 0.
        Ok(found.into_iter().map(|address: IpAddr| SocketAddr::new(address, 0)).collect())
    }

    /// Sends the call; the answer's head is here then, its body may still come.
    async fn head(&self, call: Call) -> Result<http::Response<Incoming>, CallError> {
        let url: Uri =
            call.url.parse().map_err(|_| CallError::Unsound("the URL cannot be read".to_owned()))?;
        let addresses = self.judged(&url).await?;
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
            .map_err(|error| CallError::Unsound(error.to_string()))?;
        self.client(addresses).request(request).await.map_err(|error| connection(&error))
    }

    fn client(
        &self,
        addresses: Vec<SocketAddr>,
    ) -> Client<hyper_rustls::HttpsConnector<HttpConnector<Judged>>, Full<Bytes>> {
        let mut connector = HttpConnector::new_with_resolver(Judged(addresses));
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
impl Transport for StrangersTransport {
    async fn send(&self, call: Call) -> Result<Answer, CallError> {
        let timeout = call.timeout;
        let head = tokio::time::timeout(timeout, self.head(call)).await;
        let (parts, body) = head.map_err(|_| CallError::TimedOut(timeout))??.into_parts();
        // Whether the rest comes, and what it says, is nothing to us: the status has been told.
        let is_read = tokio::time::timeout(READ_WITHIN, read(body)).await.is_ok();
        tracing::debug!(is_read, "the answer's body was thrown away");
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

/// What a person needs is at the bottom of the chain.
fn connection(error: &(dyn Error + 'static)) -> CallError {
    let deepest = std::iter::successors(Some(error), |error| (*error).source()).last();
    CallError::Connection(deepest.map(ToString::to_string).unwrap_or_default())
}

#[cfg(test)]
mod tests;
