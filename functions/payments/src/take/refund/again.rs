//! A refund that failed, and is asked for again: when, and who is told.

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

/// A provider that refused a moment ago refuses now: an empty balance is filled by tomorrow's sales.
#[tokio::test]
async fn a_refund_that_failed_is_asked_for_again_after_a_minute_and_then_after_ten() {
    let world = World::after_checkout("pm_card_visa").await;
    world.provider.fail("POST /v1/refunds", 9, Fault::Refuse("balance_insufficient"));
    world.hear(&out_of_stock()).await.unwrap();
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
    assert_eq!(world.types().last().unwrap(), "RefundFailed", "a fourth time is for a person to ask");
    let again: Vec<bool> = failures(&world).iter().map(|failed| failed.again).collect();
    assert_eq!(again, [true, true, false], "and says so");
}

/// An operator need not wait, and what was put off then finds that it is asked for.
#[tokio::test]
async fn a_refund_that_is_put_off_and_resumed_by_hand_is_asked_for_once() {
    let world = World::after_checkout("pm_card_visa").await;
    world.provider.fail("POST /v1/refunds", 1, Fault::Refuse("balance_insufficient"));
    world.hear(&out_of_stock()).await.unwrap();
    world.redeliver("RefundRequested", 1).await.unwrap();
    assert!(world.redeliver("RefundFailed", 1).await.is_err());
    let retry = request("POST /orders/{order_id}/refunds/{refund_id}/retry").by_admin();
    let retry = retry.path("order_id", order_id(1).as_str()).path("refund_id", "out_of_stock");
    assert_eq!(world.ask_back(retry).await.unwrap().status, 202);
    let written = world.types();
    world.redeliver("RefundFailed", 2).await.unwrap();
    assert_eq!(world.types(), written);
}
