//! The request bodies of endpoints, parsed and validated.

use crate::endpoint::Patch;
use crate::outgoing::{ALL, TYPES};
use crate::url::CallbackUrl;
use outbound::Networks;
use runtime::http::{FieldError, Problem, optional, optional_number};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use webhooks::StandardWebhooks;
use webhooks::outgoing::digest;

const LONGEST_DESCRIPTION: usize = 200;
/// How long an old secret signs beside a new one by default, in seconds.
const OVERLAP: u64 = 86_400;
/// The longest overlap, in seconds.
const LONGEST_OVERLAP: u64 = 604_800;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Creation {
    url: String,
    #[serde(default)]
    description: String,
    #[serde(default, deserialize_with = "optional")]
    event_types: Option<Vec<String>>,
    #[serde(default, deserialize_with = "optional")]
    enabled: Option<bool>,
    #[serde(default, deserialize_with = "optional")]
    secret: Option<String>,
}

/// A valid creation. The addresses of the URL's host are not checked yet.
pub(super) struct ValidCreation {
    pub(super) url: CallbackUrl,
    pub(super) description: String,
    pub(super) event_types: Vec<String>,
    pub(super) enabled: bool,
    pub(super) secret: Option<String>,
}

impl Creation {
    /// Distinguishes a retry from another request under the same key.
    pub(super) fn digest(&self) -> String {
        digest(&serde_json::to_string(self).unwrap_or_default())
    }

    pub(super) fn checked(self, networks: Networks) -> Result<ValidCreation, Problem> {
        let mut errors = Vec::new();
        let url = url(&self.url, networks, &mut errors);
        let event_types = self.event_types.unwrap_or_else(|| vec![ALL.to_owned()]);
        check_types(&event_types, &mut errors);
        check_description(&self.description, &mut errors);
        check_secret(self.secret.as_deref(), &mut errors);
        match url {
            Some(url) if errors.is_empty() => Ok(ValidCreation {
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
    #[serde(default, deserialize_with = "optional")]
    url: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default, deserialize_with = "optional")]
    event_types: Option<Vec<String>>,
    #[serde(default, deserialize_with = "optional")]
    enabled: Option<bool>,
}

/// A valid change. The addresses of the URL's host are not checked yet.
pub(super) struct ValidPatch {
    pub(super) url: Option<CallbackUrl>,
    rest: Patch,
}

impl PatchBody {
    pub(super) fn checked(self, networks: Networks) -> Result<ValidPatch, Problem> {
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
        Ok(ValidPatch { url, rest: Patch { url: None, description, event_types, enabled } })
    }
}

impl ValidPatch {
    pub(super) fn into_patch(self) -> Patch {
        Patch { url: self.url.map(|url| url.text), ..self.rest }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rotation {
    #[serde(default, deserialize_with = "optional")]
    secret: Option<String>,
    #[serde(default, deserialize_with = "optional_number")]
    overlap_seconds: Option<u64>,
}

/// A valid rotation.
pub(super) struct ValidRotation {
    pub(super) secret: Option<String>,
    pub(super) overlap: Duration,
}

impl Rotation {
    pub(super) fn checked(self) -> Result<ValidRotation, Problem> {
        let mut errors = Vec::new();
        check_secret(self.secret.as_deref(), &mut errors);
        let seconds = self.overlap_seconds.unwrap_or(OVERLAP);
        if seconds > LONGEST_OVERLAP {
            errors.push(FieldError::at("/overlap_seconds", format!("0 to {LONGEST_OVERLAP}")));
        }
        if !errors.is_empty() {
            return Err(Problem::validation(errors));
        }
        Ok(ValidRotation { secret: self.secret, overlap: Duration::from_secs(seconds) })
    }
}

fn url(text: &str, networks: Networks, errors: &mut Vec<FieldError>) -> Option<CallbackUrl> {
    CallbackUrl::parse(text, networks).map_err(|detail| errors.push(FieldError::at("/url", detail))).ok()
}

fn check_types(types: &[String], errors: &mut Vec<FieldError>) {
    if types.is_empty() || types.len() > TYPES.len() {
        errors.push(FieldError::at("/event_types", "a list of known types, each once, or [\"*\"] for all"));
        return;
    }
    for (place, kind) in types.iter().enumerate() {
        let is_known = kind == ALL || TYPES.contains(&kind.as_str());
        if !is_known || types.iter().take(place).any(|earlier| earlier == kind) {
            let pointer = format!("/event_types/{place}");
            errors.push(FieldError::at(pointer, "a known type (see docs/webhooks.md), listed once, or *"));
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
        errors.push(FieldError::at("/secret", "whsec_ followed by the base64 of 24 to 64 random bytes"));
    }
}
