//! An endpoint: whom to call, about what, and how calls are signed. Pure.
//!
//! It is enabled, disabled for a reason, or deleted. A deleted one stays for as long as deliveries of it may,
//! without its URL and secrets: no late write can bring it back, and what is still under way ends.

use crate::disabled::DisabledBecause;
use crate::outgoing::ALL;
use crate::retry::later;
use crate::store::Item;
use event_store::Document;
use jiff::Timestamp;
use outbound::Secret;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// So many secrets sign at once: more would be a header that no receiver takes.
const MOST_SECRETS: usize = 5;

/// How long a deleted endpoint is remembered.
pub(crate) const REMEMBERED: Duration = Duration::from_hours(60 * 24);

/// Where an endpoint stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub(crate) enum Standing {
    /// It is called.
    Enabled {
        /// Since when: a failure before that is forgiven.
        since: Timestamp,
    },
    /// It is not called until somebody enables it.
    Disabled { because: DisabledBecause, since: Timestamp },
    /// It is gone.
    Deleted { since: Timestamp },
}

/// A secret and until when it signs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Signing {
    /// Shown in the answer that made it, and never again; never logged.
    pub(crate) secret: String,
    pub(crate) created_at: Timestamp,
    /// `None`: until another one takes its place.
    pub(crate) expires_at: Option<Timestamp>,
    /// Digest of the request that made it: a repeat makes no second one.
    pub(crate) made_by: String,
}

/// An endpoint.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Endpoint {
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) description: String,
    pub(crate) event_types: Vec<String>,
    pub(crate) standing: Standing,
    /// Newest first.
    pub(crate) secrets: Vec<Signing>,
    pub(crate) created_at: Timestamp,
    /// Digest of the request that made it, to tell a repeat from another request under the same key.
    pub(crate) request_digest: String,
}

/// What a change of an endpoint wants; what is `None` stays.
#[derive(Default)]
pub(crate) struct Patch {
    pub(crate) url: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) event_types: Option<Vec<String>>,
    pub(crate) enabled: Option<bool>,
}

impl Endpoint {
    pub(crate) const fn is_deleted(&self) -> bool {
        matches!(self.standing, Standing::Deleted { .. })
    }

    /// Whether it is to be called about this type.
    pub(crate) fn wants(&self, kind: &str) -> bool {
        let is_enabled = matches!(self.standing, Standing::Enabled { .. });
        is_enabled && self.event_types.iter().any(|wanted| wanted == ALL || wanted == kind)
    }

    /// The secrets that sign at this moment, newest first.
    pub(crate) fn signing(&self, now: Timestamp) -> Vec<Secret> {
        self.held(now).map(|signing| Secret::new(&signing.secret)).collect()
    }

    fn held(&self, now: Timestamp) -> impl Iterator<Item = &Signing> {
        self.secrets.iter().filter(move |signing| signing.expires_at.is_none_or(|end| end > now))
    }

    /// With the changes; `None` if nothing changes.
    pub(crate) fn patched(&self, patch: &Patch, now: Timestamp) -> Option<Self> {
        let mut new = self.clone();
        new.url = patch.url.clone().unwrap_or(new.url);
        new.description = patch.description.clone().unwrap_or(new.description);
        new.event_types = patch.event_types.clone().unwrap_or(new.event_types);
        new.standing = match (&self.standing, patch.enabled) {
            (Standing::Disabled { .. }, Some(true)) => Standing::Enabled { since: now },
            // What another receiver failed at is not held against this one.
            (Standing::Enabled { .. }, None | Some(true)) if new.url != self.url => {
                Standing::Enabled { since: now }
            }
            (Standing::Enabled { .. }, Some(false)) => {
                Standing::Disabled { because: DisabledBecause::Admin, since: now }
            }
            (standing, _) => standing.clone(),
        };
        (new != *self).then_some(new)
    }

    /// With a further secret; the others sign for `overlap` more. `None` if that request has made one already.
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
        secrets.extend(self.held(now).map(|signing| Signing {
            expires_at: Some(signing.expires_at.map_or(end, |earlier| earlier.min(end))),
            ..signing.clone()
        }));
        secrets.truncate(MOST_SECRETS);
        Some(Self { secrets, ..self.clone() })
    }

    /// Not called any more, for this reason; `None` if it is not called anyway.
    pub(crate) fn disabled(&self, because: DisabledBecause, now: Timestamp) -> Option<Self> {
        match self.standing {
            Standing::Enabled { .. } => {
                Some(Self { standing: Standing::Disabled { because, since: now }, ..self.clone() })
            }
            Standing::Disabled { .. } | Standing::Deleted { .. } => None,
        }
    }

    /// Gone, with nothing left that could be called or signed with; `None` if it is gone.
    pub(crate) fn deleted(&self, now: Timestamp) -> Option<Self> {
        let standing = Standing::Deleted { since: now };
        let gone = Self {
            url: String::new(),
            description: String::new(),
            secrets: Vec::new(),
            standing,
            ..self.clone()
        };
        (!self.is_deleted()).then_some(gone)
    }
}

impl Item for Endpoint {
    fn document(&self) -> Document {
        let document = Document::of(self);
        match self.standing {
            Standing::Deleted { since } => document.until(later(since, REMEMBERED)),
            Standing::Enabled { .. } | Standing::Disabled { .. } => document,
        }
    }
}
