//! The erasure of an order's personal data: its state, and when it may begin. Pure.

use super::Order;
use crate::Deadlines;
use event_store::Aggregate as _;
use events::{
    Because, Customer, CustomerErasureRequested, ErasureCause, OrderDataErased, OrderStatus, OrdersEvent,
};
use jiff::Timestamp;

/// The erasure of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Erasure {
    /// What replaces the customer's subject.
    pub(super) pseudonym: String,
    /// When it was requested.
    requested_at: Timestamp,
    /// Orders has erased its own data.
    is_done_here: bool,
}

/// The order is still open: this is its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StillOpen(pub(crate) OrderStatus);

impl Order {
    /// From the request on, the customer is the pseudonym: the order belongs to no caller any more.
    pub(super) fn begin_erasure(&mut self, request: &CustomerErasureRequested, at: Timestamp) {
        let pseudonym = request.pseudonym.clone();
        if let Some((placed, _)) = &mut self.placed {
            placed.customer.subject.clone_from(&pseudonym);
        }
        self.erasure = Some(Erasure { pseudonym, requested_at: at, is_done_here: false });
    }

    pub(super) fn finish_erasure(&mut self) {
        if let Some(erasure) = &mut self.erasure {
            erasure.is_done_here = true;
        }
    }

    /// When the erasure was requested, and who has reported that its data is erased: orders, payments, shipping.
    pub(crate) fn erasure(&self) -> Option<(Timestamp, [bool; 3])> {
        let erasure = self.erasure.as_ref()?;
        let of_others = [Because::PaymentDataErased, Because::ShipmentDataErased]
            .map(|because| self.facts().has(because));
        Some((erasure.requested_at, [erasure.is_done_here, of_others[0], of_others[1]]))
    }

    /// Whether orders, payments and shipping have reported that their data is erased; `None` if no erasure was requested.
    pub fn erasure_reports(&self) -> Option<[bool; 3]> {
        self.erasure().map(|(_, reports)| reports)
    }

    /// Requests the erasure, once. `Ok(None)`: it was requested.
    ///
    /// An order that is under way, owes something, needs an operator, or is on its way to the customer is still open: its address
    /// and its contact are needed.
    pub(crate) fn decide_erasure(
        &self,
        pseudonym: &str,
        because: ErasureCause,
        requested_by: Option<&Customer>,
        deadlines: &Deadlines,
    ) -> Result<Option<OrdersEvent>, StillOpen> {
        if self.placed().is_none() || self.pseudonym().is_some() {
            return Ok(None);
        }
        if self.is_needed(deadlines) {
            return Err(StillOpen(self.status()));
        }
        let (pseudonym, requested_by) = (pseudonym.to_owned(), requested_by.cloned());
        Ok(Some(CustomerErasureRequested { pseudonym, because, requested_by }.into()))
    }

    /// Whether its personal data is still needed.
    pub(crate) fn is_needed(&self, deadlines: &Deadlines) -> bool {
        self.facts().is_open() || self.next_deadline(deadlines).is_some()
    }

    /// Orders has erased its own data. Reported once.
    pub(crate) fn decide_erased(&self) -> Option<OrdersEvent> {
        let erasure = self.erasure.as_ref()?;
        (!erasure.is_done_here).then(|| OrderDataErased {}.into())
    }
}
