//! What is known about an order, as a set, and the status that follows from it.
//!
//! Facts arrive in any order, and more than once. The status is a pure function of the *set*, so that every
//! order of arrival gives the same answer, and a status never goes backwards.

mod standing;

pub(crate) use standing::Standing;

use events::{
    Amount, Because, CancelCause, Detail, DisputeOutcome, OrderStatus, RefundCause, RefundId, TrackingStatus,
};
use std::collections::{BTreeMap, HashSet};

/// The set of facts.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    seen: HashSet<Because>,
    /// Why the payment was to be ended, and why it ended.
    cancel_causes: HashSet<CancelCause>,
    late_capture: bool,
    captured: Option<Amount>,
    refunds: BTreeMap<RefundId, Refund>,
    disputes: BTreeMap<String, HashSet<DisputeOutcome>>,
    /// What the bank ever held, by dispute.
    disputed: BTreeMap<String, Amount>,
    /// What the bank took back for good, by dispute.
    charged_back: BTreeMap<String, Amount>,
    tracked: HashSet<TrackingStatus>,
    scanned_after_cancellation: bool,
    carrier: Option<(String, String)>,
    /// Where the sweep found it standing for too long.
    stuck_in: HashSet<Standing>,
}

/// One refund: what was asked for, what came of it. All of it grows only.
#[derive(Debug, Clone, Default)]
struct Refund {
    /// Why it was asked for; `None` while only its outcome is known.
    cause: Option<RefundCause>,
    refunded: Option<Amount>,
    failed: Option<Failed>,
    /// It failed, and is not asked for again by itself.
    given_up: bool,
    replaced: bool,
}

/// How a refund failed, at its furthest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Failed {
    /// Nothing was made.
    Refused,
    /// It was made, and did not hold.
    TakenBack,
}

/// Whether a refund for this cause gives back everything that is owed.
fn compensates(cause: RefundCause) -> bool {
    match cause {
        RefundCause::OutOfStock
        | RefundCause::ShippingFailed
        | RefundCause::Cancelled
        | RefundCause::LateCapture
        | RefundCause::Returned => true,
        RefundCause::Goodwill | RefundCause::Foreign => false,
    }
}

impl Refund {
    /// What it gave back. That it was taken back is the last word: banks report some long after the success. A refusal
    /// is not: what turns up in spite of it was made.
    fn given_back(&self) -> Option<Amount> {
        self.refunded.filter(|_| self.failed != Some(Failed::TakenBack))
    }

    fn has_failed(&self) -> bool {
        self.failed.is_some() && self.given_back().is_none()
    }

    fn is_open(&self) -> bool {
        // Nobody owes one that was made at the provider, outside of Conveyor, and failed there.
        let is_owed = self.cause.is_some_and(|cause| cause != RefundCause::Foreign || !self.has_failed());
        is_owed && self.given_back().is_none() && !self.replaced
    }
}

/// The payment's part of the page of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    None,
    Requested,
    ActionRequired,
    Paid,
    Failed,
    Cancelled,
}

/// The shipment's part of the page of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ShipmentState {
    None,
    Requested,
    Labelled,
    Shipped,
    Delivered,
    Failed,
    Cancelled,
    Returned,
}

impl Facts {
    /// The set with one more fact. Adding a fact again changes nothing. `status` is the one recorded beside a
    /// deadline that passed: it is the status that the order was stuck in.
    pub fn add(&mut self, because: Because, detail: &Detail, status: OrderStatus) {
        self.seen.insert(because);
        match because {
            Because::OrderPaid => self.captured = self.captured.max(detail.amount),
            Because::PaymentFailed => {
                self.cancel_causes.insert(CancelCause::Declined);
            }
            Because::PaymentCancellationRequested | Because::PaymentCancelled => {
                self.cancel_causes.extend(detail.cancel_cause);
            }
            Because::RefundRequested => self.add_refund_request(detail),
            Because::PaymentRefunded => {
                if let Some(refund) = self.refund(detail) {
                    refund.refunded = refund.refunded.max(detail.amount);
                }
            }
            Because::RefundFailed => {
                if let Some(refund) = self.refund(detail) {
                    let failed = if detail.refused { Failed::Refused } else { Failed::TakenBack };
                    refund.failed = refund.failed.max(Some(failed));
                    refund.given_up |= !detail.again;
                }
            }
            Because::PaymentDisputed => {
                let id = detail.dispute_id.clone().unwrap_or_default();
                let held = self.disputed.entry(id.clone()).or_default();
                *held = detail.amount.unwrap_or_default().max(*held);
                if detail.dispute == Some(DisputeOutcome::Lost) {
                    let taken = self.charged_back.entry(id.clone()).or_default();
                    *taken = detail.amount.unwrap_or_default().max(*taken);
                }
                self.disputes.entry(id).or_default().extend(detail.dispute);
            }
            Because::LabelPurchased | Because::Shipped => self.add_carrier(detail),
            Because::ShipmentTracked => {
                self.tracked.extend(detail.tracking);
                self.scanned_after_cancellation |= detail.after_cancellation;
            }
            Because::Deadline => {
                self.stuck_in.insert(self.standing_in(status));
            }
            Because::PaymentRequested
            | Because::PaymentActionRequired
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
            | Because::Delivered
            | Because::ReturnedToSender
            | Because::ReturnReceived => {}
        }
    }

    /// The first that applies, of the furthest first (ARCHITECTURE.md, "The way of one order").
    pub fn status(&self) -> OrderStatus {
        if self.has(Because::ReturnReceived) {
            OrderStatus::Returned
        } else if self.has(Because::Delivered) {
            OrderStatus::Delivered
        } else if self.has(Because::Shipped) {
            OrderStatus::Shipped
        } else if self.has(Because::ShippingFailed) {
            OrderStatus::ShippingFailed
        } else if self.has(Because::OutOfStock) {
            OrderStatus::OutOfStock
        } else if self.payment_ended_by(CancelCause::Declined) {
            OrderStatus::PaymentFailed
        } else if self.payment_ended_by(CancelCause::Expired) {
            OrderStatus::Expired
        } else if self.has(Because::ShipmentCancelled) || self.payment_ended_by(CancelCause::Cancelled) {
            if self.is_cancellation_settled() { OrderStatus::Cancelled } else { OrderStatus::Cancelling }
        } else if self.has(Because::InventoryUpdated) {
            OrderStatus::Allocated
        } else if self.has(Because::OrderPaid) {
            OrderStatus::Paid
        } else if self.has(Because::PaymentActionRequired) {
            OrderStatus::PaymentActionRequired
        } else {
            OrderStatus::Placed
        }
    }

    /// Whether this fact is known.
    pub fn has(&self, because: Because) -> bool {
        self.seen.contains(&because)
    }

    /// Where the payment stands.
    pub fn payment(&self) -> PaymentState {
        if self.late_capture || self.has(Because::PaymentCancelled) {
            PaymentState::Cancelled
        } else if self.has(Because::OrderPaid) {
            PaymentState::Paid
        } else if self.has(Because::PaymentFailed) {
            PaymentState::Failed
        } else if self.has(Because::PaymentActionRequired) {
            PaymentState::ActionRequired
        } else if self.has(Because::PaymentRequested) {
            PaymentState::Requested
        } else {
            PaymentState::None
        }
    }

    /// Where the shipment stands.
    pub fn shipment(&self) -> ShipmentState {
        [
            (Because::ReturnReceived, ShipmentState::Returned),
            (Because::Delivered, ShipmentState::Delivered),
            (Because::Shipped, ShipmentState::Shipped),
            (Because::ShippingFailed, ShipmentState::Failed),
            (Because::ShipmentCancelled, ShipmentState::Cancelled),
            (Because::LabelPurchased, ShipmentState::Labelled),
            (Because::ShipmentRequested, ShipmentState::Requested),
        ]
        .into_iter()
        .find_map(|(because, state)| self.has(because).then_some(state))
        .unwrap_or(ShipmentState::None)
    }

    /// What was captured, in minor units.
    pub fn captured(&self) -> Amount {
        self.captured.unwrap_or_default()
    }

    /// What went back, in minor units.
    pub fn refunded(&self) -> Amount {
        self.refunds.values().filter_map(Refund::given_back).fold(Amount::ZERO, Amount::plus)
    }

    /// Carrier and tracking code, once known.
    pub fn carrier(&self) -> Option<(&str, &str)> {
        self.carrier.as_ref().map(|(carrier, code)| (carrier.as_str(), code.as_str()))
    }

    fn add_refund_request(&mut self, detail: &Detail) {
        if detail.refund_cause == Some(RefundCause::LateCapture) {
            self.late_capture = true;
            self.captured = self.captured.max(detail.captured);
        }
        if let Some(refund) = self.refund(detail) {
            refund.cause = detail.refund_cause;
        }
        if let Some(earlier) = &detail.instead_of {
            self.refunds.entry(earlier.clone()).or_default().replaced = true;
        }
    }

    fn refund(&mut self, detail: &Detail) -> Option<&mut Refund> {
        Some(self.refunds.entry(detail.refund_id.clone()?).or_default())
    }

    /// Label and hand-over name the same code. Should they differ, the larger one holds, whichever came first.
    fn add_carrier(&mut self, detail: &Detail) {
        if let (Some(carrier), Some(code)) = (&detail.carrier, &detail.tracking_code) {
            let told = Some((carrier.clone(), code.clone()));
            self.carrier = self.carrier.take().max(told);
        }
    }

    fn payment_ended_by(&self, cause: CancelCause) -> bool {
        let ended =
            self.late_capture || self.has(Because::PaymentCancelled) || self.has(Because::PaymentFailed);
        ended && self.cancel_causes.contains(&cause)
    }

    fn is_cancellation_settled(&self) -> bool {
        self.is_stock_settled() && self.is_money_settled() && self.is_label_settled()
    }

    /// Released, never taken, or a tombstone in its place (which is a release of nothing).
    fn is_stock_settled(&self) -> bool {
        self.has(Because::StockReleased) || self.has(Because::OutOfStock)
    }

    /// The payment ended without money, or all of it has gone back, in however many refunds; beside a compensation that
    /// is settled, what a bank holds or held counts as gone. Should a refund fail long afterwards, or a dispute be won,
    /// the order owes again, and is open; but its status has been settled, and does not go backwards.
    fn is_money_settled(&self) -> bool {
        let without_money =
            !self.late_capture && (self.has(Because::PaymentCancelled) || self.has(Because::PaymentFailed));
        let settles = |refund: &Refund| refund.cause.is_some_and(compensates) && refund.refunded.is_some();
        let is_compensated = self.refunds.values().any(settles);
        let refunded = |refund: &Refund| refund.refunded;
        without_money
            || self.is_all_gone(refunded, &self.charged_back)
            || is_compensated && self.is_all_gone(refunded, &self.disputed)
    }

    /// Whether all that was captured has left us: given back, by whichever way, or with the bank.
    fn is_all_gone(
        &self,
        given_back: impl Fn(&Refund) -> Option<Amount>,
        bank: &BTreeMap<String, Amount>,
    ) -> bool {
        let refunds = self.refunds.values().filter_map(given_back);
        let gone = refunds.chain(bank.values().copied()).fold(Amount::ZERO, Amount::plus);
        self.captured.is_some_and(|captured| captured <= gone)
    }

    fn is_label_settled(&self) -> bool {
        !self.has(Because::LabelPurchased) || self.has(Because::LabelVoided)
    }
}
