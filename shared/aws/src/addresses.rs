//! [`Names`] on the machine's own resolver.

use async_trait::async_trait;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use outbound::{NameError, Names};
use std::net::IpAddr;
use std::str::FromStr as _;
use std::time::Duration;
use tower_service::Service as _;

/// After this long the resolver is unavailable.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemNames;

#[async_trait]
impl Names for SystemNames {
    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, NameError> {
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        let name = Name::from_str(host).map_err(|error| NameError::Unknown(error.to_string()))?;
        let found = tokio::time::timeout(PATIENCE, GaiResolver::new().call(name)).await;
        let found = found.map_err(|_| NameError::Unavailable("no answer in time".to_owned()))?;
        let addresses: Vec<IpAddr> =
            found.map_err(|error| failure(&error))?.map(|address| address.ip()).collect();
        if addresses.is_empty() { Err(NameError::Unknown("no answer".to_owned())) } else { Ok(addresses) }
    }
}

/// The library distinguishes "unknown host" from "try again" only by its text: glibc's or musl's.
fn failure(error: &std::io::Error) -> NameError {
    let text = error.to_string();
    let is_transient = ["Temporary failure", "Try again"].iter().any(|part| text.contains(part));
    if is_transient { NameError::Unavailable(text) } else { NameError::Unknown(text) }
}

#[cfg(test)]
mod tests;
