//! `redrive-dead-letters`: lists the dead letters of a function with their reasons, requeues them, or discards them.
//!
//! - Trigger: an operator, by `make redrive …`: `{"function", "do": "list" | "requeue" | "discard", "ids" | "all", "limit"?,
//!   "reason"?, "by"?, "for_seconds"?}`. `ids` holds whole ids, or prefixes of at least four characters that match one id only.
//!   `{"do": "count"}` counts those of each function, and receives none.
//! - Effect of a requeue: the message's body is sent to the function's queue, then the dead letter is deleted. Consumers
//!   read only the body, so no attribute is copied; the message's age starts anew. A stream's batch is handed to its reader
//!   ([`batch`]). Of a discard: one log line, then the dead letter is deleted. A list changes nothing.
//! - Publishes: nothing.
//! - Idempotent by the dead letter's id: a deleted one is answered as not found. A crash between send and delete leaves a
//!   dead letter whose message is under way already. Sending it again makes a duplicate, which every consumer tolerates.
//! - Retry: the dead-letter queue is unavailable; the invocation fails and may be repeated. If a call about one dead letter
//!   fails, the answer says so at that one.
//! - Reject: an invalid request, an unknown function, or an ambiguous prefix.
//!
//! A queue shows only messages that it hands over. A run therefore holds what it receives, for [`HOLD`] at most, and finally
//! releases what it did not move; concurrent runs do not see each other's messages. A run is bounded by count and by time,
//! and `more` says that dead letters may remain. All are received before the first is moved, so that a message that fails
//! again at once is not received again in the same run.
//!
//! Neither a body nor personal data is answered or logged.

mod batch;
mod input;
mod letter;
mod selection;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use futures_util::future::try_join_all;
use input::{Action, RedriveRequest};
use jiff::Timestamp;
use letter::{About, LetterView};
use outbound::{BatchStore, DeadLetterQueue, Depth, Functions, Letter, QueueGauge, Work, WorkQueue};
use resilience::{Clock, Failure};
use runtime::command::Command;
use selection::{Resolved, Selection};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

pub use input::{Do, Redrive};

/// How long a received dead letter is held: as long as the function can run.
const HOLD: Duration = Duration::from_mins(2);
/// The most dead letters that a search by ids holds.
const MOST_HELD: usize = 1000;

/// The step. See the module.
pub struct RedriveDeadLetters {
    /// The queues of each function, by its name.
    pub queues: BTreeMap<String, FunctionQueues>,
    /// The batches that stream readers could not take.
    pub batches: Arc<dyn BatchStore>,
    /// The stream readers.
    pub functions: Arc<dyn Functions>,
    /// Bounds a run.
    pub clock: Arc<dyn Clock>,
    /// How long a run receives and moves. It needs some seconds more to release what it holds.
    pub work_for: Duration,
}

/// The queues of one function.
pub struct FunctionQueues {
    /// Its dead-letter queue.
    pub dead_letters: Arc<dyn DeadLetterQueue>,
    /// The queue that feeds it, if one does.
    pub source: Option<Arc<dyn WorkQueue>>,
    /// How full its dead-letter queue is.
    pub gauge: Arc<dyn QueueGauge>,
}

/// The received dead letters, by what happens to them.
struct Received {
    selected: Vec<Letter>,
    /// Received during the search, and released unchanged.
    others: Vec<Letter>,
    /// The requested ids and prefixes without a dead letter, each with the reason.
    not_found: Vec<(String, &'static str)>,
    /// Whether dead letters may remain that were not received.
    more: bool,
}

/// What became of one dead letter.
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
    /// It is still in the dead-letter queue.
    Kept,
    NotFound,
}

#[async_trait]
impl Command for RedriveDeadLetters {
    type Input = Redrive;

    async fn run(&self, input: Redrive) -> Result<Value, Failure> {
        if input.r#do == Some(Do::Count) {
            return self.count().await;
        }
        let work_for = input.for_seconds.map_or(self.work_for, |most| self.work_for.min(most));
        let request = input.checked()?;
        let function = request.function.as_str();
        let queues = self.queues.get(function).ok_or_else(|| {
            let known: Vec<&str> = self.queues.keys().map(String::as_str).collect();
            Failure::reject(format!(
                "no function of that name has dead letters; these have: {}",
                known.join(", ")
            ))
        })?;
        let until = self.clock.now().checked_add(work_for).unwrap_or(Timestamp::MAX);
        let received = self.receive(&*queues.dead_letters, &request.selection, until).await?;
        let Received { selected, mut others, not_found, more } = received;
        let view = |letter: &Letter| LetterView::of(letter, function, queues.source.is_some());
        let answer = if let Some(action) = &request.action {
            let selected: Vec<_> = selected.into_iter().map(|letter| (view(&letter), letter)).collect();
            log_discard(action, &request, &selected);
            let (mut outcomes, left, kept) = self.act(function, queues, action, selected, until).await;
            others.extend(kept);
            outcomes.extend(not_found.into_iter().map(|(id, because)| Report {
                id,
                outcome: Outcome::NotFound,
                because: Some(because.to_owned()),
                about: None,
            }));
            json!({"function": function, "outcomes": outcomes, "more": more || left})
        } else {
            let letters: Vec<LetterView> = selected.iter().map(view).collect();
            others.extend(selected);
            let not_found: Vec<String> = not_found.into_iter().map(|(id, _)| id).collect();
            json!({"function": function, "letters": letters, "not_found": not_found, "more": more})
        };
        release(&*queues.dead_letters, &others).await;
        Ok(answer)
    }
}

impl RedriveDeadLetters {
    /// The functions that have dead letters, with how many. A queue that does not answer fails the count: a number that is too
    /// small would hide what needs an operator.
    async fn count(&self) -> Result<Value, Failure> {
        let depths = try_join_all(self.queues.values().map(|queues| queues.gauge.depth())).await;
        let depths = depths.map_err(|error| Failure::retry(error).during("count the dead letters"))?;
        let of_each = self.queues.keys().zip(depths).map(|(function, Depth { waiting, hidden })| {
            json!({"function": function, "dead_letters": waiting + hidden})
        });
        let some = of_each.filter(|it| it["dead_letters"] != 0);
        Ok(json!({"functions": some.collect::<Value>()}))
    }

    /// Receives the selected dead letters, and others on the way.
    async fn receive(
        &self,
        letters: &dyn DeadLetterQueue,
        selection: &Selection,
        until: Timestamp,
    ) -> Result<Received, Failure> {
        let mut held: BTreeMap<String, Letter> = BTreeMap::new();
        let mut more = false;
        loop {
            let needed = selection.still_needed(&held);
            if needed == 0 {
                break;
            }
            if held.len() >= MOST_HELD || self.clock.now() >= until {
                more = true;
                break;
            }
            match letters.take(needed, HOLD).await {
                Ok(taken) if taken.is_empty() => break,
                // A dead letter that is received again can be released only by its newest receipt.
                Ok(taken) => held.extend(taken.into_iter().map(|letter| (letter.id.clone(), letter))),
                Err(error) => {
                    release(letters, &held.into_values().collect::<Vec<_>>()).await;
                    return Err(Failure::retry(error).during("receive the dead letters"));
                }
            }
        }
        match selection.resolve(&held, more) {
            Ok(Resolved { ids, not_found, more }) => {
                let selected = ids.iter().filter_map(|id| held.remove(id)).collect();
                Ok(Received { selected, others: held.into_values().collect(), not_found, more })
            }
            Err(rejection) => {
                release(letters, &held.into_values().collect::<Vec<_>>()).await;
                Err(rejection)
            }
        }
    }

    /// Requeues or discards. Returns a report on each dead letter, whether some were left because the time was over, and
    /// those that must be released.
    async fn act(
        &self,
        function: &str,
        queues: &FunctionQueues,
        action: &Action,
        selected: Vec<(LetterView, Letter)>,
        until: Timestamp,
    ) -> (Vec<Report>, bool, Vec<Letter>) {
        let (mut outcomes, mut kept, mut left) = (Vec::new(), Vec::new(), false);
        for (view, letter) in selected {
            let (outcome, because) = if self.clock.now() >= until {
                left = true;
                (Outcome::Kept, Some("the run was out of time; run it again".to_owned()))
            } else {
                match (action, &view.batch) {
                    (Action::Requeue, Some(batch)) => {
                        self.requeue_batch(function, queues, batch, &letter).await
                    }
                    (Action::Discard { .. }, Some(batch)) => self.discard_batch(queues, batch, &letter).await,
                    (Action::Requeue, None) => requeue(queues, &view, &letter).await,
                    (Action::Discard { .. }, None) => match queues.dead_letters.delete(&letter.receipt).await
                    {
                        Ok(()) => (Outcome::Discarded, None),
                        Err(error) => (Outcome::Kept, Some(failed("delete it", &error))),
                    },
                }
            };
            if because.is_some() {
                kept.push(letter);
            }
            outcomes.push(Report { id: view.id, outcome, because, about: Some(view.about) });
        }
        (outcomes, left, kept)
    }
}

/// Logs what is about to be discarded. This line is all that remains of it.
fn log_discard(action: &Action, request: &RedriveRequest, selected: &[(LetterView, Letter)]) {
    let Action::Discard { reason } = action else { return };
    if selected.is_empty() {
        return;
    }
    let letters = selected.iter().map(|(view, _)| json!({"id": view.id, "about": view.about}));
    let (letters, by) = (letters.collect::<Value>().to_string(), request.by.as_str());
    tracing::warn!(
        of = request.function,
        why = reason,
        by,
        letters,
        "these dead letters are being discarded"
    );
}

/// Sends the message to its queue first and deletes the dead letter afterwards, so that a crash loses nothing.
async fn requeue(queues: &FunctionQueues, view: &LetterView, letter: &Letter) -> (Outcome, Option<String>) {
    let Some(queue) = queues.source.as_ref().filter(|_| view.can_be_requeued) else {
        return (Outcome::Kept, Some(view.explain.clone()));
    };
    let work = Work { body: letter.body.clone(), delay: Duration::ZERO, group: view.about.group() };
    if let Err(error) = queue.send(&work).await {
        return (Outcome::Kept, Some(failed("send it to its queue", &error)));
    }
    match queues.dead_letters.delete(&letter.receipt).await {
        Ok(()) => (Outcome::Requeued, None),
        Err(error) => {
            let to_do = "delete the dead letter; requeueing it again is harmless";
            (Outcome::Requeued, Some(failed(to_do, &error)))
        }
    }
}

fn failed(to_do: &str, error: &impl Display) -> String {
    format!("failed to {to_do}: {error}")
}

async fn release(letters: &dyn DeadLetterQueue, held: &[Letter]) {
    if held.is_empty() {
        return;
    }
    let receipts: Vec<String> = held.iter().map(|letter| letter.receipt.clone()).collect();
    if let Err(error) = letters.release(&receipts).await {
        tracing::warn!(%error, "the dead letters that were not moved stay hidden for up to a minute");
    }
}
