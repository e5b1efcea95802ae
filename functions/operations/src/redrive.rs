//! `redrive-dead-letters`: what was set aside is listed with its reason, sent to its queue again, or discarded.
//!
//! Trigger: a person, by `make redrive …`: `{"function", "do": "list" | "requeue" | "discard", "ids" | "all", "limit"?,
//! "reason"?, "by"?}`.
//! Effect of a requeue: the body as it came is sent to the function's queue, and then the letter is deleted. A consumer reads
//! the body alone, so no attribute has to come along; its patience begins anew. Of a discard: one line in the log, then the
//! letter is deleted. A list changes nothing. Says no events.
//! Idempotent by the letter's id: what is gone is answered as not found. A crash between sending and deleting leaves a
//! letter whose message is under way, and sending it once more is a duplicate, which every consumer tolerates.
//!
//! A queue shows nothing that it does not hand over, so whatever is looked at is held, for [`HOLD`] at most, and given back
//! at the end where it was not acted upon. Two runs at once do not see each other's letters. Bounded: by count, and by the
//! time that a run may take; `more` says that there are, or may be, letters that were not looked at. All letters are taken
//! before the first is acted upon, so that one which comes back at once is not met again in the same run.
//!
//! Neither a body nor anything personal is answered or logged.
//!
//! Retry (the invocation fails, and may be repeated): the dead-letter queue hands nothing over. A call about one letter that
//! fails is said at that letter. Reject: what is asked makes no sense.

mod input;
mod letter;
mod queue_urls;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use input::{Action, RedriveRequest, Selection};
use jiff::Timestamp;
use letter::{About, Seen};
use outbound::{DeadLetterQueue, Letter, MOST_AT_ONCE, QueueError, Work, WorkQueue};
use resilience::{Clock, Failure};
use runtime::command::Command;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub use input::{Do, Redrive};
pub use queue_urls::{InvalidQueueUrls, QueueUrls};

/// How long a letter is held: as long as the function can run.
const HOLD: Duration = Duration::from_mins(1);
/// The most letters that are held at once, while some are looked for by their ids.
const MOST_HELD: usize = 1000;

/// The step. See the module.
pub struct RedriveDeadLetters {
    /// Each function's dead letters.
    pub queues: BTreeMap<String, FunctionQueues>,
    /// Bounds a run.
    pub clock: Arc<dyn Clock>,
    /// How long a run goes on; it needs some seconds more to give back what it holds.
    pub work_for: Duration,
}

/// A function's dead letters, and its queue if it has one.
pub struct FunctionQueues {
    /// What was set aside.
    pub dead_letters: Arc<dyn DeadLetterQueue>,
    /// Where it came from.
    pub source: Option<Arc<dyn WorkQueue>>,
}

/// What was taken in hand.
#[derive(Default)]
struct Taken {
    chosen: Vec<Letter>,
    /// Taken on the way, and not asked for.
    others: Vec<Letter>,
    /// Whether there may be letters that were not taken.
    more: bool,
}

/// What became of one letter.
#[derive(Debug, Serialize)]
struct Report {
    id: String,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<About>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Requeued,
    Discarded,
    /// It lies where it lay.
    Kept,
    NotFound,
}

#[async_trait]
impl Command for RedriveDeadLetters {
    type Input = Redrive;

    async fn run(&self, asked: Redrive) -> Result<Value, Failure> {
        let request = asked.checked()?;
        let queues = self.queues.get(&request.function).ok_or_else(|| {
            let known: Vec<&str> = self.queues.keys().map(String::as_str).collect();
            Failure::reject(format!("no dead letters of that name; there are those of {}", known.join(", ")))
        })?;
        let until = self.clock.now().checked_add(self.work_for).unwrap_or(Timestamp::MAX);
        let Taken { chosen, mut others, more } =
            self.take(&*queues.dead_letters, &request.selection, until).await?;
        let missing = missing(&request.selection, &chosen, more);
        let seen = |letter: &Letter| Seen::of(letter, &request.function, queues.source.is_some());
        let answer = if let Some(action) = &request.action {
            let chosen: Vec<_> = chosen.into_iter().map(|letter| (seen(&letter), letter)).collect();
            announce(action, &request, &chosen);
            let (mut outcomes, left, back) = self.act(queues, action, chosen, until).await;
            others.extend(back);
            outcomes.extend(missing);
            json!({"function": request.function, "outcomes": outcomes, "more": more || left})
        } else {
            let letters: Vec<Seen> = chosen.iter().map(seen).collect();
            others.extend(chosen);
            let not_found: Vec<String> = missing.into_iter().map(|told| told.id).collect();
            json!({"function": request.function, "letters": letters, "not_found": not_found, "more": more})
        };
        give_back(&*queues.dead_letters, &others).await;
        Ok(answer)
    }
}

impl RedriveDeadLetters {
    /// Takes what is asked for in hand, and one letter more than may be acted upon, to know whether there is one.
    async fn take(
        &self,
        letters: &dyn DeadLetterQueue,
        selection: &Selection,
        until: Timestamp,
    ) -> Result<Taken, Failure> {
        let mut held: BTreeMap<String, Letter> = BTreeMap::new();
        let mut more = false;
        loop {
            let wanted = match selection {
                Selection::Any(most) => (most + 1).saturating_sub(held.len()),
                Selection::These(ids) if ids.iter().all(|id| held.contains_key(id)) => 0,
                Selection::These(_) => MOST_AT_ONCE,
            };
            if wanted == 0 {
                break;
            }
            if held.len() >= MOST_HELD || self.clock.now() >= until {
                more = true;
                break;
            }
            match letters.take(wanted.min(MOST_AT_ONCE), HOLD).await {
                Ok(taken) if taken.is_empty() => break,
                // One that comes twice is let go of by its newest receipt.
                Ok(taken) => held.extend(taken.into_iter().map(|letter| (letter.id.clone(), letter))),
                Err(error) => {
                    give_back(letters, &held.into_values().collect::<Vec<_>>()).await;
                    return Err(Failure::retry(error).during("look at the dead letters"));
                }
            }
        }
        Ok(match selection {
            Selection::Any(most) => {
                let mut chosen: Vec<Letter> = held.into_values().collect();
                chosen.sort_by(|one, other| (one.since, &one.id).cmp(&(other.since, &other.id)));
                let others = chosen.split_off(chosen.len().min(*most));
                Taken { chosen, more: more || !others.is_empty(), others }
            }
            Selection::These(ids) => {
                let (chosen, others) = held.into_values().partition(|letter| ids.contains(&letter.id));
                Taken { chosen, others, more }
            }
        })
    }

    /// Requeues or discards. Answers what became of each, whether some were left for want of time, and what is to be given
    /// back.
    async fn act(
        &self,
        queues: &FunctionQueues,
        action: &Action,
        chosen: Vec<(Seen, Letter)>,
        until: Timestamp,
    ) -> (Vec<Report>, bool, Vec<Letter>) {
        let (mut outcomes, mut back, mut left) = (Vec::new(), Vec::new(), false);
        for (seen, letter) in chosen {
            let (outcome, because) = if self.clock.now() >= until {
                left = true;
                (Outcome::Kept, Some("there was no time left; ask once more".to_owned()))
            } else {
                match action {
                    Action::Requeue => requeue(queues, &seen, &letter).await,
                    Action::Discard { .. } => match queues.dead_letters.delete(&letter.receipt).await {
                        Ok(()) => (Outcome::Discarded, None),
                        Err(error) => (Outcome::Kept, Some(failed("delete it", &error))),
                    },
                }
            };
            if because.is_some() {
                back.push(letter);
            }
            outcomes.push(Report { id: seen.id, outcome, because, about: Some(seen.about) });
        }
        (outcomes, left, back)
    }
}

/// What is deleted is nowhere afterwards but in this line.
fn announce(action: &Action, request: &RedriveRequest, chosen: &[(Seen, Letter)]) {
    let Action::Discard { reason } = action else { return };
    if chosen.is_empty() {
        return;
    }
    let letters = chosen.iter().map(|(seen, _)| json!({"id": seen.id, "about": seen.about}));
    let (letters, by) = (letters.collect::<Value>().to_string(), request.by.as_deref().unwrap_or("not said"));
    tracing::warn!(
        of = request.function,
        why = reason,
        by,
        letters,
        "these dead letters are being discarded"
    );
}

/// Sends it to its queue and then deletes it: it is never nowhere.
async fn requeue(queues: &FunctionQueues, seen: &Seen, letter: &Letter) -> (Outcome, Option<String>) {
    let Some(queue) = queues.source.as_ref().filter(|_| seen.can_be_requeued) else {
        return (Outcome::Kept, Some(seen.explain.clone()));
    };
    let work = Work { body: letter.body.clone(), delay: Duration::ZERO, group: seen.about.group() };
    if let Err(error) = queue.send(&work).await {
        return (Outcome::Kept, Some(failed("send it to its queue", &error)));
    }
    match queues.dead_letters.delete(&letter.receipt).await {
        Ok(()) => (Outcome::Requeued, None),
        Err(error) => {
            (Outcome::Requeued, Some(failed("delete it here; requeueing it twice is harmless", &error)))
        }
    }
}

fn failed(to_do: &str, error: &QueueError) -> String {
    format!("failed to {to_do}: {error}")
}

/// What was asked for by its id and is not in hand.
fn missing(selection: &Selection, chosen: &[Letter], more: bool) -> Vec<Report> {
    let Selection::These(ids) = selection else { return Vec::new() };
    let because = if more {
        "not among the letters that one run can look at; ask once more"
    } else {
        "no such letter: it was requeued, discarded, or is older than 14 days. Or another run holds it; look again in a minute"
    };
    let missing = ids.iter().filter(|id| !chosen.iter().any(|letter| letter.id == **id));
    missing
        .map(|id| {
            let because = Some(because.to_owned());
            Report { id: id.clone(), outcome: Outcome::NotFound, because, about: None }
        })
        .collect()
}

async fn give_back(letters: &dyn DeadLetterQueue, held: &[Letter]) {
    if held.is_empty() {
        return;
    }
    let receipts: Vec<String> = held.iter().map(|letter| letter.receipt.clone()).collect();
    if let Err(error) = letters.release(&receipts).await {
        tracing::warn!(%error, "the letters that are not acted upon are seen again once they were held for a minute");
    }
}
