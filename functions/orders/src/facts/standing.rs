//! What an order waits for, and what somebody has to look at.
//!
//! An order is open while it has not ended, or while it owes something. Where it stands is its status and, once
//! it has ended, its debts: as long as neither changes, nothing has moved. The time that an order may stand
//! there counts from the last such change, and not from its status alone: a refund that is asked for weeks after
//! the delivery is not late the moment it is asked for.

use super::{Facts, Refund};
use events::{Attention, Because, DisputeOutcome, OrderStatus, RefundId, TrackingStatus};
use std::collections::BTreeSet;

/// What an order that has ended still owes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Debt {
    /// Money has to go back, and has not yet.
    Money,
    /// This refund, asked for and not made.
    Refund(RefundId),
    /// Stock that was taken has to be released.
    Stock,
    /// A label has to be given back.
    Label,
}

/// Where an order stands until something moves.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Standing {
    status: OrderStatus,
    /// None while it is on its way: what is due then is the next status.
    debts: BTreeSet<Debt>,
}

impl Standing {
    /// The status.
    pub(crate) fn status(&self) -> OrderStatus {
        self.status
    }

    /// Whether something of ours has still to happen: the order is on its way, or owes.
    pub(crate) fn is_unfinished(&self) -> bool {
        is_on_its_way(self.status) || !self.debts.is_empty()
    }
}

fn is_on_its_way(status: OrderStatus) -> bool {
    match status {
        OrderStatus::Placed
        | OrderStatus::PaymentActionRequired
        | OrderStatus::Paid
        | OrderStatus::Allocated
        | OrderStatus::Cancelling => true,
        OrderStatus::Shipped
        | OrderStatus::Delivered
        | OrderStatus::Returned
        | OrderStatus::PaymentFailed
        | OrderStatus::OutOfStock
        | OrderStatus::ShippingFailed
        | OrderStatus::Cancelled
        | OrderStatus::Expired => false,
    }
}

impl Facts {
    /// What somebody has to look at.
    pub fn attention(&self) -> BTreeSet<Attention> {
        let on_its_way_back = self.has(Because::ReturnedToSender)
            || self.tracked.contains(&TrackingStatus::Failure)
            || self.tracked.contains(&TrackingStatus::ReturnToSender);
        let arrived = self.has(Because::Delivered) || self.has(Because::ReturnReceived);
        [
            (
                Attention::RefundFailed,
                self.refunds
                    .values()
                    .any(|refund| refund.given_up && refund.has_failed() && self.is_owed(refund)),
            ),
            (Attention::VoidFailed, self.has(Because::LabelVoidFailed) && !self.has(Because::LabelVoided)),
            (Attention::Disputed, self.is_disputed()),
            (Attention::DeliveryFailed, on_its_way_back && !arrived),
            (Attention::ScannedAfterCancel, self.scanned_after_cancellation),
            (Attention::Stuck, self.is_stuck()),
        ]
        .into_iter()
        .filter_map(|(attention, holds)| holds.then_some(attention))
        .collect()
    }

    /// Whether something still has to happen: the order has not ended, or owes money, stock or a label, or its
    /// payment is disputed, or its parcel is missing.
    pub fn is_open(&self) -> bool {
        self.standing().is_unfinished() || self.is_disputed() || self.is_stuck()
    }

    /// Where it stands.
    pub(crate) fn standing(&self) -> Standing {
        self.standing_in(self.status())
    }

    pub(super) fn standing_in(&self, status: OrderStatus) -> Standing {
        let debts = if is_on_its_way(status) { BTreeSet::new() } else { self.debts(status) };
        Standing { status, debts }
    }

    /// Whether it was found standing there for too long. It is stuck no longer once something has moved.
    pub(crate) fn is_stuck(&self) -> bool {
        self.stuck_in.contains(&self.standing())
    }

    fn debts(&self, status: OrderStatus) -> BTreeSet<Debt> {
        let (refused, failed) = (status == OrderStatus::OutOfStock, status == OrderStatus::ShippingFailed);
        let refunds = self.refunds.iter().filter(|(_, refund)| self.is_owed(refund));
        [
            (Debt::Money, (refused || failed) && !self.is_money_settled()),
            (Debt::Stock, failed && !self.is_stock_settled()),
            (Debt::Label, failed && !self.is_label_settled()),
        ]
        .into_iter()
        .filter_map(|(debt, is_owed)| is_owed.then_some(debt))
        .chain(refunds.map(|(id, _)| Debt::Refund(id.clone())))
        .collect()
    }

    /// One that was given up is no debt any more once nothing is left to give: a compensation that asked for everything,
    /// or the bank, has taken what it stood for.
    fn is_owed(&self, refund: &Refund) -> bool {
        refund.is_open() && !(refund.has_failed() && self.is_all_gone(Refund::given_back, &self.charged_back))
    }

    fn is_disputed(&self) -> bool {
        self.disputes.values().any(|outcomes| {
            !outcomes.contains(&DisputeOutcome::Won) && !outcomes.contains(&DisputeOutcome::Lost)
        })
    }
}
