//! The bodies of requests, parsed and validated.

use crate::endpoint::Patch;
use crate::outgoing::{ALL, TYPES, digest};
use crate::url::CallbackUrl;
use outbound::Networks;
use runtime::http::{FieldError, Problem};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use webhooks::StandardWebhooks;

const LONGEST_DESCRIPTION: usize = 200;
/// How long an old secret signs beside a new one, unless it is said, and at most.
const OVERLAP: u64 = 86_400;
const LONGEST_OVERLAP: u64 = 604_800;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Creation {
    url: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    event_types: Option<Vec<String>>,
    #[serde(default)]
    enabled: Option<bool>,
    #[serde(default)]
    secret: Option<String>,
}

/// What an endpoint is to be.
pub(super) struct Wanted {
    pub(super) url: CallbackUrl,
    pub(super) description: String,
    pub(super) event_types: Vec<String>,
    pub(super) enabled: bool,
    pub(super) secret: Option<String>,
}

impl Creation {
    /// Tells this request from another one.
    pub(super) fn digest(&self) -> String {
        digest(&serde_json::to_string(self).unwrap_or_default())
    }

    pub(super) fn checked(self, networks: Networks) -> Result<Wanted, Problem> {
        let mut errors = Vec::new();
        let url = url(&self.url, networks, &mut errors);
        let event_types = self.event_types.unwrap_or_else(|| vec![ALL.to_owned()]);
        check_types(&event_types, &mut errors);
        check_description(&self.description, &mut errors);
        check_secret(self.secret.as_deref(), &mut errors);
        match url {
            Some(url) if errors.is_empty() => Ok(Wanted {
                url,
                description: self.description,
                event_types,
                enabled: self.enabled.unwrap_or(true),
                secret: self.secret,
            }),
            _ => Err(Problem::validation(errors)),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PatchBody {
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    event_types: Option<Vec<String>>,
    #[serde(default)]
    enabled: Option<bool>,
}

/// A sound change; its URL's host has still to be looked up.
pub(super) struct WantedPatch {
    pub(super) url: Option<CallbackUrl>,
    rest: Patch,
}

impl PatchBody {
    pub(super) fn checked(self, networks: Networks) -> Result<WantedPatch, Problem> {
        let mut errors = Vec::new();
        let url = self.url.as_deref().and_then(|text| url(text, networks, &mut errors));
        if let Some(types) = &self.event_types {
            check_types(types, &mut errors);
        }
        check_description(self.description.as_deref().unwrap_or_default(), &mut errors);
        if !errors.is_empty() {
            return Err(Problem::validation(errors));
        }
        let Self { description, event_types, enabled, .. } = self;
        Ok(WantedPatch { url, rest: Patch { url: None, description, event_types, enabled } })
    }
}

impl WantedPatch {
    pub(super) fn into_patch(self) -> Patch {
        Patch { url: self.url.map(|url| url.text), ..self.rest }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rotation {
    #[serde(default)]
    secret: Option<String>,
    #[serde(default)]
    overlap_seconds: Option<u64>,
}

/// A sound rotation.
pub(super) struct WantedRotation {
    pub(super) secret: Option<String>,
    pub(super) overlap: Duration,
}

impl Rotation {
    pub(super) fn checked(self) -> Result<WantedRotation, Problem> {
        let mut errors = Vec::new();
        check_secret(self.secret.as_deref(), &mut errors);
        let seconds = self.overlap_seconds.unwrap_or(OVERLAP);
        if seconds > LONGEST_OVERLAP {
            errors.push(FieldError::at("/overlap_seconds", format!("0 to {LONGEST_OVERLAP}")));
        }
        if !errors.is_empty() {
            return Err(Problem::validation(errors));
        }
        Ok(WantedRotation { secret: self.secret, overlap: Duration::from_secs(seconds) })
    }
}

fn url(text: &str, networks: Networks, errors: &mut Vec<FieldError>) -> Option<CallbackUrl> {
    CallbackUrl::parse(text, networks).map_err(|wrong| errors.push(FieldError::at("/url", wrong))).ok()
}

fn check_types(types: &[String], errors: &mut Vec<FieldError>) {
    if types.is_empty() || types.len() > TYPES.len() {
        errors.push(FieldError::at("/event_types", "types that there are, each once, or [\"*\"] for all"));
        return;
    }
    for (place, kind) in types.iter().enumerate() {
        let is_known = kind == ALL || TYPES.contains(&kind.as_str());
        if !is_known || types.iter().take(place).any(|earlier| earlier == kind) {
            let pointer = format!("/event_types/{place}");
            errors.push(FieldError::at(pointer, "a type that there is (see docs/webhooks.md), once, or *"));
        }
    }
}

fn check_description(text: &str, errors: &mut Vec<FieldError>) {
    if text.chars().count() > LONGEST_DESCRIPTION || text.chars().any(char::is_control) {
        let detail = format!("up to {LONGEST_DESCRIPTION} characters, no control characters");
        errors.push(FieldError::at("/description", detail));
    }
}

fn check_secret(secret: Option<&str>, errors: &mut Vec<FieldError>) {
    if secret.is_some_and(|secret| !StandardWebhooks::is_secret(secret)) {
        errors.push(FieldError::at("/secret", "whsec_ and the base64 of 24 to 64 random bytes"));
    }
}
