//! A refund that was refused and succeeds later: an earlier call of unknown outcome took effect after the provider had forgotten
//! its key. Money that has left is counted, and is not paid again if that can be avoided.

use super::requested;
use crate::provider::{IdempotencyKey, NewRefund};
use crate::testing::{STACK, World, out_of_stock};
use events::{Amount, EventId};
use serde_json::{Value, json};
use testkit::{Fault, order_id};

/// The provider makes the refund of that id for an earlier call that the step no longer waits for.
async fn made_by_late_call(world: &World, refund_id: &str, amount: u64) {
    let new = NewRefund {
        order: &order_id(1),
        stack: STACK,
        intent_id: &world.intent(),
        refund_id: &refund_id.try_into().unwrap(),
        amount: Amount::minor(amount),
        currency: testkit::eur(),
    };
    let key = IdempotencyKey::of(STACK, &EventId::outside("late", refund_id), 1);
    world.take_payment().stripe.create_refund(&new, &key).await.unwrap();
}

/// A goodwill refund of 5.00 that was refused, and then made by a late call.
async fn refused_and_made() -> World {
    let (world, _) = requested().await;
    world.provider.fail("POST /v1/refunds", 1, Fault::Refuse("balance_insufficient"));
    world.redeliver("RefundRequested", 1).await.unwrap();
    assert_eq!(world.types().last().unwrap(), "RefundFailed");
    made_by_late_call(&world, "goodwill.1", 500).await;
    world
}

async fn recorded_and_made(world: &World) -> (Amount, u64) {
    (world.payment().await.ledger.refunded(), world.provider.refunded())
}

#[tokio::test]
async fn a_late_success_reported_by_webhook_counts_and_ends_the_retries() {
    let world = refused_and_made().await;
    world.deliver_all().await;
    assert_eq!(world.types().last().unwrap(), "PaymentRefunded");
    world.work().await;
    assert_eq!(world.types().last().unwrap(), "PaymentRefunded", "nothing is owed any more");
    assert_eq!(recorded_and_made(&world).await, (Amount::minor(500), 500));
}

#[tokio::test]
async fn a_late_success_found_by_the_next_attempt_is_credited_to_it() {
    let world = refused_and_made().await;
    let reports = world.provider.take_events();
    world.work().await;
    assert_eq!(recorded_and_made(&world).await, (Amount::minor(500), 500));
    for event in &reports {
        assert_eq!(world.deliver(event).await, []);
    }
    world.work().await;
    assert_eq!(recorded_and_made(&world).await, (Amount::minor(500), 500), "its webhook reports nothing new");
}

/// Both refunds were paid, so both count.
#[tokio::test]
async fn a_late_success_after_the_next_attempt_is_an_extra_refund() {
    let (world, _) = requested().await;
    world.provider.fail("POST /v1/refunds", 1, Fault::Refuse("balance_insufficient"));
    world.work().await;
    assert_eq!(recorded_and_made(&world).await, (Amount::minor(500), 500));
    made_by_late_call(&world, "goodwill.1", 500).await;
    world.deliver_all().await;
    assert_eq!(recorded_and_made(&world).await, (Amount::minor(1000), 1000));
}

/// The late success is credited to the next attempt, whose own success is then an extra refund.
#[tokio::test]
async fn a_late_success_reported_during_the_next_attempt_leaves_none_uncounted() {
    let world = refused_and_made().await;
    world.clock.advance(std::time::Duration::from_mins(1));
    world.redeliver("RefundFailed", 1).await.unwrap();
    made_by_late_call(&world, "goodwill.1.2", 500).await;
    world.deliver_all().await;
    world.work().await;
    assert_eq!(recorded_and_made(&world).await, (Amount::minor(1000), 1000));
}

/// I1: a compensation refunds everything, so the provider itself refuses the second refund.
#[tokio::test]
async fn i1_no_more_than_was_captured_is_ever_shown_as_refunded() {
    for finds_it_first in [true, false] {
        let world = World::after_checkout("pm_card_visa").await;
        world.provider.fail("POST /v1/refunds", 1, Fault::Refuse("balance_insufficient"));
        world.publish(&out_of_stock()).await.unwrap();
        world.redeliver("RefundRequested", 1).await.unwrap();
        made_by_late_call(&world, "out_of_stock", 1900).await;
        if finds_it_first {
            world.deliver_all().await;
        }
        world.work().await;
        world.deliver_all().await;
        world.work().await;
        assert_eq!(recorded_and_made(&world).await, (Amount::minor(1900), 1900), "{finds_it_first}");
        // If the bank returns it, it is owed like any other failed refund.
        world.provider.settle_refund(&world.provider.refunds_of(&world.intent())[0], false);
        world.deliver_all().await;
        assert_eq!(recorded_and_made(&world).await, (Amount::ZERO, 0));
        world.work().await;
        assert_eq!(recorded_and_made(&world).await, (Amount::minor(1900), 1900));
    }
}

/// Webhooks may be reordered: a success that is older than the failure is stale.
#[tokio::test]
async fn a_stale_success_after_a_failure_changes_nothing() {
    for is_held in [false, true] {
        let (world, _) = requested().await;
        world.provider.hold_refunds(is_held);
        world.redeliver("RefundRequested", 1).await.unwrap();
        let id = world.provider.refunds_of(&world.intent()).remove(0);
        let object = json!({
            "id": id, "status": "succeeded", "amount": 500, "payment_intent": world.intent(),
            "metadata": {"order_id": order_id(1).as_str(), "stack": STACK, "refund_id": "goodwill.1"},
        });
        world.provider.settle_refund(&id, false);
        world.deliver_all().await;
        assert_eq!(world.types().last().unwrap(), "RefundFailed");
        let stale: Value = json!({
            "id": "evt_stale", "object": "event", "type": "refund.updated", "livemode": false,
            "data": {"object": object},
        });
        assert_eq!(world.deliver(&stale).await, []);
        assert_eq!(world.types().last().unwrap(), "RefundFailed");
        assert_eq!(world.payment().await.ledger.refunded(), Amount::ZERO);
    }
}
