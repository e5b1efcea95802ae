//! The bodies of the warehouse's commands, and their validation.

use crate::Parcel;
use crate::carrier::parcel::{is_carrier, is_typed_code, trimmed};
use events::StrayParcel;
use runtime::http::{FieldError, Problem, optional};
use serde::Deserialize;

/// `POST …/dispatch`. Both fields or neither: a bought label has its own code.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dispatch {
    #[serde(default, deserialize_with = "optional")]
    carrier: Option<String>,
    #[serde(default, deserialize_with = "optional")]
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
        typed(&carrier, &tracking_code).map(Some)
    }
}

/// `POST …/tracking`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tracking {
    carrier: String,
    tracking_code: String,
}

impl Tracking {
    pub(super) fn checked(self) -> Result<Parcel, Problem> {
        typed(&self.carrier, &self.tracking_code)
    }
}

/// A parcel as a person typed it.
fn typed(carrier: &str, tracking_code: &str) -> Result<Parcel, Problem> {
    let (carrier, tracking_code) = (trimmed(carrier), trimmed(tracking_code));
    let mut errors = Vec::new();
    if !is_carrier(carrier) {
        errors.push(FieldError::at("/carrier", "1 to 64 characters, at least one letter or digit"));
    }
    if !is_typed_code(tracking_code) {
        errors.push(FieldError::at(
            "/tracking_code",
            "1 to 64 letters and digits; hyphens, spaces, dots, slashes and underscores may separate them",
        ));
    }
    if errors.is_empty() {
        Ok(Parcel { carrier: carrier.to_owned(), tracking_code: tracking_code.to_owned() })
    } else {
        Err(Problem::validation(errors))
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
        match FieldError::lines("/reason", &self.reason, 200) {
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

/// `POST …/stray`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stray {
    /// What became of the parcel.
    pub(super) outcome: StrayParcel,
}
