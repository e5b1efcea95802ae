//! Money that was authorised and never taken: older versions of Stripe's API show its release as a refund.

use super::event;
use crate::payment::Stage;
use crate::testing::{World, shipment_cancelled};
use events::{Amount, RefundCause};
use serde_json::{Value, json};
use testkit::{STRIPE_BEFORE_BASIL, STRIPE_VERSION};

/// An event of an endpoint with this version.
fn versioned(version: &str, id: &str, kind: &str, object: &Value) -> Value {
    let mut event = event(id, kind, object);
    event["api_version"] = version.into();
    event
}

/// What each type of event shows of the release of this amount.
fn releases(intent: &str, amount: u64) -> [(&'static str, Value); 4] {
    let refund = json!({
        "id": "re_released", "object": "refund", "status": "succeeded", "amount": amount, "currency": "eur",
        "charge": "ch_1", "payment_intent": intent, "metadata": {}, "reason": null,
    });
    let charge = json!({
        "id": "ch_1", "object": "charge", "amount": 1900, "amount_captured": 1900 - amount, "amount_refunded": amount,
        "payment_intent": intent, "metadata": {}, "refunds": {"object": "list", "data": [refund], "has_more": false},
    });
    [
        ("refund.created", refund.clone()),
        ("refund.updated", refund.clone()),
        ("charge.refund.updated", refund),
        ("charge.refunded", charge),
    ]
}

#[tokio::test]
async fn released_money_is_dead_lettered_and_not_booked_as_a_refund() {
    let open = World::after_checkout("pm_card_threeDSecure").await;
    let cancelled = World::after_checkout("pm_card_threeDSecure").await;
    cancelled.publish(&shipment_cancelled()).await.unwrap();
    cancelled.work().await;
    for world in [open, cancelled] {
        let (before, ledger) = (world.types(), world.payment().await.ledger);
        for (kind, object) in releases(&world.intent(), 1900) {
            let id = format!("evt_{kind}");
            let letters = world.deliver(&versioned(STRIPE_BEFORE_BASIL, &id, kind, &object)).await;
            assert_eq!(letters.len(), 1, "{kind}");
            assert!(letters[0].reason.contains("released"), "{}", letters[0].reason);
        }
        assert_eq!((world.types(), world.payment().await.ledger), (before, ledger));
    }
}

#[tokio::test]
async fn an_event_without_a_version_is_taken_for_an_old_one() {
    let world = World::after_checkout("pm_card_threeDSecure").await;
    let [(kind, refund), ..] = releases(&world.intent(), 1900);
    assert_eq!(world.deliver(&event("evt_1", kind, &refund)).await.len(), 1);
    assert_eq!(world.types().len(), 2);
}

/// The shape in which localstripe 1.15.10, like Stripe before basil, shows the rest of a partial capture.
#[tokio::test]
async fn the_rest_of_a_partial_capture_leaves_everything_that_was_taken_refundable() {
    let world = World::after_checkout("pm_card_threeDSecure").await;
    world.publish(&shipment_cancelled()).await.unwrap();
    let late = json!({
        "id": world.intent(), "status": "succeeded", "amount": 1900, "amount_received": 1000, "currency": "eur",
    });
    assert_eq!(world.deliver(&event("evt_late", "payment_intent.succeeded", &late)).await, []);
    assert!(world.payment().await.ledger.has(RefundCause::LateCapture));
    for (kind, object) in releases(&world.intent(), 900) {
        let id = format!("evt_{kind}");
        assert_eq!(world.deliver(&versioned(STRIPE_BEFORE_BASIL, &id, kind, &object)).await.len(), 1);
    }
    let ledger = world.payment().await.ledger;
    assert_eq!((ledger.captured(), ledger.refunded()), (Amount::minor(1000), Amount::ZERO));
    assert!(!ledger.has(RefundCause::Foreign));
}

#[tokio::test]
async fn a_refund_of_an_old_endpoint_is_booked_once_everything_is_taken() {
    let world = World::new();
    world.place("pm_card_visa").await;
    let [(kind, refund), ..] = releases(&world.intent(), 400);
    let early = versioned(STRIPE_BEFORE_BASIL, "evt_early", kind, &refund);
    assert_eq!(world.deliver(&early).await.len(), 1, "the money is not known to be taken yet");
    world.work().await;
    assert_eq!(world.apply(vec![world.inbox("evt_early")]).await.unwrap(), [], "a replay");
    assert!(world.payment().await.ledger.has(RefundCause::Foreign));
    assert_eq!(world.payment().await.ledger.refundable(), Amount::minor(1500));
}

#[tokio::test]
async fn a_refund_of_a_new_endpoint_is_booked_although_it_overtakes_the_payment() {
    let world = World::new();
    world.place("pm_card_visa").await;
    let [(kind, refund), ..] = releases(&world.intent(), 400);
    assert_eq!(world.deliver(&versioned(STRIPE_VERSION, "evt_1", kind, &refund)).await, []);
    assert!(world.payment().await.ledger.has(RefundCause::Foreign));
}

#[tokio::test]
async fn a_part_that_was_taken_never_reads_as_the_whole_amount() {
    for received in [json!(null), json!(0), json!(1000)] {
        let world = World::after_checkout("pm_card_threeDSecure").await;
        let partly = json!({
            "id": world.intent(), "status": "succeeded", "amount": 1900, "amount_received": received, "currency": "eur",
        });
        assert_eq!(world.deliver(&event("evt_1", "payment_intent.succeeded", &partly)).await.len(), 1);
        assert!(matches!(world.payment().await.stage, Stage::Open { .. }), "{received}");
    }
}
