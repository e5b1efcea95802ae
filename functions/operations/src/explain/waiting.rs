//! What an order waits for, whose turn it is, since when, and until when. Pure: a function of the events and of the deadlines.
//!
//! `until` is when it is late: then the order expires, or gets the attention `stuck`. The bounds are those that `sweep-orders` has.

use super::known::{Known, RefundState};
use events::{
    Attention, InventoryEvent, OrderStatus, OrdersEvent, PaymentsEvent, Provider, Service, ShippingEvent,
};
use jiff::Timestamp;
use runtime::Settings;
use serde::Serialize;
use std::time::Duration;

/// How long a status, or a debt after the end, may last: the settings of `sweep-orders`.
#[derive(Debug, Clone, Copy)]
pub struct LastsAtMost {
    unpaid: Duration,
    paid: Duration,
    allocated: Duration,
    cancelling: Duration,
    /// Zero: without limit.
    shipped: Duration,
    owing: Duration,
}

impl LastsAtMost {
    /// Reads `UNPAID_DEADLINE_SECONDS`, `PAID_…`, `ALLOCATED_…`, `CANCELLING_…`, `SHIPPED_…` and `OWING_DEADLINE_SECONDS`.
    pub fn from_settings(settings: &mut Settings) -> Self {
        let mut seconds = |name: &str| Duration::from_secs(settings.required(name));
        Self {
            unpaid: seconds("UNPAID_DEADLINE_SECONDS"),
            paid: seconds("PAID_DEADLINE_SECONDS"),
            allocated: seconds("ALLOCATED_DEADLINE_SECONDS"),
            cancelling: seconds("CANCELLING_DEADLINE_SECONDS"),
            shipped: seconds("SHIPPED_DEADLINE_SECONDS"),
            owing: seconds("OWING_DEADLINE_SECONDS"),
        }
    }
}

/// What the next step is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Payments begins the payment.
    PaymentBegin,
    /// The result of the payment.
    Payment,
    /// The report of an offline payment.
    OfflinePayment,
    /// A further step of the customer, such as 3-D Secure.
    Authentication,
    /// Payments settles the expiry with the provider.
    Expiry,
    /// Stock.
    Allocation,
    /// Shipping creates the shipment.
    Shipment,
    /// A label of the carrier.
    Label,
    /// The warehouse.
    Dispatch,
    /// The carrier's first scan.
    FirstScan,
    /// The parcel's arrival.
    Delivery,
    /// Shipping decides whether a cancellation is in time.
    Cancellation,
    /// The payment ends at the provider.
    PaymentCancellation,
    /// Payments requests the refund that the end of the order needs.
    RefundRequest,
    /// The provider makes this refund.
    Refund(String),
    /// Payments requests a failed refund again.
    RefundAgain(String),
    /// Inventory releases the stock.
    StockRelease,
    /// Inventory takes what was shipped off the stock.
    StockCommit,
    /// Inventory takes what was returned into the stock.
    StockReturn,
    /// The carrier voids the label.
    LabelVoid,
    /// Orders records the events of this service, from which it computes the status.
    Record(Service),
    /// An operator acts on an attention.
    Attention(Attention),
}

/// One thing that the order waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wait {
    pub(super) step: Step,
    pub(super) since: Timestamp,
    pub(super) until: Option<Timestamp>,
}

/// A wait as the answer shows it.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    r#for: &'static str,
    /// Whose turn it is.
    of: &'static str,
    /// The refund, the attention, or the service whose events are to be recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<String>,
    since: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
}

impl Wait {
    pub(super) fn shown(&self) -> Shown {
        let (name, of) = self.step.name();
        let about = match &self.step {
            Step::Refund(id) | Step::RefundAgain(id) => Some(id.clone()),
            Step::Record(service) => Some(service.as_str().to_owned()),
            Step::Attention(attention) => Some(attention.as_str().to_owned()),
            Step::PaymentBegin
            | Step::Payment
            | Step::OfflinePayment
            | Step::Authentication
            | Step::Expiry
            | Step::Allocation
            | Step::Shipment
            | Step::Label
            | Step::Dispatch
            | Step::FirstScan
            | Step::Delivery
            | Step::Cancellation
            | Step::PaymentCancellation
            | Step::RefundRequest
            | Step::StockRelease
            | Step::StockCommit
            | Step::StockReturn
            | Step::LabelVoid => None,
        };
        Shown { r#for: name, of, about, since: self.since, until: self.until }
    }
}

impl Step {
    /// Its name, and whose turn it is: a service, or someone outside.
    pub(super) const fn name(&self) -> (&'static str, &'static str) {
        match self {
            Self::PaymentBegin => ("payment_begin", "payments"),
            Self::Payment => ("payment", "payment provider"),
            Self::OfflinePayment => ("offline_payment", "sender of the payment"),
            Self::Authentication => ("authentication", "customer"),
            Self::Expiry => ("expiry", "payments"),
            Self::Allocation => ("allocation", "inventory"),
            Self::Shipment => ("shipment", "shipping"),
            Self::Label => ("label", "shipping"),
            Self::Dispatch => ("dispatch", "warehouse"),
            Self::FirstScan => ("first_scan", "carrier"),
            Self::Delivery => ("delivery", "carrier"),
            Self::Cancellation => ("cancellation", "shipping"),
            Self::PaymentCancellation => ("payment_cancellation", "payments"),
            Self::RefundRequest => ("refund_request", "payments"),
            Self::Refund(_) => ("refund", "payment provider"),
            Self::RefundAgain(_) => ("refund_again", "payments"),
            Self::StockRelease => ("stock_release", "inventory"),
            Self::StockCommit => ("stock_commit", "inventory"),
            Self::StockReturn => ("stock_return", "inventory"),
            Self::LabelVoid => ("label_void", "shipping"),
            Self::Record(_) => ("record", "orders"),
            Self::Attention(_) => ("attention", "operator"),
        }
    }
}

/// Everything that the order waits for: first what an operator must do. Empty: it is done, unless something more is reported.
pub(super) fn waits(known: &Known, lasts: &LastsAtMost) -> Vec<Wait> {
    let mut waits: Vec<Wait> = known
        .attention
        .iter()
        .map(|(attention, since)| Wait {
            step: Step::Attention(*attention),
            since: *since,
            until: evidence_due(known, *attention),
        })
        .collect();
    let (since, until) = (known.status_since, |lasts: Duration| late(known.status_since, lasts));
    match known.status {
        OrderStatus::Placed | OrderStatus::PaymentActionRequired => waits.push(unpaid(known, lasts)),
        OrderStatus::Paid => waits.push(Wait { step: Step::Allocation, since, until: until(lasts.paid) }),
        OrderStatus::Allocated => waits.extend(parcel(known, until(lasts.allocated))),
        OrderStatus::Shipped => {
            let until = if lasts.shipped.is_zero() { None } else { until(lasts.shipped) };
            waits.push(Wait { step: Step::Delivery, since, until });
        }
        OrderStatus::Cancelling => waits.extend(compensations(known, until(lasts.cancelling))),
        OrderStatus::OutOfStock | OrderStatus::ShippingFailed => {
            waits.extend(compensations(known, late(known.moved_at, lasts.owing)));
        }
        OrderStatus::Delivered
        | OrderStatus::Returned
        | OrderStatus::PaymentFailed
        | OrderStatus::Cancelled
        | OrderStatus::Expired => {}
    }
    waits.extend(cancellation(known));
    waits.extend(refunds(known, lasts));
    waits.extend(stock(known));
    let unrecorded = known.unrecorded.iter();
    waits.extend(unrecorded.map(|(service, since)| Wait {
        step: Step::Record(*service),
        since: *since,
        until: None,
    }));
    waits
}

fn late(since: Timestamp, lasts: Duration) -> Option<Timestamp> {
    since.checked_add(lasts).ok()
}

fn evidence_due(known: &Known, attention: Attention) -> Option<Timestamp> {
    match attention {
        Attention::Disputed | Attention::Inquiry => {
            known.disputes.values().filter_map(|open| open.evidence_due_by).min()
        }
        Attention::RefundFailed
        | Attention::VoidFailed
        | Attention::DeliveryFailed
        | Attention::ScannedAfterCancel
        | Attention::RefundedUnshipped
        | Attention::Stuck => None,
    }
}

fn unpaid(known: &Known, lasts: &LastsAtMost) -> Wait {
    if let Some(since) = known.at::<OrdersEvent>("OrderExpired") {
        return Wait { step: Step::Expiry, since, until: late(since, lasts.unpaid) };
    }
    let until = Some(known.pay_by);
    if known.status == OrderStatus::PaymentActionRequired {
        return Wait { step: Step::Authentication, since: known.status_since, until };
    }
    match known.at::<PaymentsEvent>("PaymentRequested") {
        None => Wait { step: Step::PaymentBegin, since: known.placed_at, until },
        Some(since) if known.offline_sender.is_some() => Wait { step: Step::OfflinePayment, since, until },
        Some(since) => Wait { step: Step::Payment, since, until },
    }
}

/// What a parcel waits for. A held one waits for an operator, by its attention.
fn parcel(known: &Known, until: Option<Timestamp>) -> Option<Wait> {
    if known.held_since.is_some() {
        return None;
    }
    let requested = known.at::<ShippingEvent>("ShipmentRequested");
    let bought = known.at::<ShippingEvent>("LabelPurchased");
    let (step, since) = match (requested, bought, known.provider) {
        (None, _, _) | (_, _, None) => (Step::Shipment, known.status_since),
        (Some(requested), _, Some(Provider::Warehouse)) => (Step::Dispatch, requested),
        (Some(_), Some(bought), Some(Provider::Easypost)) => (Step::FirstScan, bought),
        (Some(requested), None, Some(Provider::Easypost)) => (Step::Label, requested),
    };
    Some(Wait { step, since, until })
}

/// What an end before the dispatch still has to undo.
fn compensations(known: &Known, until: Option<Timestamp>) -> Vec<Wait> {
    let since = known.status_since;
    let ended = known.at::<PaymentsEvent>("PaymentCancelled").or(known.at::<PaymentsEvent>("PaymentFailed"));
    let paid = known.at::<PaymentsEvent>("OrderPaid").is_some();
    let (failed_to_void, asked_again) =
        (known.at::<ShippingEvent>("LabelVoidFailed"), known.at::<ShippingEvent>("LabelVoidRequested"));
    let holds_label = known.at::<ShippingEvent>("LabelPurchased").is_some()
        && known.at::<ShippingEvent>("LabelVoided").is_none()
        && (failed_to_void.is_none() || asked_again > failed_to_void);
    let holds_stock = known.status != OrderStatus::OutOfStock
        && known.at::<InventoryEvent>("StockReleased").is_none()
        && known.at::<InventoryEvent>("OutOfStock").is_none();
    [
        (Step::RefundRequest, paid && !known.is_compensated && !known.has_all_left()),
        (Step::PaymentCancellation, !paid && ended.is_none() && !known.is_compensated),
        (Step::StockRelease, holds_stock),
        (Step::LabelVoid, holds_label),
    ]
    .into_iter()
    .filter_map(|(step, is_owed)| is_owed.then_some(Wait { step, since, until }))
    .collect()
}

/// A request to cancel that shipping has not decided.
fn cancellation(known: &Known) -> Option<Wait> {
    let since = known.at::<OrdersEvent>("OrderCancellationRequested")?;
    let is_decided = known.at::<ShippingEvent>("ShipmentCancelled").is_some()
        || known.at::<ShippingEvent>("CancellationRejected").is_some();
    (!is_decided).then_some(Wait { step: Step::Cancellation, since, until: None })
}

fn refunds(known: &Known, lasts: &LastsAtMost) -> Vec<Wait> {
    let lasts = if known.status == OrderStatus::Cancelling { lasts.cancelling } else { lasts.owing };
    let wait = |(id, (state, since)): (&events::RefundId, &(RefundState, Timestamp))| {
        let step = match state {
            RefundState::Requested => Step::Refund(id.to_string()),
            RefundState::WaitsForAnother if !known.has_all_left() => Step::RefundAgain(id.to_string()),
            RefundState::WaitsForAnother | RefundState::Over => return None,
        };
        Some(Wait { step, since: *since, until: late(known.moved_at.max(*since), lasts) })
    };
    known.refunds.iter().filter_map(wait).collect()
}

/// What inventory has not recorded yet of a parcel that left, or that was returned. It has no deadline of its own.
fn stock(known: &Known) -> Option<Wait> {
    if let Some(since) = known.at::<ShippingEvent>("ReturnReceived").filter(|_| known.restocks) {
        let is_back = known.at::<InventoryEvent>("StockReturned").is_some();
        return (!is_back).then_some(Wait { step: Step::StockReturn, since, until: None });
    }
    let since = known.at::<ShippingEvent>("Shipped")?;
    let is_committed = known.at::<InventoryEvent>("StockCommitted").is_some();
    (!is_committed).then_some(Wait { step: Step::StockCommit, since, until: None })
}

#[cfg(test)]
mod tests;
