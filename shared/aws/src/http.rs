//! [`Transport`] to providers other than AWS, on the HTTP and TLS stack that the SDK links already. It verifies their
//! certificates with Mozilla's roots, which are compiled in.

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use outbound::{Answer, Call, CallError, Method, Transport, answer_within};
use std::error::Error;
use std::time::Duration;

/// The largest body that is read, in bytes; every answer that we need is smaller.
const LARGEST_ANSWER: usize = 1024 * 1024;

pub(crate) struct HttpTransport {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl HttpTransport {
    pub(crate) fn new() -> Self {
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(
                rustls::ClientConfig::builder().with_root_certificates(roots()).with_no_client_auth(),
            )
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(Duration::from_secs(20))
            .pool_timer(TokioTimer::new())
            .build(connector);
        Self { client }
    }
}

/// Mozilla's root certificates.
pub(crate) fn roots() -> rustls::RootCertStore {
    rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, call: Call) -> Result<Answer, CallError> {
        let timeout = call.timeout;
        answer_within(timeout, self.exchange(call)).await
    }
}

impl HttpTransport {
    async fn exchange(&self, call: Call) -> Result<Answer, CallError> {
        let method = match call.method {
            Method::Get => http::Method::GET,
            Method::Post => http::Method::POST,
            Method::Delete => http::Method::DELETE,
        };
        let mut request = http::Request::builder().method(method).uri(&call.url);
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        let request = request
            .body(Full::new(Bytes::from(call.body)))
            .map_err(|error| CallError::Invalid(error.to_string()))?;
        let response = self.client.request(request).await.map_err(|error| connection(&error))?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, LARGEST_ANSWER)
            .collect()
            .await
            .map_err(|error| CallError::Connection(error.to_string()))?
            .to_bytes();
        let headers = parts
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
            .collect();
        Ok(Answer { status: parts.status.as_u16(), headers, body: body.to_vec() })
    }
}

/// The outer error reads only "client error"; the cause is the last in the chain.
fn connection(error: &(dyn Error + 'static)) -> CallError {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    CallError::Connection(deepest.to_string())
}
