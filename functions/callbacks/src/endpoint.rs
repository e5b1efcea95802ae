//! An endpoint: its URL, the event types that it wants, and the secrets that sign its calls. Pure.
//!
//! It is enabled, disabled for a reason, or deleted. The document of a deleted endpoint stays as long as its deliveries may
//! exist, without URL and secrets: a late write cannot restore it, and its pending deliveries end.

use crate::disabled::DisabledBecause;
use crate::outgoing::ALL;
use crate::retry::later;
use crate::store::Item;
use event_store::Document;
use jiff::Timestamp;
use outbound::Secret;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How many secrets sign at once. With more, receivers may refuse the signature header for its length.
const MOST_SECRETS: usize = 5;

/// How long the document of a deleted endpoint is kept.
pub(crate) const REMEMBERED: Duration = Duration::from_hours(60 * 24);

/// Whether an endpoint is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub(crate) enum EndpointState {
    /// It is called.
    Enabled {
        /// Failures before this moment do not count.
        since: Timestamp,
    },
    /// It is not called until an admin enables it.
    Disabled { because: DisabledBecause, since: Timestamp },
    /// It is never called again.
    Deleted { since: Timestamp },
}

/// A secret, and until when it signs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Signing {
    /// Shown only in the answer that created it; never logged.
    pub(crate) secret: String,
    pub(crate) created_at: Timestamp,
    /// `None`: until it is rotated.
    pub(crate) expires_at: Option<Timestamp>,
    /// Digest of the request that created it: a retried request creates no second secret.
    pub(crate) made_by: String,
}

/// An endpoint.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Endpoint {
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) description: String,
    pub(crate) event_types: Vec<String>,
    #[serde(rename = "standing")]
    pub(crate) state: EndpointState,
    /// Newest first.
    pub(crate) secrets: Vec<Signing>,
    pub(crate) created_at: Timestamp,
    /// Digest of the request that created it: distinguishes a retry from another request under the same idempotency key.
    pub(crate) request_digest: String,
}

/// A change of an endpoint. A field that is `None` keeps its value.
#[derive(Default)]
pub(crate) struct Patch {
    pub(crate) url: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) event_types: Option<Vec<String>>,
    pub(crate) enabled: Option<bool>,
}

impl Endpoint {
    pub(crate) const fn is_deleted(&self) -> bool {
        matches!(self.state, EndpointState::Deleted { .. })
    }

    /// Whether it is enabled and subscribed to this event type.
    pub(crate) fn wants(&self, kind: &str) -> bool {
        let is_enabled = matches!(self.state, EndpointState::Enabled { .. });
        is_enabled && self.event_types.iter().any(|wanted| wanted == ALL || wanted == kind)
    }

    /// Whether it has been enabled since that moment or longer.
    pub(crate) fn is_enabled_since(&self, moment: Timestamp) -> bool {
        matches!(self.state, EndpointState::Enabled { since } if since <= moment)
    }

    /// The secrets that are valid at this moment, newest first.
    pub(crate) fn signing(&self, now: Timestamp) -> Vec<Secret> {
        self.valid_secrets(now).map(|signing| Secret::new(&signing.secret)).collect()
    }

    fn valid_secrets(&self, now: Timestamp) -> impl Iterator<Item = &Signing> {
        self.secrets.iter().filter(move |signing| signing.expires_at.is_none_or(|end| end > now))
    }

    /// The endpoint with the changes; `None` if nothing changes.
    pub(crate) fn patched(&self, patch: &Patch, now: Timestamp) -> Option<Self> {
        let mut new = self.clone();
        new.url = patch.url.clone().unwrap_or(new.url);
        new.description = patch.description.clone().unwrap_or(new.description);
        new.event_types = patch.event_types.clone().unwrap_or(new.event_types);
        new.state = match (&self.state, patch.enabled) {
            (EndpointState::Disabled { .. }, Some(true)) => EndpointState::Enabled { since: now },
            // The failures of the old URL do not count against the new one.
            (EndpointState::Enabled { .. }, None | Some(true)) if new.url != self.url => {
                EndpointState::Enabled { since: now }
            }
            (EndpointState::Enabled { .. }, Some(false)) => {
                EndpointState::Disabled { because: DisabledBecause::Admin, since: now }
            }
            (state, _) => state.clone(),
        };
        (new != *self).then_some(new)
    }

    /// The endpoint with a new secret; the others sign for at most `overlap` more. `None` if this request created one already.
    pub(crate) fn rotated(
        &self,
        secret: &str,
        made_by: &str,
        overlap: Duration,
        now: Timestamp,
    ) -> Option<Self> {
        if self.secrets.iter().any(|signing| signing.made_by == made_by) {
            return None;
        }
        let end = later(now, overlap);
        let mut secrets = vec![Signing {
            secret: secret.to_owned(),
            created_at: now,
            expires_at: None,
            made_by: made_by.to_owned(),
        }];
        secrets.extend(self.valid_secrets(now).map(|signing| Signing {
            expires_at: Some(signing.expires_at.map_or(end, |earlier| earlier.min(end))),
            ..signing.clone()
        }));
        secrets.truncate(MOST_SECRETS);
        Some(Self { secrets, ..self.clone() })
    }

    /// The endpoint, disabled for this reason; `None` if it is disabled or deleted already.
    pub(crate) fn disabled(&self, because: DisabledBecause, now: Timestamp) -> Option<Self> {
        match self.state {
            EndpointState::Enabled { .. } => {
                Some(Self { state: EndpointState::Disabled { because, since: now }, ..self.clone() })
            }
            EndpointState::Disabled { .. } | EndpointState::Deleted { .. } => None,
        }
    }

    /// The endpoint, deleted, without URL and secrets; `None` if it is deleted already.
    pub(crate) fn deleted(&self, now: Timestamp) -> Option<Self> {
        let state = EndpointState::Deleted { since: now };
        let deleted = Self {
            url: String::new(),
            description: String::new(),
            secrets: Vec::new(),
            state,
            ..self.clone()
        };
        (!self.is_deleted()).then_some(deleted)
    }
}

impl Item for Endpoint {
    fn document(&self) -> Document {
        let document = Document::of(self);
        match self.state {
            EndpointState::Deleted { since } => document.until(later(since, REMEMBERED)),
            EndpointState::Enabled { .. } | EndpointState::Disabled { .. } => document,
        }
    }
}
