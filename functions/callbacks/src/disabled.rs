//! Why an endpoint was disabled, and the log line that raises the alarm for it.

use serde::{Deserialize, Serialize};

/// Why an endpoint is disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum DisabledBecause {
    /// An admin disabled it.
    #[serde(rename = "admin")]
    Admin,
    /// It answered 410.
    #[serde(rename = "gone_410")]
    Gone,
    /// It failed for 120 hours without one success.
    #[serde(rename = "failing_120_hours")]
    Failing,
}

impl DisabledBecause {
    /// The name on the wire, in the metric and in the alarm's name.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Gone => "gone_410",
            Self::Failing => "failing_120_hours",
        }
    }
}

/// Writes the line from which the alarm's metric is read. A duplicate line is harmless. The URL is not in it, because such
/// URLs may hold a token.
pub(crate) fn report(endpoint: &str, because: DisabledBecause) {
    // At level error, so that no log level drops it: an operator has to act.
    tracing::error!(
        metric = "EndpointDisabled",
        metric.by = "because",
        because = because.as_str(),
        endpoint.id = endpoint,
        "a webhook endpoint was disabled; fix it and enable it again, then redeliver what it missed"
    );
}

#[cfg(test)]
mod tests;
