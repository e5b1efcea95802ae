//! The bodies of the warehouse's commands, and their validation.

use crate::Parcel;
use runtime::http::{FieldError, Problem};
use serde::Deserialize;

/// `POST …/dispatch`. Both fields or neither: a bought label has its own code.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dispatch {
    carrier: Option<String>,
    tracking_code: Option<String>,
}

impl Dispatch {
    pub(super) fn checked(self) -> Result<Option<Parcel>, Problem> {
        let (carrier, tracking_code) = match (self.carrier, self.tracking_code) {
            (Some(carrier), Some(code)) => (carrier, code),
            (None, None) => return Ok(None),
            (None, Some(_)) => return Err(missing("/carrier")),
            (Some(_), None) => return Err(missing("/tracking_code")),
        };
        let mut errors = Vec::new();
        let printable = |text: &str| text.chars().all(|c| !c.is_control());
        if !((1..=64).contains(&carrier.chars().count())
            && printable(&carrier)
            && carrier.bytes().any(|b| b.is_ascii_alphanumeric()))
        {
            errors.push(FieldError::at("/carrier", "1 to 64 characters, at least one letter or digit"));
        }
        if !((1..=64).contains(&tracking_code.len())
            && tracking_code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
        {
            errors.push(FieldError::at(
                "/tracking_code",
                "1 to 64 letters, digits and hyphens, without spaces",
            ));
        }
        if errors.is_empty() {
            Ok(Some(Parcel { carrier, tracking_code }))
        } else {
            Err(Problem::validation(errors))
        }
    }
}

fn missing(field: &str) -> Problem {
    Problem::validation(vec![FieldError::at(field, "is missing")])
}

/// `POST …/fail`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fail {
    /// Why. The order's timeline shows it.
    pub(super) reason: String,
}

impl Fail {
    pub(super) fn checked(self) -> Result<Self, Problem> {
        match FieldError::text("/reason", &self.reason, 200) {
            None => Ok(self),
            Some(error) => Err(Problem::validation(vec![error])),
        }
    }
}

/// `POST …/return`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Return {
    /// Whether the goods can be sold again.
    pub(super) restock: bool,
}
