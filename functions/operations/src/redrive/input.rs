//! The input of `redrive-dead-letters`, and its validation.

use super::selection::{SHORTEST_PREFIX, Selection};
use resilience::Failure;
use runtime::command::{allowed_text, is_text, operator, seconds};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::time::Duration;

/// The most dead letters that one run requeues, discards or lists.
const MOST: usize = 200;
/// How many by default.
const DEFAULT_LIMIT: usize = 50;
/// The longest id of a dead letter. Those of SQS have 36 characters.
const LONGEST_ID: usize = 100;

/// The input as JSON.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redrive {
    /// The function whose dead letters are meant, for example `take-payment`.
    #[serde(default)]
    pub function: Option<String>,
    /// What to do with them.
    #[serde(default)]
    pub r#do: Option<Do>,
    /// The ids of the dead letters, or unique prefixes of their ids.
    #[serde(default)]
    pub ids: Option<Vec<String>>,
    /// Any dead letters, up to the limit, instead of ids.
    #[serde(default)]
    pub all: bool,
    /// The limit of `all` or of a list without ids.
    #[serde(default)]
    pub limit: Option<usize>,
    /// Why, for the log. A discard needs it.
    #[serde(default)]
    pub reason: Option<String>,
    /// The operator, for the log.
    #[serde(default)]
    pub by: Option<String>,
    /// The most seconds that the run works, if that is less than the function's own bound.
    #[serde(default, deserialize_with = "seconds")]
    pub for_seconds: Option<Duration>,
}

/// What can be done with dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Do {
    /// Count those of every function.
    Count,
    /// Show them.
    List,
    /// Send them to the queue that they came from.
    Requeue,
    /// Delete them.
    Discard,
}

/// A valid request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RedriveRequest {
    pub(crate) function: String,
    pub(crate) selection: Selection,
    /// `None`: list only.
    pub(crate) action: Option<Action>,
    pub(crate) by: String,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Requeue,
    Discard { reason: String },
}

impl Redrive {
    /// The valid request, or a rejection that says what to send instead. It quotes nothing: the input may hold anything.
    pub(crate) fn checked(self) -> Result<RedriveRequest, Failure> {
        let function = self.function.ok_or_else(|| {
            Failure::reject("function is missing: whose dead letters, for example take-payment")
        })?;
        let to_do = self
            .r#do
            .ok_or_else(|| Failure::reject("do is missing: one of count, list, requeue, discard"))?;
        let selection = match (self.ids, self.all, to_do) {
            (Some(_), true, _) => {
                return Err(Failure::reject("ids and all exclude each other: send one of them"));
            }
            (Some(ids), false, _) => Selection::Ids(checked_ids(ids, self.limit)?),
            (None, false, Do::Requeue | Do::Discard) => {
                return Err(Failure::reject(
                    "ids or all is missing: which dead letters to requeue or discard",
                ));
            }
            (None, _, _) => Selection::Any(checked_limit(self.limit)?),
        };
        let action = match (to_do, self.reason) {
            (Do::Count | Do::List, _) => None,
            (Do::Requeue, _) => Some(Action::Requeue),
            (Do::Discard, Some(reason)) if is_text(&reason) => Some(Action::Discard { reason }),
            (Do::Discard, _) => {
                return Err(Failure::reject(format!("reason is missing or not valid: {}", allowed_text())));
            }
        };
        Ok(RedriveRequest { function, selection, action, by: operator(self.by)? })
    }
}

fn checked_limit(limit: Option<usize>) -> Result<usize, Failure> {
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    let rejection = || Failure::reject(format!("limit is not valid: a whole number from 1 to {MOST}"));
    if (1..=MOST).contains(&limit) { Ok(limit) } else { Err(rejection()) }
}

fn checked_ids(ids: Vec<String>, limit: Option<usize>) -> Result<BTreeSet<String>, Failure> {
    if limit.is_some() {
        return Err(Failure::reject("limit is not allowed beside ids: it belongs to all"));
    }
    let is_id = |id: &String| {
        let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        (SHORTEST_PREFIX..=LONGEST_ID).contains(&id.len()) && id.bytes().all(is_allowed)
    };
    if ids.is_empty() || ids.len() > MOST || !ids.iter().all(is_id) {
        return Err(Failure::reject(format!(
            "ids are not valid: 1 to {MOST} ids as a list shows them, or their first characters, at least {SHORTEST_PREFIX}"
        )));
    }
    Ok(ids.into_iter().collect())
}

#[cfg(test)]
mod tests;
