//! How old an event may be for a consumer to take it from a replay.
//!
//! Most consumers take events of any age: their own stream shows for ever what an event has led to. These two do not. They
//! ignore an older event visibly, by a log line, and it is no dead letter: to send it again would change nothing. `replay-events`
//! has the same limits, so that it counts such events beforehand instead of sending them.

use crate::queue::Message;
use events::Envelope;
use jiff::{SignedDuration, Timestamp};

/// `plan-deliveries`: a delivery is recorded for this long, counted from its event or later. Without the record the endpoint would
/// get the webhook again.
pub const PLANNED_WITHIN: SignedDuration = SignedDuration::from_hours(30 * 24);
/// `notify-customer`: the customer is notified of what is new. Notices are kept permanently, so nothing is sent twice; but an
/// occasion without a notice, from before the shop had a sender, is no news any more.
pub const ANNOUNCED_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// Whether this is a replayed event that happened longer ago than this.
pub fn is_too_old(envelope: &Envelope, within: SignedDuration, now: Timestamp) -> bool {
    envelope.replayed.is_some() && is_older(envelope, within, now)
}

/// Whether the event happened longer ago than this.
pub fn is_older(envelope: &Envelope, within: SignedDuration, now: Timestamp) -> bool {
    now.duration_since(envelope.time) >= within
}

/// Whether to ignore the message, because it is a replay of an older event. The log says so.
pub fn is_refused(message: &Message, within: SignedDuration, now: Timestamp) -> bool {
    let is_refused = is_too_old(&message.envelope, within, now);
    if is_refused {
        tracing::warn!(
            happened_at = %message.envelope.time,
            within_hours = within.as_hours(),
            "ignored: the replayed event is too old for this function"
        );
    }
    is_refused
}
