//! Why an endpoint is not called any more, and how its owner hears of it.

use serde::{Deserialize, Serialize};

/// Why an endpoint is disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum DisabledBecause {
    /// Somebody said so.
    #[serde(rename = "admin")]
    Admin,
    /// It answered 410.
    #[serde(rename = "gone_410")]
    Gone,
    /// Nothing but failures for 120 hours.
    #[serde(rename = "failing_120_hours")]
    Failing,
}

impl DisabledBecause {
    /// The word on the wire, in the metric and in the alarm's name.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Gone => "gone_410",
            Self::Failing => "failing_120_hours",
        }
    }
}

/// Writes the line that the alarm's metric is read out of. Twice for the same is harmless; the URL is not in it, since
/// such URLs may hold a token.
pub(crate) fn report(endpoint: &str, because: DisabledBecause) {
    // An error, so that no log level leaves it out: a person has to act.
    tracing::error!(
        metric = "EndpointDisabled",
        metric.by = "because",
        because = because.as_str(),
        endpoint.id = endpoint,
        "a webhook endpoint was disabled; mend it and enable it again, and redeliver what it missed"
    );
}

#[cfg(test)]
mod tests;
