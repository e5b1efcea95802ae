//! The payment and the shipment on the order's page, for any set of facts.

use crate::facts::{Facts, PaymentState, ShipmentState};
use events::{Amount, Because, Detail, OrderStatus, RefundCause, RefundId};

fn facts(of: &[(Because, Detail)]) -> Facts {
    let mut facts = Facts::default();
    for (place, (because, detail)) in (0..).zip(of) {
        facts.add(*because, detail, OrderStatus::Placed, place);
    }
    facts
}

fn plain(of: &[Because]) -> Facts {
    facts(&of.iter().map(|because| (*because, Detail::default())).collect::<Vec<_>>())
}

fn late_capture() -> (Because, Detail) {
    let detail = Detail {
        refund_cause: Some(RefundCause::LateCapture),
        refund_id: Some(RefundId::try_from("late_capture").unwrap()),
        captured: Some(Amount::minor(700)),
        ..Detail::default()
    };
    (Because::RefundRequested, detail)
}

#[test]
fn the_page_shows_the_furthest_state_of_the_payment() {
    let path = [
        (Because::PaymentRequested, PaymentState::Requested),
        (Because::PaymentActionRequired, PaymentState::ActionRequired),
        (Because::PaymentFailed, PaymentState::Failed),
        (Because::OrderPaid, PaymentState::Paid),
        (Because::PaymentCancelled, PaymentState::Cancelled),
    ];
    assert_eq!(Facts::default().payment(), PaymentState::None);
    let mut seen = Vec::new();
    for (because, state) in path {
        assert_eq!(plain(&[because]).payment(), state, "alone");
        seen.push(because);
        assert_eq!(plain(&seen).payment(), state, "with those before");
    }
    let late = facts(&[(Because::PaymentFailed, Detail::default()), late_capture()]);
    assert_eq!((late.payment(), late.captured()), (PaymentState::Cancelled, Amount::minor(700)));
    let (because, goodwill) = late_capture();
    let goodwill = facts(&[(because, Detail { refund_cause: Some(RefundCause::Goodwill), ..goodwill })]);
    assert_eq!((goodwill.payment(), goodwill.captured()), (PaymentState::None, Amount::ZERO));
}

#[test]
fn the_page_shows_the_furthest_state_of_the_shipment() {
    let path = [
        (Because::ShipmentRequested, ShipmentState::Requested),
        (Because::LabelPurchased, ShipmentState::Labelled),
        (Because::ShipmentCancelled, ShipmentState::Cancelled),
        (Because::ShippingFailed, ShipmentState::Failed),
        (Because::Shipped, ShipmentState::Shipped),
        (Because::Delivered, ShipmentState::Delivered),
        (Because::ReturnReceived, ShipmentState::Returned),
    ];
    assert_eq!(Facts::default().shipment(), ShipmentState::None);
    let mut seen = Vec::new();
    for (because, state) in path {
        assert_eq!(plain(&[because]).shipment(), state, "alone");
        seen.push(because);
        assert_eq!(plain(&seen).shipment(), state, "with those before");
    }
}

#[test]
fn an_order_is_paid_in_time_or_by_a_late_capture() {
    assert!(!plain(&[Because::PaymentRequested, Because::PaymentFailed]).is_paid());
    assert!(plain(&[Because::OrderPaid]).is_paid(), "an event of an older build has no amount");
    assert!(facts(&[(Because::PaymentFailed, Detail::default()), late_capture()]).is_paid());
}

/// Two reports of a capture can only differ by a mistake. The larger one counts, in either order.
#[test]
fn of_two_captures_the_larger_one_counts() {
    let captured =
        |amount| (Because::OrderPaid, Detail { amount: Some(Amount::minor(amount)), ..Detail::default() });
    for amounts in [[100, 300], [300, 100]] {
        assert_eq!(facts(&amounts.map(captured)).captured(), Amount::minor(300));
    }
}
