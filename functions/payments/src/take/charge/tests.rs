//! A confirmation that was thought dead, and goes on beside our own cancellation of what it confirms.

use crate::payment::Stage;
use crate::testing::slow::{Slow, Stands};
use crate::testing::{World, shipment_cancelled};
use events::{CancelCause, PaymentCancelled, PaymentsEvent, RefundCause, RefundRequested};
use serde_json::json;
use testkit::{delivered, order_id};

/// The requests to give a late capture back.
fn late_captures(world: &World) -> usize {
    let written = world.table.all_events();
    let requests = written.iter().filter(|envelope| envelope.event_type == "RefundRequested");
    let requests = requests.map(|envelope| serde_json::from_value((*envelope.data).clone()).unwrap());
    requests.filter(|request: &RefundRequested| request.cause == RefundCause::LateCapture).count()
}

/// Whatever is said of the payment comes once more, and changes nothing.
async fn everything_once_more(world: &World) {
    let said = world.types();
    for envelope in world.table.all_events().iter().filter(|envelope| World::is_work(envelope)) {
        world.take(&delivered(envelope, 2).unwrap()).await.unwrap();
    }
    world.hear(&shipment_cancelled()).await.unwrap();
    assert_eq!(world.types(), said);
}

#[tokio::test]
async fn a_late_success_of_a_confirmation_thought_dead_goes_back_once() {
    for stands in [Stands::BeforeIt, Stands::BehindIt] {
        let world = World::new();
        world.place("pm_card_visa").await;
        let request = delivered(&world.table.all_events().remove(0), 1).unwrap();
        let slow = Slow::at(&world, "/confirm", stands, 0);
        let cancelled = slow.overtaken(&world, &request, async {
            world.hear(&shipment_cancelled()).await.unwrap();
            if stands == Stands::BehindIt {
                // Our cancellation comes after the charge: the provider refuses it, and says why.
                world.redeliver("PaymentCancellationRequested", 1).await.unwrap();
            }
        });
        cancelled.await.unwrap();
        world.deliver_all().await;
        world.work().await;
        world.deliver_all().await;
        everything_once_more(&world).await;
        assert_eq!((world.provider.charges(), late_captures(&world)), (1, 1), "{stands:?}");
        assert_eq!((world.provider.captured(), world.provider.refunded()), (1900, 1900), "{stands:?}");
        assert!(!world.types().contains(&"OrderPaid".to_owned()), "{stands:?}");
    }
}

#[tokio::test]
async fn a_confirmation_that_comes_after_the_cancellation_takes_nothing() {
    let world = World::new();
    world.place("pm_card_visa").await;
    let request = delivered(&world.table.all_events().remove(0), 1).unwrap();
    let slow = Slow::at(&world, "/confirm", Stands::BeforeIt, 0);
    let cancelled = slow.overtaken(&world, &request, async {
        world.hear(&shipment_cancelled()).await.unwrap();
        world.redeliver("PaymentCancellationRequested", 1).await.unwrap();
    });
    cancelled.await.unwrap();
    world.deliver_all().await;
    everything_once_more(&world).await;
    assert_eq!(world.last(), PaymentCancelled { cause: CancelCause::Cancelled }.into());
    assert_eq!((world.provider.charges(), late_captures(&world)), (0, 0));
}

/// The provider had said that the intent is cancelled, and its money comes all the same.
#[tokio::test]
async fn a_success_that_is_told_after_the_payment_has_ended_goes_back_once() {
    let world = World::new();
    world.place("pm_card_visa").await;
    world.hear(&shipment_cancelled()).await.unwrap();
    world.work().await;
    assert_eq!(world.last(), PaymentCancelled { cause: CancelCause::Cancelled }.into());
    for id in ["evt_1", "evt_1", "evt_2"] {
        let succeeded = json!({
            "id": id, "object": "event", "type": "payment_intent.succeeded", "livemode": false,
            "data": {"object": {
                "id": world.intent(), "status": "succeeded", "amount": 1900, "currency": "eur",
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
