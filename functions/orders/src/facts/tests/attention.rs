//! An attention ends when its reason is gone.

use super::order_after;
use crate::testing::{delivered_order, publish};
use events::{
    Attention, Delivered, LabelVoidFailed, LabelVoidRequested, LabelVoided, OrderStatus, ReturnReceived,
    ShipmentCancelled, ShipmentTracked, ShippingEvent, TrackingStatus,
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
