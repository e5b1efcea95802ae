//! A confirmation that is delayed, and overlaps with our own cancellation of the same intent.

use crate::payment::Stage;
use crate::testing::slow::{Slow, StopsAt};
use crate::testing::{World, shipment_cancelled};
use events::{CancelCause, PaymentCancelled, PaymentsEvent, RefundCause, RefundRequested};
use serde_json::json;
use testkit::{delivered, order_id};

/// How many refunds of a late capture were requested.
fn late_captures(world: &World) -> usize {
    let written = world.table.all_events();
    let requests = written.iter().filter(|envelope| envelope.event_type == "RefundRequested");
    let requests = requests.map(|envelope| serde_json::from_value((*envelope.data).clone()).unwrap());
    requests.filter(|request: &RefundRequested| request.cause == RefundCause::LateCapture).count()
}

/// Every message is redelivered, and changes nothing.
async fn redeliver_everything(world: &World) {
    let before = world.types();
    for envelope in world.table.all_events().iter().filter(|envelope| World::is_work(envelope)) {
        world.take(&delivered(envelope, 2).unwrap()).await.unwrap();
    }
    world.publish(&shipment_cancelled()).await.unwrap();
    assert_eq!(world.types(), before);
}

#[tokio::test]
async fn a_confirmation_that_succeeds_late_is_refunded_once() {
    for stops_at in [StopsAt::Call, StopsAt::Answer] {
        let world = World::new();
        world.place("pm_card_visa").await;
        let request = delivered(&world.table.all_events().remove(0), 1).unwrap();
        let slow = Slow::at(&world, "/confirm", stops_at, 0);
        let cancelled = slow.overtaken(&world, &request, async {
            world.publish(&shipment_cancelled()).await.unwrap();
            if stops_at == StopsAt::Answer {
                // Our cancellation arrives after the charge, so the provider refuses it.
                world.redeliver("PaymentCancellationRequested", 1).await.unwrap();
            }
        });
        cancelled.await.unwrap();
        world.deliver_all().await;
        world.work().await;
        world.deliver_all().await;
        redeliver_everything(&world).await;
        assert_eq!((world.provider.charges(), late_captures(&world)), (1, 1), "{stops_at:?}");
        assert_eq!((world.provider.captured(), world.provider.refunded()), (1900, 1900), "{stops_at:?}");
        assert!(!world.types().contains(&"OrderPaid".to_owned()), "{stops_at:?}");
    }
}

#[tokio::test]
async fn a_confirmation_after_the_cancellation_takes_nothing() {
    let world = World::new();
    world.place("pm_card_visa").await;
    let request = delivered(&world.table.all_events().remove(0), 1).unwrap();
    let slow = Slow::at(&world, "/confirm", StopsAt::Call, 0);
    let cancelled = slow.overtaken(&world, &request, async {
        world.publish(&shipment_cancelled()).await.unwrap();
        world.redeliver("PaymentCancellationRequested", 1).await.unwrap();
    });
    cancelled.await.unwrap();
    world.deliver_all().await;
    redeliver_everything(&world).await;
    assert_eq!(world.last(), PaymentCancelled { cause: CancelCause::Cancelled }.into());
    assert_eq!((world.provider.charges(), late_captures(&world)), (0, 0));
}

/// The provider reports the intent as cancelled first, and as succeeded afterwards.
#[tokio::test]
async fn a_success_reported_after_the_payments_end_is_refunded_once() {
    let world = World::new();
    world.place("pm_card_visa").await;
    world.publish(&shipment_cancelled()).await.unwrap();
    world.work().await;
    assert_eq!(world.last(), PaymentCancelled { cause: CancelCause::Cancelled }.into());
    for id in ["evt_1", "evt_1", "evt_2"] {
        let succeeded = json!({
            "id": id, "object": "event", "type": "payment_intent.succeeded", "livemode": false,
            "data": {"object": {
                "id": world.intent(), "status": "succeeded", "amount_received": 1900, "currency": "eur",
                "metadata": {"order_id": order_id(1).as_str(), "stack": "conveyor"},
            }},
        });
        assert_eq!(world.deliver(&succeeded).await, []);
    }
    assert_eq!(late_captures(&world), 1);
    let PaymentsEvent::RefundRequested(request) = world.last() else { panic!() };
    assert_eq!(Some(request.amount), request.captured);
    assert!(matches!(world.payment().await.stage, Stage::Cancelled { cause: CancelCause::Cancelled, .. }));
}
