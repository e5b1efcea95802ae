//! An attention ends when its reason is gone.

use super::order_after;
use crate::testing::{cancelled_order, corrected_to, delivered_order, disputed, publish};
use events::{
    Attention, Delivered, DisputeOutcome, LabelVoidFailed, LabelVoidRequested, LabelVoided, OrderStatus,
    PaymentDisputed, PaymentsEvent, ReturnReceived, ReturnedToSender, ShipmentCancelled, ShipmentTracked,
    ShippingEvent, TrackingStatus,
};
use runtime::queue::Message;
use testkit::now;

/// A request to void alone voids nothing.
#[test]
fn void_failed_lasts_until_the_label_is_voided() {
    let mut facts = vec![
        publish::<ShippingEvent>(1, ShipmentCancelled {}),
        publish::<ShippingEvent>(2, LabelVoidFailed { reason: "no".to_owned() }),
    ];
    for _ in 0..2 {
        assert_eq!(order_after(&facts).attention(), [Attention::VoidFailed]);
        facts.push(publish::<ShippingEvent>(3, LabelVoidRequested {}));
    }
    facts.push(publish::<ShippingEvent>(4, LabelVoided {}));
    assert_eq!(order_after(&facts).attention(), []);
}

/// It was in no list before: it has ended, and owes nothing.
#[test]
fn an_ended_order_that_needs_an_operator_is_open() {
    let mut facts = cancelled_order();
    assert!(!order_after(&facts).facts().is_open());
    let scan = ShipmentTracked {
        status: TrackingStatus::InTransit,
        status_detail: None,
        occurred_at: Some(now()),
        after_cancellation: true,
    };
    facts.push(publish::<ShippingEvent>(9, scan));
    let order = order_after(&facts);
    assert_eq!(
        (order.status(), order.attention()),
        (OrderStatus::Cancelled, vec![Attention::ScannedAfterCancel])
    );
    assert!(order.facts().is_open());

    let mut facts = delivered_order();
    facts.push(publish::<ShippingEvent>(9, LabelVoidFailed { reason: "no".to_owned() }));
    assert!(order_after(&facts).facts().is_open());
    facts.push(publish::<ShippingEvent>(10, LabelVoided {}));
    assert!(!order_after(&facts).facts().is_open());
}

fn tracked(sequence: u32, status: TrackingStatus) -> Message {
    let (status_detail, occurred_at, after_cancellation) = (None, Some(now()), false);
    publish::<ShippingEvent>(
        sequence,
        ShipmentTracked { status, status_detail, occurred_at, after_cancellation },
    )
}

#[test]
fn delivery_failed_lasts_until_the_parcel_arrives_or_returns() {
    for failure in [TrackingStatus::Failure, TrackingStatus::ReturnToSender] {
        let mut facts = delivered_order();
        facts.pop();
        facts.push(tracked(3, TrackingStatus::InTransit));
        assert_eq!(order_after(&facts).attention(), []);
        facts.push(tracked(4, failure));
        let failed = order_after(&facts);
        assert_eq!(
            (failed.status(), failed.attention()),
            (OrderStatus::Shipped, vec![Attention::DeliveryFailed])
        );
        let arrival = publish::<ShippingEvent>(5, Delivered {});
        let back = publish::<ShippingEvent>(5, ReturnReceived { restock: true });
        for end in [arrival, back] {
            let facts: Vec<Message> = facts.iter().cloned().chain([end]).collect();
            assert_eq!(order_after(&facts).attention(), [], "{failure:?}");
        }
    }
}

fn scanned(sequence: u32, status: TrackingStatus, hour: Option<i64>) -> Message {
    let at = |hour| now().checked_add(jiff::SignedDuration::from_hours(hour)).unwrap();
    let (status_detail, occurred_at, after_cancellation) = (None, hour.map(at), false);
    publish::<ShippingEvent>(
        sequence,
        ShipmentTracked { status, status_detail, occurred_at, after_cancellation },
    )
}

/// In each order of arrival, because the facts carry their place in shipping's stream.
fn attention_after(facts: &[Message]) -> Vec<Attention> {
    let order = order_after(facts);
    let backwards: Vec<Message> = facts.iter().rev().cloned().collect();
    let reversed = order_after(&backwards);
    assert_eq!(order.attention(), reversed.attention());
    assert_eq!(order.facts().is_open(), !order.attention().is_empty(), "a person finds it in the list");
    assert_eq!(order.facts().is_open(), reversed.facts().is_open());
    order.attention()
}

#[test]
fn a_delivered_order_that_is_sent_back_needs_a_person_until_it_is_back_or_arrives() {
    let mut facts = delivered_order();
    assert_eq!(attention_after(&facts), []);
    facts.push(publish::<ShippingEvent>(4, ReturnedToSender {}));
    assert_eq!(attention_after(&facts), [Attention::DeliveryFailed]);
    let arrival = publish::<ShippingEvent>(5, Delivered {});
    let back = publish::<ShippingEvent>(5, ReturnReceived { restock: true });
    for (end, status) in [(arrival, OrderStatus::Delivered), (back, OrderStatus::Returned)] {
        let facts: Vec<Message> = facts.iter().cloned().chain([end]).collect();
        assert_eq!(attention_after(&facts), []);
        assert_eq!(order_after(&facts).status(), status);
    }
    facts.push(publish::<ShippingEvent>(5, Delivered {}));
    facts.push(publish::<ShippingEvent>(6, ReturnedToSender {}));
    assert_eq!(attention_after(&facts), [Attention::DeliveryFailed]);
}

#[test]
fn of_contradicting_scans_the_carriers_time_decides() {
    use TrackingStatus::{Delivered as Arrived, Failure, InTransit};
    let failed = [Attention::DeliveryFailed];
    for (scans, expected) in [
        (vec![scanned(3, Arrived, Some(2)), scanned(5, Failure, Some(1))], &[][..]),
        (vec![scanned(3, Arrived, Some(1)), scanned(5, Failure, Some(2))], &failed[..]),
        (vec![scanned(3, Arrived, Some(1)), scanned(5, Failure, Some(1))], &failed[..]),
        (vec![scanned(3, Arrived, None), scanned(5, Failure, Some(1))], &failed[..]),
        (vec![scanned(3, Arrived, Some(1)), scanned(5, InTransit, Some(2))], &[][..]),
        (
            vec![scanned(3, Arrived, Some(1)), scanned(5, Failure, Some(2)), scanned(6, Arrived, Some(3))],
            &[][..],
        ),
    ] {
        let mut facts = delivered_order();
        facts.pop();
        facts.extend(scans);
        facts.push(publish::<ShippingEvent>(4, Delivered {}));
        assert_eq!(attention_after(&facts), expected);
    }
}

#[test]
fn an_inquiry_needs_attention_until_it_ends_or_becomes_a_dispute() {
    let inquiry = |sequence, outcome| {
        publish::<PaymentsEvent>(sequence, PaymentDisputed { inquiry: true, ..disputed(outcome) })
    };
    let dispute = |sequence, outcome| publish::<PaymentsEvent>(sequence, disputed(outcome));
    let opened = inquiry(3, DisputeOutcome::Opened);
    let stories = [
        (vec![opened.clone()], vec![Attention::Inquiry]),
        (vec![opened.clone(), inquiry(4, DisputeOutcome::Won)], vec![]),
        (vec![opened.clone(), dispute(4, DisputeOutcome::Opened)], vec![Attention::Disputed]),
        (vec![opened.clone(), dispute(4, DisputeOutcome::Opened), dispute(5, DisputeOutcome::Lost)], vec![]),
        (vec![opened, dispute(5, DisputeOutcome::Won)], vec![]),
    ];
    for (story, attention) in stories {
        let mut forwards = delivered_order();
        forwards.extend(story.iter().cloned());
        let mut backwards = delivered_order();
        backwards.extend(story.iter().rev().cloned());
        for facts in [forwards, backwards] {
            let order = order_after(&facts);
            assert_eq!(order.attention(), attention);
            assert_eq!(order.facts().is_open(), !attention.is_empty());
            assert_eq!(order.status(), OrderStatus::Delivered);
        }
    }
}

#[test]
fn scanned_after_cancel_lasts_until_it_is_settled_after_the_last_scan_in_each_order_of_arrival() {
    let scan = |sequence| {
        let (status, status_detail, occurred_at) = (TrackingStatus::InTransit, None, Some(now()));
        let after_cancellation = true;
        let scan = ShipmentTracked { status, status_detail, occurred_at, after_cancellation };
        publish::<ShippingEvent>(sequence, scan)
    };
    let settled = |sequence| {
        let (outcome, settled_by) = (events::StrayParcel::CameBack, testkit::customer());
        publish::<ShippingEvent>(sequence, events::StrayParcelSettled { outcome, settled_by })
    };
    let after = |later: &[Message]| {
        let facts: Vec<Message> = cancelled_order().into_iter().chain(later.iter().cloned()).collect();
        let order = order_after(&facts);
        (order.attention(), order.facts().is_open())
    };
    let (waits, is_settled) = ((vec![Attention::ScannedAfterCancel], true), (vec![], false));
    for arrival in [[scan(9), scan(10), settled(11)], [settled(11), scan(10), scan(9)]] {
        assert_eq!(after(&arrival), is_settled);
    }
    for arrival in [[scan(9), settled(10), scan(11)], [scan(11), settled(10), scan(9)]] {
        assert_eq!(after(&arrival), waits, "a scan after the answer");
    }
}

#[test]
fn refunded_unshipped_lasts_until_the_release_or_an_end_without_a_parcel() {
    let refund_id = events::RefundId::try_from("foreign.re_1").unwrap();
    let held =
        |sequence| publish::<ShippingEvent>(sequence, events::ShipmentHeld { refund_id: refund_id.clone() });
    let released = publish::<ShippingEvent>(4, events::ShipmentReleased { released_by: testkit::customer() });
    let mut facts = delivered_order();
    facts.truncate(5);
    facts.push(held(3));
    assert_eq!(attention_after(&facts), [Attention::RefundedUnshipped]);
    let back = publish::<ShippingEvent>(4, ReturnReceived { restock: true });
    for end in [released.clone(), back] {
        let facts: Vec<Message> = facts.iter().cloned().chain([end]).collect();
        assert_eq!(attention_after(&facts), []);
    }
    facts.push(released);
    facts.push(held(5));
    assert_eq!(attention_after(&facts), [Attention::RefundedUnshipped], "another refund");
    let cancelled = [held(1), publish::<ShippingEvent>(2, ShipmentCancelled {})];
    assert_eq!(order_after(&cancelled).attention(), []);
}

#[test]
fn a_corrected_code_is_the_orders_code_in_each_order_of_arrival() {
    let corrected = |sequence, code: &str| publish::<ShippingEvent>(sequence, corrected_to(code));
    let mut facts = delivered_order();
    facts.pop();
    facts.push(scanned(3, TrackingStatus::Failure, Some(1)));
    facts.push(corrected(4, "T9"));
    facts.push(corrected(5, "T0"));
    assert_eq!(attention_after(&facts), [], "the failure was another parcel's");
    let backwards: Vec<Message> = facts.iter().rev().cloned().collect();
    for facts in [facts, backwards] {
        assert_eq!(order_after(&facts).facts().carrier(), Some(("DHL", "T0")));
    }
}
