//! What an order still waits for: its next status, or a debt that is left after its end.
//!
//! The sweep measures how long the [`Progress`] has not changed. An order under way has its status as progress. An order that
//! has ended has its debts as well, so that a debt gets its own deadline: a refund that is requested weeks after the delivery
//! is not overdue at once.

use super::Facts;
use events::{OrderStatus, RefundId};
use std::collections::BTreeSet;

/// What an order that has ended still owes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Debt {
    /// The customer's money, for which no refund was requested or completed.
    Money,
    /// This refund: requested, and not made.
    Refund(RefundId),
    /// The release of allocated stock.
    Stock,
    /// The void of a purchased label.
    Label,
}

/// How far an order is: two equal values mean that nothing has moved in between.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Progress {
    status: OrderStatus,
    /// Empty while the order is under way: the next status is due then.
    debts: BTreeSet<Debt>,
}

impl Progress {
    /// The status.
    pub(crate) fn status(&self) -> OrderStatus {
        self.status
    }

    /// Whether our services still have work to do: the order is under way, or owes something.
    pub(crate) fn is_unfinished(&self) -> bool {
        is_under_way(self.status) || !self.debts.is_empty()
    }
}

fn is_under_way(status: OrderStatus) -> bool {
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
    /// Whether the order is open: it is under way, owes something, or needs an operator.
    pub fn is_open(&self) -> bool {
        self.progress().is_unfinished() || !self.attention().is_empty()
    }

    /// How far the order is.
    pub(crate) fn progress(&self) -> Progress {
        self.progress_in(self.status())
    }

    /// The same for a given status: a missed deadline refers to the status that was recorded with it.
    pub(super) fn progress_in(&self, status: OrderStatus) -> Progress {
        let debts = if is_under_way(status) { BTreeSet::new() } else { self.debts(status) };
        Progress { status, debts }
    }

    /// Whether the sweep found the order overdue at its present progress. It is no longer stuck once anything has moved.
    pub(crate) fn is_stuck(&self) -> bool {
        self.stuck_at.contains(&self.progress())
    }

    fn debts(&self, status: OrderStatus) -> BTreeSet<Debt> {
        let (out_of_stock, failed) =
            (status == OrderStatus::OutOfStock, status == OrderStatus::ShippingFailed);
        [
            (Debt::Money, (out_of_stock || failed) && !self.is_money_settled()),
            (Debt::Stock, failed && !self.is_stock_settled()),
            (Debt::Label, failed && !self.is_label_settled()),
        ]
        .into_iter()
        .filter_map(|(debt, is_owed)| is_owed.then_some(debt))
        .chain(self.money.owed_refunds().cloned().map(Debt::Refund))
        .collect()
    }
}
