//! The message in the delivery queue: it names one attempt of one delivery that is due.

use crate::delivery::Delivery;
use crate::pace::fits_in_queue;
use jiff::Timestamp;
use outbound::{QueueError, Work, WorkQueue};
use resilience::Failure;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One attempt that is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeliveryJob {
    pub(crate) endpoint: String,
    pub(crate) delivery: String,
    /// From 1.
    pub(crate) attempt: u32,
}

impl DeliveryJob {
    pub(crate) fn read(body: &str) -> Result<Self, Failure> {
        json::from_str(body)
            .map_err(|error| Failure::reject(format!("the message is not a delivery job: {error}")))
    }
}

/// Sends the next attempt of a pending delivery to the queue, if the queue can delay it until it is due. If it cannot, the
/// index finds the delivery when it is due.
pub(crate) async fn send(
    work: &dyn WorkQueue,
    delivery: &Delivery,
    now: Timestamp,
) -> Result<(), QueueError> {
    let Some(next_at) = delivery.next_at().filter(|next_at| fits_in_queue(*next_at, now)) else {
        return Ok(());
    };
    let job = DeliveryJob {
        endpoint: delivery.endpoint.clone(),
        delivery: delivery.id.clone(),
        attempt: delivery.attempted + 1,
    };
    // Two texts and a number always serialize.
    let body = serde_json::to_string(&job).unwrap_or_default();
    let millis = if next_at > now { next_at.duration_since(now).unsigned_abs().as_millis() } else { 0 };
    // Rounded up, because a message that arrives early is ignored.
    let delay = Duration::from_secs(u64::try_from(millis.div_ceil(1000)).unwrap_or(0));
    work.send(&Work { body, delay, group: delivery.endpoint.clone() }).await
}
