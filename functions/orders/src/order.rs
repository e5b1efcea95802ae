//! The order: the fold of its events, and the decisions about it. Pure.
//!
//! What other services report is kept in [`Facts`]; this aggregate adds what only orders knows: the order as it was placed, the
//! requests to cancel and to expire it, and since when it has made no progress.

mod erasure;

use crate::facts::Progress;
use crate::{Deadlines, Facts};
use erasure::Erasure;
use event_store::Aggregate;
use events::{
    Attention, Because, Detail, Envelope, EventId, OrderCancellationRequested, OrderExpired, OrderPlaced,
    OrderStatus, OrderUpdated, OrdersEvent, RequestedBy,
};
use jiff::Timestamp;
use std::collections::HashMap;

/// One order, as the fold of its stream.
#[derive(Debug, Clone, Default)]
pub struct Order {
    placed: Option<(OrderPlaced, Timestamp)>,
    cancellation_requested: bool,
    facts: Facts,
    /// When payments was asked to let the order expire.
    expiry_requested: Option<Timestamp>,
    /// The causes of the recorded facts (events of other services, and the sweep), each with the attention that it raised.
    causes: HashMap<EventId, Vec<Attention>>,
    /// The present progress, and since when.
    progress: Option<(Progress, Timestamp)>,
    updated_at: Option<Timestamp>,
    erasure: Option<Erasure>,
}

/// What the sweep must do next about an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Ask payments to let the order expire.
    Expiry,
    /// Record that the order is stuck.
    Stuck,
}

/// Why a cancellation is not even requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotCancellable {
    /// No such order exists.
    Unknown,
    /// The order has ended or was shipped: this is its status.
    Over(OrderStatus),
    /// Shipping rejected an earlier request.
    Rejected,
}

impl Aggregate for Order {
    type Event = OrdersEvent;

    fn evolve(&mut self, event: &OrdersEvent, envelope: &Envelope) {
        match event {
            OrdersEvent::OrderPlaced(placed) => self.placed = Some((placed.clone(), envelope.time)),
            OrdersEvent::OrderCancellationRequested(_) => self.cancellation_requested = true,
            // Only a request: payments decides whether the order has expired, and its answer is a fact.
            OrdersEvent::OrderExpired(_) => {
                self.expiry_requested.get_or_insert(envelope.time);
            }
            OrdersEvent::CustomerErasureRequested(request) => self.begin_erasure(request, envelope.time),
            OrdersEvent::OrderDataErased(_) => self.finish_erasure(),
            OrdersEvent::OrderUpdated(updated) => {
                let before = self.facts.attention();
                self.facts.add(
                    updated.because,
                    &updated.detail,
                    updated.status,
                    place(&envelope.causationid),
                );
                let raised = self.facts.attention().difference(&before).copied().collect();
                self.causes.entry(envelope.causationid.clone()).or_insert(raised);
            }
        }
        let progress = self.facts.progress();
        if self.progress.as_ref().is_none_or(|(before, _)| *before != progress) {
            self.progress = Some((progress, envelope.time));
        }
        if !event.is_quiet() {
            self.updated_at = Some(envelope.time);
        }
    }

    fn pseudonym(&self) -> Option<&str> {
        self.erasure.as_ref().map(|erasure| erasure.pseudonym.as_str())
    }
}

impl Order {
    /// The order as it was placed, and when; `None` before that.
    pub fn placed(&self) -> Option<(&OrderPlaced, Timestamp)> {
        self.placed.as_ref().map(|(placed, at)| (placed, *at))
    }

    /// The status.
    pub fn status(&self) -> OrderStatus {
        self.facts.status()
    }

    /// When its status, an attention or what is due changed last: the time of the last event that is not quiet.
    pub fn updated_at(&self) -> Option<Timestamp> {
        self.updated_at
    }

    /// The set of facts.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// What an operator must act on.
    pub fn attention(&self) -> Vec<Attention> {
        self.facts.attention().into_iter().collect()
    }

    /// The attention that the fact of this cause raised and that still holds. Empty if the cause recorded no fact.
    pub fn raised_by(&self, cause: &EventId) -> Vec<Attention> {
        let raised = self.causes.get(cause).map_or(&[][..], Vec::as_slice);
        self.facts.attention().into_iter().filter(|attention| raised.contains(attention)).collect()
    }

    /// What the sweep must do if nothing moves, and when; `None` if nothing is due.
    ///
    /// A dispute of a finished order has no deadline: banks take weeks, nothing of ours is late, and `disputed` has already
    /// raised an alarm. A failed refund has one although `refund_failed` has raised an alarm too: we still have the customer's
    /// money.
    pub fn next_deadline(&self, deadlines: &Deadlines) -> Option<(Timestamp, Due)> {
        let (placed, _) = self.placed.as_ref()?;
        let (progress, since) = self.progress.as_ref()?;
        let since = match (progress.status(), self.expiry_requested) {
            (OrderStatus::Placed | OrderStatus::PaymentActionRequired, None) => {
                return Some((placed.pay_by, Due::Expiry));
            }
            // A late sweep must not shorten the time in which payments can answer.
            (_, Some(requested)) => requested.max(*since),
            (_, None) => *since,
        };
        let lasts = deadlines.of(progress).filter(|_| !self.facts.is_stuck())?;
        Some((since.checked_add(lasts).unwrap_or(Timestamp::MAX), Due::Stuck))
    }

    /// The event that the sweep must append now; `None` before the deadline.
    pub fn decide_overdue(&self, now: Timestamp, deadlines: &Deadlines) -> Option<OrdersEvent> {
        let (_, due) = self.next_deadline(deadlines).filter(|(deadline, _)| *deadline <= now)?;
        match due {
            Due::Expiry => {
                let (placed, _) = self.placed.as_ref()?;
                Some(OrderExpired { pay_by: placed.pay_by }.into())
            }
            Due::Stuck => Some(self.updated(Because::Deadline, &Detail::default(), 0)),
        }
    }

    /// Records the fact of an event, once per event; `None` if it is recorded already.
    pub fn decide_update(&self, because: Because, detail: &Detail, cause: &EventId) -> Option<OrdersEvent> {
        (!self.causes.contains_key(cause)).then(|| self.updated(because, detail, place(cause)))
    }

    fn updated(&self, because: Because, detail: &Detail, place: u32) -> OrdersEvent {
        let mut facts = self.facts.clone();
        facts.add(because, detail, self.status(), place);
        let attention = facts.attention();
        let quiet = facts.progress() == self.facts.progress() && attention == self.facts.attention();
        let (status, attention) = (facts.status(), attention.into_iter().collect());
        let (detail, paid) = (self.with_currency(detail.clone()), facts.is_paid());
        OrderUpdated { because, status, attention, detail, paid, quiet }.into()
    }

    /// Adds the order's currency to a detail with an amount. Payments records every amount in that currency.
    pub(crate) fn with_currency(&self, detail: Detail) -> Detail {
        let has_amount = detail.amount.is_some() || detail.captured.is_some();
        let currency = self.placed.as_ref().filter(|_| has_amount).map(|(placed, _)| placed.currency);
        Detail { currency, ..detail }
    }

    /// Requests the cancellation, once; shipping decides. `Ok(None)` if it was already requested.
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

/// The place of a fact in the stream of its service. The sweep's own fact needs none.
fn place(cause: &EventId) -> u32 {
    cause.place().unwrap_or_default()
}
