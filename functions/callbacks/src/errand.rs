//! The message of the delivery queue: which attempt of which delivery is due; and how long things take.

use crate::delivery::Delivery;
use jiff::Timestamp;
use outbound::{LONGEST_DELAY, QueueError, Work, WorkQueue};
use resilience::Failure;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long a call may take, and what follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// How long an endpoint may take to answer.
    pub call_within: Duration,
}

impl Pace {
    /// An attempt that was not recorded so long after its time is looked for: longer than a run of the function.
    pub(crate) fn lost_after(self) -> Duration {
        self.call_within * 2 + Duration::from_secs(30)
    }

    /// What was sent to the queue once more is not sent again before that: the queue may only be long.
    pub(crate) fn again_after(self) -> Duration {
        self.lost_after() * 5
    }

    /// A call whose end was not heard of is over by then.
    pub(crate) fn lease(self) -> Duration {
        self.call_within + Duration::from_secs(10)
    }
}

/// Whether the queue itself holds an attempt back until its time.
pub(crate) fn is_for_the_queue(next_at: Timestamp, now: Timestamp) -> bool {
    next_at.duration_since(now).unsigned_abs() <= LONGEST_DELAY || next_at <= now
}

/// One attempt that is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Errand {
    pub(crate) endpoint: String,
    pub(crate) delivery: String,
    /// From 1.
    pub(crate) attempt: u32,
}

impl Errand {
    pub(crate) fn read(body: &str) -> Result<Self, Failure> {
        serde_json::from_str(body)
            .map_err(|error| Failure::reject(format!("the message is no errand: {:?}", error.classify())))
    }
}

/// Sends the next attempt of a pending delivery to the queue, if it is due before the queue would lose patience. What is
/// due later is found in the index then.
pub(crate) async fn send(
    work: &dyn WorkQueue,
    delivery: &Delivery,
    now: Timestamp,
) -> Result<(), QueueError> {
    let Some(next_at) = delivery.next_at().filter(|next_at| is_for_the_queue(*next_at, now)) else {
        return Ok(());
    };
    let errand = Errand {
        endpoint: delivery.endpoint.clone(),
        delivery: delivery.id.clone(),
        attempt: delivery.attempted + 1,
    };
    // Texts and a number: writing them as JSON cannot fail.
    let body = serde_json::to_string(&errand).unwrap_or_default();
    let millis = if next_at > now { next_at.duration_since(now).unsigned_abs().as_millis() } else { 0 };
    // Rounded up: a message that comes too early has come for nothing.
    let delay = Duration::from_secs(u64::try_from(millis.div_ceil(1000)).unwrap_or(0));
    work.send(&Work { body, delay, group: delivery.endpoint.clone() }).await
}
