//! What somebody asks to be done with dead letters, and what of it makes no sense.

use resilience::Failure;
use serde::Deserialize;
use std::collections::BTreeSet;

/// The most letters that one run acts upon.
const MOST: usize = 200;
/// So many, unless it is said.
const USUALLY: usize = 50;
/// The longest reason, and the longest name of who asks.
const LONGEST: usize = 300;
/// The longest id of a letter: SQS's own have 36 characters.
const LONGEST_ID: usize = 100;

/// What is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redrive {
    /// Whose dead letters, for example `take-payment`.
    #[serde(default)]
    pub function: Option<String>,
    /// What to do with them.
    #[serde(default)]
    pub r#do: Option<Do>,
    /// With which: these,
    #[serde(default)]
    pub ids: Option<Vec<String>>,
    /// or whichever are there.
    #[serde(default)]
    pub all: bool,
    /// At most so many of all.
    #[serde(default)]
    pub limit: Option<usize>,
    /// Why, for the log. Nothing is discarded without it.
    #[serde(default)]
    pub reason: Option<String>,
    /// Who asks, for the log.
    #[serde(default)]
    pub by: Option<String>,
}

/// What can be done with dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Do {
    /// Look at them.
    List,
    /// Send them to the queue that they came from.
    Requeue,
    /// Delete them.
    Discard,
}

/// The same, sound.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RedriveRequest {
    pub(crate) function: String,
    pub(crate) selection: Selection,
    /// What to do; without it, they are only looked at.
    pub(crate) action: Option<Action>,
    pub(crate) by: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Requeue,
    Discard { reason: String },
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    /// Any, at most so many.
    Any(usize),
    /// These ids.
    These(BTreeSet<String>),
}

impl Redrive {
    /// What it means, or a refusal that says what to ask instead. Nothing is quoted: it may hold anything.
    pub(crate) fn checked(self) -> Result<RedriveRequest, Failure> {
        let function = self.function.ok_or_else(|| {
            Failure::reject("function is missing: whose dead letters, for example take-payment")
        })?;
        let to_do =
            self.r#do.ok_or_else(|| Failure::reject("do is missing: one of list, requeue, discard"))?;
        let selection = match (self.ids, self.all, to_do) {
            (Some(_), true, _) => {
                return Err(Failure::reject("ids and all exclude each other: send one of them"));
            }
            (Some(ids), false, _) => Selection::These(checked_ids(ids, self.limit)?),
            (None, false, Do::Requeue | Do::Discard) => {
                return Err(Failure::reject("ids or all is missing: which letters to requeue or discard"));
            }
            (None, _, _) => Selection::Any(checked_limit(self.limit)?),
        };
        let action = match (to_do, self.reason) {
            (Do::List, _) => None,
            (Do::Requeue, _) => Some(Action::Requeue),
            (Do::Discard, Some(reason)) if is_said(&reason) => Some(Action::Discard { reason }),
            (Do::Discard, _) => {
                return Err(Failure::reject(format!("reason is missing or not valid: {}", allowed())));
            }
        };
        if self.by.as_deref().is_some_and(|by| !is_said(by)) {
            return Err(Failure::reject(format!("by is not valid: the operator's name, {}", allowed())));
        }
        Ok(RedriveRequest { function, selection, action, by: self.by })
    }
}

fn is_said(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= LONGEST && !text.chars().any(char::is_control)
}

fn allowed() -> String {
    format!("1 to {LONGEST} characters, no control characters")
}

fn checked_limit(limit: Option<usize>) -> Result<usize, Failure> {
    let limit = limit.unwrap_or(USUALLY);
    let refusal = || Failure::reject(format!("limit is not valid: a whole number from 1 to {MOST}"));
    if (1..=MOST).contains(&limit) { Ok(limit) } else { Err(refusal()) }
}

fn checked_ids(ids: Vec<String>, limit: Option<usize>) -> Result<BTreeSet<String>, Failure> {
    let is_id = |id: &String| {
        let is_one = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(is_one)
    };
    if ids.is_empty() || ids.len() > MOST || !ids.iter().all(is_id) {
        return Err(Failure::reject(format!(
            "ids are not valid: 1 to {MOST} ids of letters, as a list shows them"
        )));
    }
    if limit.is_some() {
        return Err(Failure::reject("limit is not allowed beside ids: it belongs to all"));
    }
    Ok(ids.into_iter().collect())
}

#[cfg(test)]
mod tests;
