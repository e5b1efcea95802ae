//! The message in the delivery queue: it names one delivery, and its own number in it.

use crate::delivery::Delivery;
use crate::store;
use event_store::{Documents, StoreError};
use jiff::Timestamp;
use outbound::{Work, WorkQueue};
use resilience::{Clock, Failure};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A delivery, and the number of this message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeliveryJob {
    pub(crate) endpoint: String,
    pub(crate) delivery: String,
    /// The message does nothing unless the delivery has the same number. 0 in a message of an older build.
    #[serde(default)]
    pub(crate) message: u32,
}

impl DeliveryJob {
    pub(crate) fn read(body: &str) -> Result<Self, Failure> {
        json::from_str(body)
            .map_err(|error| Failure::reject(format!("the message is not a delivery job: {error}")))
    }
}

/// Sends the message that was just written into the delivery. Only the run that wrote it may call this, so that no message is
/// sent twice. If the queue does not take it, the delivery goes to the index, and the schedule sends it. Returns whether the
/// queue took it.
pub(crate) async fn send(
    documents: &dyn Documents,
    work: &dyn WorkQueue,
    clock: &dyn Clock,
    delivery: &Delivery,
) -> Result<bool, StoreError> {
    let Some(next_at) = delivery.in_queue_until(delivery.message) else { return Ok(true) };
    let job = DeliveryJob {
        endpoint: delivery.endpoint.clone(),
        delivery: delivery.id.clone(),
        message: delivery.message,
    };
    // Two texts and a number always serialize.
    let body = serde_json::to_string(&job).unwrap_or_default();
    let delay = wait_until(next_at, clock.now());
    let Err(error) = work.send(&Work { body, delay, group: delivery.endpoint.clone() }).await else {
        return Ok(true);
    };
    tracing::warn!(%error, delivery.id = delivery.id, "the queue took no message; the schedule sends one");
    let key = store::delivery_key(&delivery.endpoint, &delivery.id);
    store::change::<Delivery, StoreError>(documents, clock, &key, |stored| {
        Ok(stored.and_then(|stored| stored.without(delivery.message)))
    })
    .await?;
    Ok(false)
}

/// The wait in whole seconds, rounded up: queues count in seconds.
pub(crate) fn wait_until(moment: Timestamp, now: Timestamp) -> Duration {
    let millis = if moment > now { moment.duration_since(now).unsigned_abs().as_millis() } else { 0 };
    Duration::from_secs(u64::try_from(millis.div_ceil(1000)).unwrap_or(0))
}
