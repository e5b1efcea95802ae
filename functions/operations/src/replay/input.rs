//! The input of `replay-events`, and its validation.

use super::cursor::Cursor;
use super::source::Selection;
use event_store::StreamId;
use events::{Envelope, OrderId, Service, Sku};
use jiff::Timestamp;
use resilience::Failure;
use runtime::command::{operator, seconds};
use runtime::http::digest_of;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The most streams of one request.
const MOST_SUBJECTS: usize = 1000;
/// How many messages a second the consumer gets by default, and at most.
const PER_SECOND: u32 = 20;
const MOST_PER_SECOND: u32 = 200;

/// The input as JSON.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// Whose events, for example `payments`.
    #[serde(default)]
    pub service: Option<String>,
    /// The function that gets them, for example `track-order`.
    #[serde(default)]
    pub to: Option<String>,
    /// What to do.
    #[serde(default)]
    pub r#do: Option<PlanOrSend>,
    /// The orders whose events are meant, or the SKUs if the service is `catalog`.
    #[serde(default)]
    pub subjects: Option<Vec<String>>,
    /// Instead of subjects: the first moment of the events that are meant.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// The moment before which they happened.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// Only events of this type; of all types if it is missing.
    #[serde(default)]
    pub r#type: Option<String>,
    /// How many messages the consumer gets in a second.
    #[serde(default)]
    pub per_second: Option<u32>,
    /// The cursor of the answer to the same request.
    #[serde(default)]
    pub cursor: Option<String>,
    /// The operator, for the log.
    #[serde(default)]
    pub by: Option<String>,
    /// The most seconds that the run works, if that is less than the function's own bound.
    #[serde(default, deserialize_with = "seconds")]
    pub for_seconds: Option<Duration>,
}

/// What can be done with the selected events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlanOrSend {
    /// Count them.
    Plan,
    /// Send them.
    Send,
}

/// A valid request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ReplayRequest {
    pub(super) service: Service,
    pub(super) to: String,
    pub(super) to_do: PlanOrSend,
    pub(super) selection: Selection,
    event_type: Option<String>,
    pub(super) per_second: u32,
    cursor: Option<String>,
    pub(super) by: String,
}

impl Replay {
    /// The valid request, or a rejection that says what to send instead. It quotes nothing: the input may hold anything.
    pub(super) fn checked(self) -> Result<ReplayRequest, Failure> {
        let named = |name: &String| Service::ALL.into_iter().find(|service| service.as_str() == name);
        let service = self.service.as_ref().and_then(named).ok_or_else(|| {
            let known = Service::ALL.map(Service::as_str).join(", ");
            Failure::reject(format!("service is missing or not valid: one of {known}"))
        })?;
        let to = self.to.ok_or_else(|| {
            Failure::reject("to is missing: the function that gets the events, for example track-order")
        })?;
        let to_do = self.r#do.ok_or_else(|| Failure::reject("do is missing: one of plan, send"))?;
        let selection = match (self.subjects, self.since, self.until) {
            (Some(subjects), None, None) => Selection::Streams(checked_subjects(service, &subjects)?),
            (None, Some(since), Some(until)) if since < until => Selection::Time { since, until },
            _ => {
                return Err(Failure::reject(
                    "the selection is missing or not valid: either subjects, or since and a later until",
                ));
            }
        };
        let per_second = self.per_second.unwrap_or(PER_SECOND);
        if !(1..=MOST_PER_SECOND).contains(&per_second) {
            return Err(Failure::reject(format!(
                "per_second is not valid: a whole number from 1 to {MOST_PER_SECOND}"
            )));
        }
        Ok(ReplayRequest {
            service,
            to,
            to_do,
            selection,
            event_type: self.r#type,
            per_second,
            cursor: self.cursor,
            by: operator(self.by)?,
        })
    }
}

fn checked_subjects(service: Service, subjects: &[String]) -> Result<Vec<StreamId>, Failure> {
    let rejection = || {
        Failure::reject(format!(
            "subjects are not valid: 1 to {MOST_SUBJECTS} different order ids, or SKUs if the service is catalog"
        ))
    };
    let stream = |subject: &String| match service {
        Service::Catalog => Sku::try_from(subject.as_str()).ok().map(|sku| StreamId::product(&sku)),
        Service::Orders | Service::Payments | Service::Inventory | Service::Shipping => {
            OrderId::try_from(subject.as_str()).ok().map(|id| StreamId::order(&id))
        }
    };
    let streams: Vec<StreamId> = subjects.iter().map(stream).collect::<Option<_>>().ok_or_else(rejection)?;
    // A repeated stream would have two places, and a cursor could not name one of them.
    let different: std::collections::BTreeSet<&StreamId> = streams.iter().collect();
    let is_valid = (1..=MOST_SUBJECTS).contains(&streams.len()) && different.len() == streams.len();
    if is_valid { Ok(streams) } else { Err(rejection()) }
}

impl ReplayRequest {
    pub(super) fn is_send(&self) -> bool {
        self.to_do == PlanOrSend::Send
    }

    /// Whether an event is meant.
    pub(super) fn selects(&self, envelope: &Envelope) -> bool {
        self.event_type.as_ref().is_none_or(|wanted| *wanted == envelope.event_type)
            && self.selection.contains(envelope)
    }

    /// What makes another request another one. A request may go on at another pace.
    pub(super) fn digest(&self) -> String {
        let to_do = if self.is_send() { "send" } else { "plan" };
        let mut parts = vec![self.service.as_str().to_owned(), self.to.clone(), to_do.to_owned()];
        match &self.selection {
            Selection::Streams(streams) => parts.extend(streams.iter().map(ToString::to_string)),
            Selection::Time { since, until } => parts.extend([since.to_string(), until.to_string()]),
        }
        parts.extend(self.event_type.clone());
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        format!("{:032x}", digest_of(&parts))
    }

    /// The cursor that the request goes on with.
    pub(super) fn cursor(&self) -> Result<Option<Cursor>, Failure> {
        self.cursor.as_deref().map(|text| Cursor::decode(text, &self.digest())).transpose()
    }
}

#[cfg(test)]
mod tests;
