//! The facts about an order, as a set, and everything that follows from that set.
//!
//! Events of payments, inventory and shipping arrive late, reordered and more than once. The order therefore has no state machine:
//! each event adds one fact to a set, and the status is a pure function of the set. So every order of arrival gives the same
//! result, a duplicate changes nothing, and the status never moves backwards.
//!
//! Each answer has its own file: [`status`], [`money`], [`journey`] (where the parcel is), [`progress`] (what is still due), [`attention`] (what an operator must act
//! on) and [`page`] (the payment and the shipment on the order's page).
//!
//! # Every fact and its names
//!
//! One fact has three names. It arrives as an event of another service. [`track`](crate::TrackOrder) records it as an
//! `OrderUpdated` whose `because` is the type of that event; the timeline of the order's page shows the same name in snake case
//! (`inventory_updated`). Callbacks sends it to the shop's endpoints as a webhook with a type of its own.
//!
//! "Moves to" is the status of an order with this fact, unless another fact gives it a further status ([`Facts::status`] ranks
//! them).
//!
//! | event type = `because` | webhook | moves to | also changes |
//! |---|---|---|---|
//! | `PaymentRequested` | `order.payment_requested` | – | |
//! | `PaymentActionRequired` | `order.payment_action_required` | `payment_action_required` | |
//! | `OrderPaid` | `order.paid` | `paid` | the captured amount |
//! | `PaymentFailed` | `order.payment_failed` | `payment_failed` | |
//! | `PaymentCancellationRequested` | `order.payment_cancellation_requested` | – | the cause of a payment that ends |
//! | `PaymentCancelled` | `order.payment_cancelled` | by its cause | the cause of a payment that ends |
//! | `RefundRequested` | `order.refund_requested` | – | what is owed; cause `late_capture` ends the payment |
//! | `PaymentRefunded` | `order.refunded` | – | what is owed: can settle a cancellation |
//! | `RefundFailed` | `order.refund_failed` | – | attention `refund_failed` |
//! | `PaymentDisputed` | `order.payment_disputed` | – | attention `disputed` or `inquiry`; can settle a cancellation |
//! | `PaymentDataErased` | `order.payment_data_erased` | – | the erasure of the order |
//! | `InventoryUpdated` | `order.allocated` | `allocated` | |
//! | `OutOfStock` | `order.out_of_stock` | `out_of_stock` | |
//! | `StockReleased` | `order.stock_released` | – | can settle a cancellation |
//! | `StockCommitted` | `order.stock_committed` | – | |
//! | `StockReturned` | `order.stock_returned` | – | |
//! | `ShipmentRequested` | `order.shipment_requested` | – | |
//! | `LabelPurchased` | `order.label_purchased` | – | carrier and tracking code |
//! | `Shipped` | `order.shipped` | `shipped` | carrier and tracking code |
//! | `ShippingFailed` | `order.shipping_failed` | `shipping_failed` | |
//! | `ShipmentCancelled` | `order.shipment_cancelled` | `cancelling` | `cancelled` once stock, money and label are settled |
//! | `CancellationRejected` | `order.cancellation_rejected` | – | a later request to cancel is refused |
//! | `LabelVoided` | `order.label_voided` | – | ends `void_failed`; can settle a cancellation |
//! | `LabelVoidFailed` | `order.label_void_failed` | – | attention `void_failed` |
//! | `LabelVoidRequested` | `order.label_void_requested` | – | |
//! | `ShipmentTracked` | `order.tracked` | – | attention `delivery_failed` or `scanned_after_cancel` |
//! | `Delivered` | `order.delivered` | `delivered` | ends `delivery_failed` |
//! | `ReturnedToSender` | `order.returned_to_sender` | – | attention `delivery_failed`, also after `Delivered` |
//! | `ReturnReceived` | `order.returned` | `returned` | ends `delivery_failed` |
//! | `TrackingCorrected` | `order.tracking_corrected` | – | carrier and tracking code |
//! | `ShipmentHeld` | `order.shipment_held` | – | attention `refunded_unshipped` |
//! | `ShipmentReleased` | `order.shipment_released` | – | ends `refunded_unshipped` |
//! | `ShipmentDataErased` | `order.shipment_data_erased` | – | the erasure of the order |
//! | `deadline` (from the sweep, not an event) | `order.stuck` | – | attention `stuck` |
//!
//! Two more webhooks announce an end that needs several facts: `order.cancelled` and `order.expired`.

mod attention;
mod journey;
mod money;
mod page;
mod progress;
mod status;

pub(crate) use page::{PaymentState, ShipmentState};
pub(crate) use progress::Progress;

use events::{Amount, Because, CancelCause, Detail, OrderStatus, RefundCause};
use jiff::Timestamp;
use journey::Journey;
use money::Money;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// The set of facts about one order.
///
/// Every field only grows: a flag is set and never cleared, a set or map gains entries, an amount takes the larger of two
/// values. That makes the result independent of the order in which facts arrive.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    seen: BTreeSet<Because>,
    /// Why the payment was asked to end, and why it ended.
    cancel_causes: BTreeSet<CancelCause>,
    /// Money was captured after the payment had ended.
    late_capture: bool,
    money: Money,
    journey: Journey,
    /// Holds (`true`) and releases of the shipment, by their place in shipping's stream.
    holds: BTreeMap<u32, bool>,
    scanned_after_cancellation: bool,
    /// Carrier and tracking code.
    carrier: Option<(String, String)>,
    /// The progress at which the sweep found the order overdue.
    stuck_at: HashSet<Progress>,
}

impl Facts {
    /// Adds one fact. A duplicate changes nothing.
    ///
    /// `place` is the place of its event in the stream of its service, for the facts that contradict each other.
    /// `status` is the status that was recorded with the fact. Only [`Because::Deadline`] needs it: the sweep records that fact
    /// about the set as it was, to say at which progress the order was stuck.
    pub fn add(&mut self, because: Because, detail: &Detail, status: OrderStatus, place: u32) {
        self.seen.insert(because);
        match because {
            Because::OrderPaid => self.money.add_capture(detail.amount),
            Because::PaymentFailed => {
                self.cancel_causes.insert(CancelCause::Declined);
            }
            Because::PaymentCancellationRequested | Because::PaymentCancelled => {
                self.cancel_causes.extend(detail.cancel_cause);
            }
            Because::RefundRequested => {
                if detail.refund_cause == Some(RefundCause::LateCapture) {
                    self.late_capture = true;
                    self.money.add_capture(detail.captured);
                }
                self.money.add_refund_request(detail);
            }
            Because::PaymentRefunded => self.money.add_refund_success(detail),
            Because::RefundFailed => self.money.add_refund_failure(detail),
            Because::PaymentDisputed => self.money.add_dispute(detail),
            Because::LabelPurchased | Because::Shipped => self.add_carrier(detail),
            Because::ShipmentTracked => {
                self.journey.add_scan(place, detail.tracking, detail.occurred_at);
                self.scanned_after_cancellation |= detail.after_cancellation;
            }
            Because::TrackingCorrected => self.journey.add_correction(place, detail),
            Because::ShipmentHeld => {
                self.holds.insert(place, true);
            }
            Because::ShipmentReleased => {
                self.holds.insert(place, false);
            }
            Because::Delivered => self.journey.add_delivery(place, detail.occurred_at),
            Because::ReturnedToSender => self.journey.add_return(place, detail.occurred_at),
            Because::Deadline => {
                self.stuck_at.insert(self.progress_in(status));
            }
            Because::PaymentRequested
            | Because::PaymentActionRequired
            | Because::PaymentDataErased
            | Because::ShipmentDataErased
            | Because::InventoryUpdated
            | Because::OutOfStock
            | Because::StockReleased
            | Because::StockCommitted
            | Because::StockReturned
            | Because::ShipmentRequested
            | Because::ShippingFailed
            | Because::ShipmentCancelled
            | Because::CancellationRejected
            | Because::LabelVoided
            | Because::LabelVoidFailed
            | Because::LabelVoidRequested
            | Because::ReturnReceived => {}
        }
    }

    /// Whether the set contains this fact.
    pub fn has(&self, because: Because) -> bool {
        self.seen.contains(&because)
    }

    /// What was captured, in minor units.
    pub fn captured(&self) -> Amount {
        self.money.captured()
    }

    /// Whether the order was paid, in time or by a late capture.
    pub fn is_paid(&self) -> bool {
        self.has(Because::OrderPaid) || !self.captured().is_zero()
    }

    /// What the customer got back in refunds, in minor units.
    pub fn refunded(&self) -> Amount {
        self.money.refunded()
    }

    /// When a bank wants evidence about an open dispute or inquiry.
    pub fn evidence_due(&self) -> Option<Timestamp> {
        self.money.evidence_due()
    }

    /// Carrier and tracking code, once known.
    pub fn carrier(&self) -> Option<(&str, &str)> {
        let known = self.journey.corrected().or(self.carrier.as_ref());
        known.map(|(carrier, code)| (carrier.as_str(), code.as_str()))
    }

    /// Label and hand-over normally name the same code. If they differ, the larger one wins, in either order of arrival.
    fn add_carrier(&mut self, detail: &Detail) {
        if let (Some(carrier), Some(code)) = (&detail.carrier, &detail.tracking_code) {
            let reported = Some((carrier.clone(), code.clone()));
            self.carrier = self.carrier.take().max(reported);
        }
    }
}

#[cfg(test)]
mod tests;
