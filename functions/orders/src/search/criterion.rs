//! What is searched for: the body of a search, checked. Pure.

use crate::{Summary, Term};
use events::{Attention, Customer, OrderNumber, OrderStatus, Sku};
use runtime::http::{FieldError, Problem, optional};
use serde::Deserialize;
use serde::de::DeserializeOwned;

const LONGEST: usize = 320;

/// The body as it was sent.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Body {
    #[serde(deserialize_with = "optional")]
    email: Option<String>,
    #[serde(deserialize_with = "optional")]
    number: Option<String>,
    #[serde(deserialize_with = "optional")]
    tracking_code: Option<String>,
    #[serde(deserialize_with = "optional")]
    sku: Option<String>,
    #[serde(deserialize_with = "optional")]
    customer: Option<String>,
    #[serde(deserialize_with = "optional")]
    day: Option<String>,
    #[serde(deserialize_with = "optional")]
    attention: Option<String>,
    #[serde(deserialize_with = "optional")]
    status: Option<String>,
    #[serde(deserialize_with = "optional")]
    cursor: Option<String>,
}

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Criterion {
    /// The orders that have this term.
    Term(Term),
    /// The orders of one customer.
    Customer(Customer),
    /// The orders that need an operator: for this reason, or for any.
    Attention(Option<Attention>),
}

impl Body {
    /// The criterion, the status to filter by, and the cursor. `issuer` is that of the shop's customers.
    pub(super) fn read(
        self,
        issuer: &str,
    ) -> Result<(Criterion, Option<OrderStatus>, Option<String>), Problem> {
        let fields = [
            ("email", &self.email),
            ("number", &self.number),
            ("tracking_code", &self.tracking_code),
            ("sku", &self.sku),
            ("customer", &self.customer),
            ("day", &self.day),
            ("attention", &self.attention),
        ];
        let given: Vec<(&str, &str)> =
            fields.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect();
        let &[(name, value)] = given.as_slice() else {
            let names = fields.map(|(name, _)| name).join(", ");
            return Err(refused("", format!("give exactly one of {names}; {} are given", given.len())));
        };
        let pointer = format!("/{name}");
        if let Some(error) = FieldError::text(&pointer, value, LONGEST) {
            return Err(Problem::validation(vec![error]));
        }
        let criterion = criterion(name, value, issuer).map_err(|problem| match problem {
            Refusal::Number(reason) => {
                Problem::new(400, "order-number-invalid", "The order number is not valid", reason)
            }
            Refusal::Value(reason) => refused(&pointer, reason),
        })?;
        let status = self.status.as_deref().map(|status| {
            word(status).ok_or_else(|| refused("/status", "no order has this status".to_owned()))
        });
        Ok((criterion, status.transpose()?, self.cursor))
    }
}

enum Refusal {
    Number(String),
    Value(String),
}

fn criterion(name: &str, value: &str, issuer: &str) -> Result<Criterion, Refusal> {
    let refuse = |reason: &str| Refusal::Value(reason.to_owned());
    Ok(match name {
        "email" => Criterion::Term(Term::email(value)),
        "number" => {
            let number = OrderNumber::try_from(value).map_err(|error| Refusal::Number(error.to_string()))?;
            Criterion::Term(Term::Number(number))
        }
        "tracking_code" => match Term::tracking_code(value) {
            Term::TrackingCode(code) if code.is_empty() => {
                return Err(refuse("a tracking code has letters or digits"));
            }
            term => Criterion::Term(term),
        },
        "sku" => Criterion::Term(Term::Sku(Sku::try_from(value).map_err(|error| refuse(error.what))?)),
        "customer" => Criterion::Customer(Customer { issuer: issuer.to_owned(), subject: value.to_owned() }),
        "day" => {
            let day = value.parse().map_err(|_| refuse("a day is written as in 2026-01-31"))?;
            Criterion::Term(Term::Day(day))
        }
        "attention" if value == "any" => Criterion::Attention(None),
        _ => Criterion::Attention(Some(word(value).ok_or_else(|| refuse("no order has this attention"))?)),
    })
}

/// A word of one of our enums.
fn word<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(text.into()).ok()
}

fn refused(pointer: &str, reason: String) -> Problem {
    Problem::validation(vec![FieldError::at(pointer, reason)])
}

impl Criterion {
    /// Whether a view that was found is searched for. An index may be a moment older than the view.
    pub(super) fn holds_for(&self, summary: &Summary) -> bool {
        match self {
            Self::Attention(None) => !summary.attention.is_empty(),
            Self::Attention(Some(attention)) => summary.attention.contains(attention),
            Self::Term(_) | Self::Customer(_) => true,
        }
    }
}
