//! A failed refund that is requested again: when, and how often.

use crate::testing::{World, out_of_stock};
use events::RefundFailed;
use resilience::Failure;
use std::time::Duration;
use testkit::{Fault, RequestBuilder as _, order_id, request};

fn failures(world: &World) -> Vec<RefundFailed> {
    let written = world.table.all_events();
    let failed = written.iter().filter(|envelope| envelope.event_type == "RefundFailed");
    failed.map(|envelope| serde_json::from_value((*envelope.data).clone()).unwrap()).collect()
}

/// An immediate retry would be refused too: an empty balance is filled by later sales.
#[tokio::test]
async fn a_failed_refund_is_requested_again_after_one_and_then_ten_minutes() {
    let world = World::after_checkout("pm_card_visa").await;
    world.provider.fail("POST /v1/refunds", 9, Fault::Refuse("balance_insufficient"));
    world.publish(&out_of_stock()).await.unwrap();
    for minutes in [1, 10] {
        world.redeliver("RefundRequested", 1).await.unwrap();
        let (due, nearly) = (Duration::from_mins(minutes), Duration::from_millis(minutes * 60_000 - 1500));
        for (elapsed, left) in [(Duration::ZERO, due), (nearly, Duration::from_secs(2))] {
            world.clock.advance(elapsed);
            let Err(Failure::Retry { after, .. }) = world.redeliver("RefundFailed", 1).await else {
                panic!()
            };
            assert_eq!(after, Some(left), "SQS counts whole seconds");
        }
        assert_eq!(world.types().last().unwrap(), "RefundFailed");
        world.clock.advance(Duration::from_secs(2));
        world.redeliver("RefundFailed", 2).await.unwrap();
        assert_eq!(world.types().last().unwrap(), "RefundRequested", "after {minutes} minutes");
    }
    world.redeliver("RefundRequested", 1).await.unwrap();
    world.redeliver("RefundFailed", 1).await.unwrap();
    assert_eq!(
        world.types().last().unwrap(),
        "RefundFailed",
        "only an operator may request a fourth attempt"
    );
    let again: Vec<bool> = failures(&world).iter().map(|failed| failed.again).collect();
    assert_eq!(again, [true, true, false], "the event announces it");
}

/// An operator need not wait. The waiting message then finds the replacement.
#[tokio::test]
async fn a_waiting_refund_that_an_operator_retries_is_requested_once() {
    let world = World::after_checkout("pm_card_visa").await;
    world.provider.fail("POST /v1/refunds", 1, Fault::Refuse("balance_insufficient"));
    world.publish(&out_of_stock()).await.unwrap();
    world.redeliver("RefundRequested", 1).await.unwrap();
    assert!(world.redeliver("RefundFailed", 1).await.is_err());
    let retry = request("POST /orders/{order_id}/refunds/{refund_id}/retry").by_admin();
    let retry = retry.path("order_id", order_id(1).as_str()).path("refund_id", "out_of_stock");
    assert_eq!(world.post_refund(retry).await.unwrap().status, 202);
    let written = world.types();
    world.redeliver("RefundFailed", 2).await.unwrap();
    assert_eq!(world.types(), written);
}
