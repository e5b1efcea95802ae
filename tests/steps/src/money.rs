//! What the simulation and the model both know about money: which refunds explain that a shop keeps less than the price of
//! what it shipped.

use events::{Event, PaymentsEvent, RefundCause};
use std::collections::BTreeMap;

/// The refunds of a shipped order, in minor units: returns, goodwill, and refunds in the dashboard. `events` are those of its
/// payment, in order.
pub fn refunded_after_dispatch(events: impl IntoIterator<Item = Event>) -> u64 {
    let mut causes = BTreeMap::new();
    let mut settled = BTreeMap::new();
    for event in events {
        match event {
            Event::Payments(PaymentsEvent::RefundRequested(request)) => {
                causes.insert(request.refund_id, request.cause);
            }
            Event::Payments(PaymentsEvent::PaymentRefunded(refunded)) => {
                settled.insert(refunded.refund_id, refunded.amount.units());
            }
            Event::Payments(PaymentsEvent::RefundFailed(failed)) => {
                settled.remove(&failed.refund_id);
            }
            _ => {}
        }
    }
    let allowed = [RefundCause::Goodwill, RefundCause::Returned, RefundCause::Foreign];
    let refunds =
        settled.iter().filter(|(id, _)| causes.get(id).is_some_and(|cause| allowed.contains(cause)));
    refunds.map(|(_, amount)| amount).sum()
}
