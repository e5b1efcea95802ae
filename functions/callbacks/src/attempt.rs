//! One attempt of a delivery: what an endpoint answered to a call, and how the delivery log shows it. Pure.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The result of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// The endpoint's status.
    Status(u16),
    /// No answer in time.
    TimedOut,
    /// No connection, no TLS, an unknown host, or an answer that is not HTTP.
    ConnectionFailed,
    /// The host has an address that is not public.
    AddressRefused,
}

impl Outcome {
    pub(crate) const fn is_success(self) -> bool {
        matches!(self, Self::Status(200..=299))
    }

    pub(crate) const fn status(self) -> Option<u16> {
        match self {
            Self::Status(status) => Some(status),
            Self::TimedOut | Self::ConnectionFailed | Self::AddressRefused => None,
        }
    }

    /// The class of a failure, as the delivery log shows it.
    pub(crate) const fn error(self) -> Option<&'static str> {
        match self {
            Self::Status(200..=299) => None,
            Self::Status(300..=399) => Some("redirect_not_followed"),
            Self::Status(410) => Some("gone"),
            Self::Status(_) => Some("status"),
            Self::TimedOut => Some("timed_out"),
            Self::ConnectionFailed => Some("connection_failed"),
            Self::AddressRefused => Some("address_refused"),
        }
    }
}

/// A recorded attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attempt {
    /// From 1, counted over all rounds.
    pub(crate) number: u32,
    pub(crate) at: Timestamp,
    pub(crate) latency_ms: u64,
    pub(crate) outcome: Outcome,
}
