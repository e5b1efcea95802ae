//! The order: the fold of its events, and the decisions about it. Pure.

use crate::facts::Standing;
use crate::{Deadlines, Facts};
use event_store::Aggregate;
use events::{
    Attention, Because, Detail, Envelope, EventId, OrderCancellationRequested, OrderExpired, OrderPlaced,
    OrderStatus, OrderUpdated, OrdersEvent, RequestedBy,
};
use jiff::Timestamp;
use std::collections::HashMap;

/// What orders knows about one order.
#[derive(Debug, Clone, Default)]
pub struct Order {
    placed: Option<(OrderPlaced, Timestamp)>,
    cancellation_requested: bool,
    facts: Facts,
    /// When payments was asked to let it expire.
    expiry_requested: Option<Timestamp>,
    /// What told the facts that are recorded here (events of other services, and the sweep), each with the
    /// attention that it raised.
    told_by: HashMap<EventId, Vec<Attention>>,
    /// Where it stands, and since when.
    standing: Option<(Standing, Timestamp)>,
    updated_at: Option<Timestamp>,
}

/// What the sweep has to do next about an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// To ask payments to let it expire.
    Expiry,
    /// To say that it is stuck.
    Stuck,
}

/// Why a cancellation is not even asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotCancellable {
    /// There is no such order.
    Unknown,
    /// It has ended or left the house: this is its status.
    Over(OrderStatus),
    /// An earlier request was refused by shipping.
    Rejected,
}

impl Aggregate for Order {
    type Event = OrdersEvent;

    fn evolve(&mut self, event: &OrdersEvent, envelope: &Envelope) {
        match event {
            OrdersEvent::OrderPlaced(placed) => self.placed = Some((placed.clone(), envelope.time)),
            OrdersEvent::OrderCancellationRequested(_) => self.cancellation_requested = true,
            // Payments decides whether it has expired; until it has said so, nothing is different.
            OrdersEvent::OrderExpired(_) => {
                self.expiry_requested.get_or_insert(envelope.time);
            }
            OrdersEvent::OrderUpdated(updated) => {
                let before = self.facts.attention();
                self.facts.add(updated.because, &updated.detail, updated.status);
                let raised = self.facts.attention().difference(&before).copied().collect();
                self.told_by.entry(envelope.causationid.clone()).or_insert(raised);
            }
        }
        let standing = self.facts.standing();
        if self.standing.as_ref().is_none_or(|(before, _)| *before != standing) {
            self.standing = Some((standing, envelope.time));
        }
        self.updated_at = Some(envelope.time);
    }
}

impl Order {
    /// The order as it was placed, and when; `None` before that.
    pub fn placed(&self) -> Option<(&OrderPlaced, Timestamp)> {
        self.placed.as_ref().map(|(placed, at)| (placed, *at))
    }

    /// Where it stands.
    pub fn status(&self) -> OrderStatus {
        self.facts.status()
    }

    /// When something was last recorded.
    pub fn updated_at(&self) -> Option<Timestamp> {
        self.updated_at
    }

    /// What is known.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// What somebody has to look at.
    pub fn attention(&self) -> Vec<Attention> {
        self.facts.attention().into_iter().collect()
    }

    /// What somebody has to look at since this told its fact, and still has to. Nothing where it told none.
    pub fn raised_by(&self, told_by: &EventId) -> Vec<Attention> {
        let raised = self.told_by.get(told_by).map_or(&[][..], Vec::as_slice);
        self.facts.attention().into_iter().filter(|attention| raised.contains(attention)).collect()
    }

    /// What the sweep has to do next, and when, if nothing moves until then; `None` where it has nothing to do.
    ///
    /// An order whose payment is disputed, and that is finished otherwise, is open and has no deadline: the banks
    /// take weeks, nothing of ours is late meanwhile, and `disputed` has called somebody already. A refund that
    /// failed has one, although `refund_failed` has called somebody too: the customer's money is still with us.
    pub fn next_deadline(&self, deadlines: &Deadlines) -> Option<(Timestamp, Due)> {
        let (placed, _) = self.placed.as_ref()?;
        let (standing, since) = self.standing.as_ref()?;
        let since = match (standing.status(), self.expiry_requested) {
            (OrderStatus::Placed | OrderStatus::PaymentActionRequired, None) => {
                return Some((placed.pay_by, Due::Expiry));
            }
            // A sweep that comes late must not take the time that payments has for its answer.
            (_, Some(asked)) => asked.max(*since),
            (_, None) => *since,
        };
        let lasts = deadlines.of(standing).filter(|_| !self.facts.is_stuck())?;
        Some((since.checked_add(lasts).unwrap_or(Timestamp::MAX), Due::Stuck))
    }

    /// What the sweep says of the order at this moment; `None` before its deadline.
    pub fn decide_overdue(&self, now: Timestamp, deadlines: &Deadlines) -> Option<OrdersEvent> {
        let (_, due) = self.next_deadline(deadlines).filter(|(deadline, _)| *deadline <= now)?;
        match due {
            Due::Expiry => {
                let (placed, _) = self.placed.as_ref()?;
                Some(OrderExpired { pay_by: placed.pay_by }.into())
            }
            Due::Stuck => Some(self.updated(Because::Deadline, &Detail::default())),
        }
    }

    /// Records a fact that `told_by` tells, once; `None` where it is recorded already.
    pub fn decide_update(&self, because: Because, detail: &Detail, told_by: &EventId) -> Option<OrdersEvent> {
        (!self.told_by.contains_key(told_by)).then(|| self.updated(because, detail))
    }

    fn updated(&self, because: Because, detail: &Detail) -> OrdersEvent {
        let mut facts = self.facts.clone();
        facts.add(because, detail, self.status());
        let (status, attention) = (facts.status(), facts.attention().into_iter().collect());
        OrderUpdated { because, status, attention, detail: detail.clone() }.into()
    }

    /// Asks for the cancellation, once; shipping decides. `Ok(None)` where it was asked for already.
    pub fn decide_cancel(
        &self,
        requested_by: RequestedBy,
        reason: Option<String>,
    ) -> Result<Option<OrdersEvent>, NotCancellable> {
        if self.placed.is_none() {
            return Err(NotCancellable::Unknown);
        }
        if self.facts.has(Because::CancellationRejected) {
            return Err(NotCancellable::Rejected);
        }
        match self.status() {
            OrderStatus::Placed
            | OrderStatus::PaymentActionRequired
            | OrderStatus::Paid
            | OrderStatus::Allocated
            | OrderStatus::Cancelling => {}
            over @ (OrderStatus::Shipped
            | OrderStatus::Delivered
            | OrderStatus::Returned
            | OrderStatus::PaymentFailed
            | OrderStatus::OutOfStock
            | OrderStatus::ShippingFailed
            | OrderStatus::Cancelled
            | OrderStatus::Expired) => return Err(NotCancellable::Over(over)),
        }
        if self.cancellation_requested || self.facts.has(Because::ShipmentCancelled) {
            return Ok(None);
        }
        Ok(Some(OrderCancellationRequested { requested_by, reason }.into()))
    }
}
