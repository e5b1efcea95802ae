//! The order: the fold of its events, and the decisions about it. Pure.

use crate::Facts;
use event_store::Aggregate;
use events::{
    Attention, Because, Detail, Envelope, EventId, OrderCancellationRequested, OrderPlaced, OrderStatus,
    OrderUpdated, OrdersEvent, RequestedBy,
};
use jiff::Timestamp;
use std::collections::HashSet;

/// What orders knows about one order.
#[derive(Debug, Clone, Default)]
pub struct Order {
    placed: Option<(OrderPlaced, Timestamp)>,
    cancellation_requested: bool,
    facts: Facts,
    /// The events of other services whose facts are recorded here.
    told_by: HashSet<EventId>,
    /// Since when it has the status that it has.
    since: Option<(OrderStatus, Timestamp)>,
    updated_at: Option<Timestamp>,
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
            OrdersEvent::OrderExpired(_) => {}
            OrdersEvent::OrderUpdated(updated) => {
                self.facts.add(updated.because, &updated.detail, updated.status);
                self.told_by.insert(envelope.causationid.clone());
            }
        }
        let status = self.facts.status();
        if self.since.is_none_or(|(before, _)| before != status) {
            self.since = Some((status, envelope.time));
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

    /// Since when it stands there.
    pub fn since(&self) -> Option<Timestamp> {
        self.since.map(|(_, at)| at)
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

    /// Records a fact that `told_by` tells, once; `None` where it is recorded already.
    pub fn decide_update(&self, because: Because, detail: &Detail, told_by: &EventId) -> Option<OrdersEvent> {
        if self.told_by.contains(told_by) {
            return None;
        }
        let mut facts = self.facts.clone();
        facts.add(because, detail, self.status());
        Some(
            OrderUpdated {
                because,
                status: facts.status(),
                attention: facts.attention().into_iter().collect(),
                detail: detail.clone(),
            }
            .into(),
        )
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
