//! Payments as folds of their events, without a table.

use crate::Payment;
use event_store::Aggregate as _;
use events::{Amount, OrderPaid, PaymentRequested, PaymentsEvent};
use testkit::{customer, envelope, eur, lines, now, order_id};

/// What is requested and captured, in minor units.
pub(crate) const CAPTURED: u64 = 1900;

/// Folds one more event.
pub(crate) fn apply(payment: &mut Payment, event: impl Into<PaymentsEvent>) {
    let event = event.into();
    payment.evolve(&event, &envelope(&order_id(1), 1, &event));
}

/// The payment after these events.
pub(crate) fn after(events: impl IntoIterator<Item = PaymentsEvent>) -> Payment {
    let mut payment = Payment::default();
    for event in events {
        apply(&mut payment, event);
    }
    payment
}

/// The request of the intent `pi_1`.
pub(crate) fn requested() -> PaymentRequested {
    PaymentRequested {
        intent_id: "pi_1".to_owned(),
        amount: Amount::minor(CAPTURED),
        currency: eur(),
        lines: lines(),
        customer: customer(),
        pay_by: now(),
        confirm: events::Confirm::Server,
    }
}

/// Its capture.
pub(crate) fn order_paid() -> OrderPaid {
    let amount = Amount::minor(CAPTURED);
    OrderPaid { intent_id: "pi_1".to_owned(), amount, currency: eur(), lines: lines(), reference: None }
}
