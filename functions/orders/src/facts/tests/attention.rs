//! An attention ends when its reason is gone.

use super::order_after;
use crate::testing::{delivered_order, publish};
use events::{
    Attention, Delivered, LabelVoidFailed, LabelVoidRequested, LabelVoided, OrderStatus, ReturnReceived,
    ReturnedToSender, ShipmentCancelled, ShipmentTracked, ShippingEvent, TrackingStatus,
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
