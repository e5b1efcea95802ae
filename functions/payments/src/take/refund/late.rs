//! A refund that was refused, and turns up nevertheless: a call that was thought dead went through once its key was
//! forgotten. Money that has left is counted, and is not given once more where that can still be helped.

use super::tests::asked;
use crate::stripe::{IdempotencyKey, RefundDraft};
use crate::testing::{STACK, World, out_of_stock};
use events::{Amount, EventId};
use serde_json::{Value, json};
use testkit::{Fault, order_id};

/// The provider makes the refund of that id for a call that nobody waits for any more.
async fn made_by_the_dead(world: &World, refund_id: &str, amount: u64) {
    let draft = RefundDraft {
        order: &order_id(1),
        stack: STACK,
        intent_id: &world.intent(),
        refund_id: &refund_id.try_into().unwrap(),
        amount: Amount::minor(amount),
    };
    let key = IdempotencyKey::of(STACK, &EventId::outside("zombie", refund_id), 1);
    world.take_payment().stripe.create_refund(&draft, &key).await.unwrap();
}

/// A goodwill refund of 5.00 was refused, and then made by the dead.
async fn refused_and_made() -> World {
    let (world, _) = asked().await;
    world.provider.fail("POST /v1/refunds", 1, Fault::Refuse("balance_insufficient"));
    world.redeliver("RefundRequested", 1).await.unwrap();
    assert_eq!(world.types().last().unwrap(), "RefundFailed");
    made_by_the_dead(&world, "goodwill.1", 500).await;
    world
}

async fn told_and_made(world: &World) -> (Amount, u64) {
    (world.payment().await.ledger.refunded(), world.provider.refunded())
}

#[tokio::test]
async fn one_that_its_webhook_tells_of_counts_and_is_not_asked_for_again() {
    let world = refused_and_made().await;
    world.deliver_all().await;
    assert_eq!(world.types().last().unwrap(), "PaymentRefunded");
    world.work().await;
    assert_eq!(world.types().last().unwrap(), "PaymentRefunded", "nothing is owed any more");
    assert_eq!(told_and_made(&world).await, (Amount::minor(500), 500));
}

#[tokio::test]
async fn one_that_the_next_attempt_finds_is_that_attempts_refund() {
    let world = refused_and_made().await;
    let told = world.provider.take_events();
    world.work().await;
    assert_eq!(told_and_made(&world).await, (Amount::minor(500), 500));
    for event in &told {
        assert_eq!(world.deliver(event).await, []);
    }
    world.work().await;
    assert_eq!(told_and_made(&world).await, (Amount::minor(500), 500), "its webhook tells nothing new");
}

/// Whichever of the two was told first: both have left.
#[tokio::test]
async fn one_that_comes_after_the_next_attempt_counts_as_well() {
    let (world, _) = asked().await;
    world.provider.fail("POST /v1/refunds", 1, Fault::Refuse("balance_insufficient"));
    world.work().await;
    assert_eq!(told_and_made(&world).await, (Amount::minor(500), 500));
    made_by_the_dead(&world, "goodwill.1", 500).await;
    world.deliver_all().await;
    assert_eq!(told_and_made(&world).await, (Amount::minor(1000), 1000));
}

/// Told of while the next attempt is under way: that one then turns up as one more.
#[tokio::test]
async fn one_that_is_told_while_the_next_attempt_is_made_leaves_none_uncounted() {
    let world = refused_and_made().await;
    world.clock.advance(std::time::Duration::from_mins(1));
    world.redeliver("RefundFailed", 1).await.unwrap();
    made_by_the_dead(&world, "goodwill.1.2", 500).await;
    world.deliver_all().await;
    world.work().await;
    assert_eq!(told_and_made(&world).await, (Amount::minor(1000), 1000));
}

/// I1: a compensation gives everything back, so the provider itself refuses the second one.
#[tokio::test]
async fn i1_of_everything_no_more_than_was_captured_is_ever_shown_as_refunded() {
    for finds_it_first in [true, false] {
        let world = World::after_checkout("pm_card_visa").await;
        world.provider.fail("POST /v1/refunds", 1, Fault::Refuse("balance_insufficient"));
        world.hear(&out_of_stock()).await.unwrap();
        world.redeliver("RefundRequested", 1).await.unwrap();
        made_by_the_dead(&world, "out_of_stock", 1900).await;
        if finds_it_first {
            world.deliver_all().await;
        }
        world.work().await;
        world.deliver_all().await;
        world.work().await;
        assert_eq!(told_and_made(&world).await, (Amount::minor(1900), 1900), "{finds_it_first}");
        // Should the bank send it back, it is owed as any other.
        world.provider.settle_refund(&world.provider.refunds_of(&world.intent())[0], false);
        world.deliver_all().await;
        assert_eq!(told_and_made(&world).await, (Amount::ZERO, 0));
        world.work().await;
        assert_eq!(told_and_made(&world).await, (Amount::minor(1900), 1900));
    }
}

/// Webhooks come in any order: a success that is older than the failure is no new one.
#[tokio::test]
async fn a_success_that_is_told_after_the_bank_took_it_back_changes_nothing() {
    for is_held in [false, true] {
        let (world, _) = asked().await;
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
