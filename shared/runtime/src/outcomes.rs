//! What became of the messages or records of an invocation: one line of metrics for all of them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What became of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Handled,
    /// It is delivered again later.
    Retried,
    DeadLettered,
}

/// The outcomes of an invocation.
#[derive(Debug, Default)]
pub(crate) struct Outcomes {
    handled: AtomicU64,
    retried: AtomicU64,
    dead_lettered: AtomicU64,
}

impl Outcomes {
    pub(crate) fn of(outcomes: impl IntoIterator<Item = Outcome>) -> Self {
        let counted = Self::default();
        for outcome in outcomes {
            counted.add(outcome, 1);
        }
        counted
    }

    pub(crate) fn add(&self, outcome: Outcome, number: usize) {
        let count = match outcome {
            Outcome::Handled => &self.handled,
            Outcome::Retried => &self.retried,
            Outcome::DeadLettered => &self.dead_lettered,
        };
        count.fetch_add(u64::try_from(number).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// How many records were not dead-lettered, nor handled.
    pub(crate) fn left_of(&self, all: usize) -> usize {
        let settled = self.handled.load(Ordering::Relaxed) + self.dead_lettered.load(Ordering::Relaxed);
        all.saturating_sub(usize::try_from(settled).unwrap_or(usize::MAX))
    }

    /// Writes the line, unless nothing is counted. `ages`: how long the handled messages had waited. Their number is the number
    /// of handled messages, so it has no metric of its own. The readers of streams give none: what they handle, their event
    /// sources and topics count.
    pub(crate) fn report(&self, ages: &[Duration]) {
        let number = |count: &AtomicU64| Some(count.load(Ordering::Relaxed)).filter(|number| *number > 0);
        let ages: Vec<String> = ages.iter().map(|age| age.as_millis().to_string()).collect();
        tracing::info!(
            metrics = "Retried DeadLettered HandledAge/Milliseconds",
            Retried = number(&self.retried),
            DeadLettered = number(&self.dead_lettered),
            HandledAge = Some(ages.join(",")).filter(|ages| !ages.is_empty()),
        );
    }
}

#[cfg(test)]
mod tests;
