//! Every reaction of `take-payment`, against a provider that counts its calls.

mod client;
mod outage;
mod refusals;

use crate::payment::Stage;
use crate::testing::{
    World, expired, not_for_us, out_of_stock, returned, shipment_cancelled, shipping_failed,
};
use events::{
    Amount, CancelCause, OrderPaid, PaymentCancellationRequested, PaymentCancelled, PaymentFailed,
    PaymentsEvent, RefundCause, RefundRequested,
};
use resilience::Failure;
use runtime::queue::Message;
use std::time::Duration;
use testkit::{Fault, envelope, lines, order_id, placed};

fn is_retry(outcome: &Result<(), Failure>) -> bool {
    matches!(outcome, Err(Failure::Retry { .. }))
}

#[tokio::test]
async fn an_order_is_paid_with_one_charge() {
    let world = World::after_checkout("pm_card_visa").await;
    assert_eq!(world.types(), ["PaymentRequested", "OrderPaid"]);
    let PaymentsEvent::OrderPaid(OrderPaid { amount, lines: paid, .. }) = world.last() else { panic!() };
    assert_eq!((amount, paid), (Amount::minor(1900), lines()));
    assert_eq!((world.provider.charges(), world.provider.captured()), (1, 1900));
}

#[tokio::test]
async fn every_message_run_twice_has_one_effect() {
    let world = World::after_checkout("pm_card_visa").await;
    for deliveries in [1, 2, 3] {
        world.place("pm_card_visa").await;
        world.redeliver("PaymentRequested", deliveries).await.unwrap();
    }
    world.publish(&out_of_stock()).await.unwrap();
    world.work().await;
    world.publish(&out_of_stock()).await.unwrap();
    for deliveries in [1, 2] {
        world.redeliver("RefundRequested", deliveries).await.unwrap();
    }
    assert_eq!(world.types(), ["PaymentRequested", "OrderPaid", "RefundRequested", "PaymentRefunded"]);
    assert_eq!((world.provider.charges(), world.provider.refunded()), (1, 1900));
    assert_eq!(world.provider.calls("POST /v1/refunds"), 1);
}

#[tokio::test]
async fn two_copies_of_a_message_share_one_call() {
    let world = World::new();
    world.place("pm_card_visa").await;
    world.provider.fail("confirm", 1, Fault::TimeoutAfter);
    let (first, second) =
        tokio::join!(world.redeliver("PaymentRequested", 1), world.redeliver("PaymentRequested", 1));
    assert_eq!((first, second), (Ok(()), Ok(())));
    assert_eq!((world.types().len(), world.provider.charges()), (2, 1));
}

#[tokio::test]
async fn a_time_out_after_charging_is_settled_by_reading_the_state() {
    let world = World::new();
    world.place("pm_card_visa").await;
    world.provider.fail("confirm", 1, Fault::TimeoutAfter);
    world.work().await;
    assert_eq!(world.types(), ["PaymentRequested", "OrderPaid"]);
    assert_eq!((world.provider.charges(), world.provider.calls("confirm")), (1, 1));
}

#[tokio::test]
async fn a_replayed_payment_is_read_before_anything_is_confirmed() {
    let world = World::new();
    world.place("pm_card_visa").await;
    world.provider.fail("confirm", 1, Fault::TimeoutAfter);
    world.provider.fail("GET /v1/payment_intents", 9, Fault::Unreachable);
    assert!(world.redeliver("PaymentRequested", 1).await.is_err(), "it is charged, and the answer is lost");
    world.provider.heal();
    let requested = world.table.all_events().pop().unwrap();
    // By now the provider has forgotten the idempotency key of the first message.
    world.take(&testkit::replayed(&requested, testkit::now())).await.unwrap();
    assert_eq!(world.types(), ["PaymentRequested", "OrderPaid"]);
    assert_eq!((world.provider.charges(), world.provider.calls("confirm")), (1, 1));
}

#[tokio::test]
async fn whatever_fails_there_is_exactly_one_charge() {
    let faults = [
        Fault::Unreachable,
        Fault::ErrorBefore,
        Fault::ErrorAfter,
        Fault::TimeoutBefore,
        Fault::TimeoutAfter,
        Fault::RateLimited,
        Fault::Conflict,
    ];
    for fault in faults {
        for path in ["confirm", "GET /v1/payment_intents", "/v1/"] {
            let world = World::new();
            world.place("pm_card_visa").await;
            world.provider.fail(path, 2, fault);
            let mut deliveries = 1;
            while world.redeliver("PaymentRequested", deliveries).await.is_err() {
                deliveries += 1;
                assert!(deliveries < 6, "{fault:?} at {path} never ends");
            }
            assert_eq!(world.types(), ["PaymentRequested", "OrderPaid"], "{fault:?} at {path}");
            assert_eq!(world.provider.charges(), 1, "{fault:?} at {path}");
        }
    }
}

#[tokio::test]
async fn a_failed_creation_leaves_orphans_that_never_charge() {
    for fault in
        [Fault::ErrorBefore, Fault::ErrorAfter, Fault::TimeoutAfter, Fault::TimeoutBefore, Fault::RateLimited]
    {
        let world = World::new();
        world.provider.fail("POST /v1/payment_intents", 2, fault);
        let message = |deliveries| Message {
            deliveries,
            ..testkit::message(&order_id(1), 1, &events::OrdersEvent::from(placed()))
        };
        let mut deliveries = 1;
        while let Err(failure) = world.take(&message(deliveries)).await {
            assert!(matches!(failure, Failure::Retry { .. }), "{fault:?}: {failure}");
            deliveries += 1;
        }
        world.work().await;
        assert_eq!(world.types(), ["PaymentRequested", "OrderPaid"], "{fault:?}");
        assert_eq!(world.provider.charges(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_declined_card_ends_the_payment_once_the_intent_is_cancelled() {
    let world = World::after_checkout("pm_card_chargeCustomerFail").await;
    assert_eq!(world.types(), ["PaymentRequested", "PaymentCancellationRequested", "PaymentFailed"]);
    assert_eq!(world.last(), PaymentFailed { code: "generic_decline".to_owned() }.into());
    assert_eq!(world.provider.status_of(&world.intent()), "canceled");
    assert_eq!(world.provider.charges(), 0);
}

#[tokio::test]
async fn a_payment_method_that_does_not_exist_fails_on_the_empty_stream() {
    let world = World::after_checkout("pm_nobody").await;
    assert_eq!(world.last(), PaymentFailed { code: "resource_missing".to_owned() }.into());
    world.place("pm_card_visa").await;
    assert_eq!(world.types(), ["PaymentFailed"], "an order's payment is tried once");
}

#[tokio::test]
async fn a_call_that_the_provider_does_not_understand_ends_no_order() {
    let world = World::new();
    world.provider.fail("POST /v1/payment_intents", 1, Fault::Refuse("parameter_unknown"));
    let outcome = world.publish(&events::OrdersEvent::from(placed())).await;
    assert!(matches!(outcome, Err(Failure::Reject { .. })));
    assert!(world.types().is_empty());
}

#[tokio::test]
async fn three_d_secure_waits_for_the_customer() {
    let world = World::after_checkout("pm_card_threeDSecure").await;
    assert_eq!(world.types(), ["PaymentRequested", "PaymentActionRequired"]);
    world.redeliver("PaymentRequested", 2).await.unwrap();
    assert_eq!(world.types().len(), 2);
}

#[tokio::test]
async fn an_intent_that_is_not_paid_in_time_expires() {
    let world = World::after_checkout("pm_card_threeDSecure").await;
    world.publish(&expired()).await.unwrap();
    world.work().await;
    assert_eq!(world.last(), PaymentCancelled { cause: CancelCause::Expired }.into());
    assert_eq!(world.provider.status_of(&world.intent()), "canceled");
}

#[tokio::test]
async fn money_taken_in_time_beats_the_expiry() {
    let world = World::after_checkout("pm_card_threeDSecure").await;
    world.provider.authenticate(&world.intent(), true);
    world.publish(&expired()).await.unwrap();
    assert!(matches!(world.payment().await.stage, Stage::Paid { .. }));
    world.publish(&expired()).await.unwrap();
    assert_eq!(world.types(), ["PaymentRequested", "PaymentActionRequired", "OrderPaid"]);
}

#[tokio::test]
async fn nothing_is_confirmed_after_pay_by() {
    let world = World::new();
    world.place("pm_card_visa").await;
    world.clock.advance(Duration::from_mins(31));
    world.work().await;
    assert_eq!(world.types(), ["PaymentRequested", "PaymentCancellationRequested", "PaymentCancelled"]);
    assert_eq!((world.provider.calls("confirm"), world.provider.charges()), (0, 0));
}

#[tokio::test]
async fn a_compensation_before_its_order_leaves_a_tombstone() {
    for (overtakes, cause) in [(0, CancelCause::Expired), (1, CancelCause::Cancelled)] {
        let world = World::new();
        for _ in 0..2 {
            match overtakes {
                0 => world.publish(&expired()).await.unwrap(),
                _ => world.publish(&shipment_cancelled()).await.unwrap(),
            }
        }
        assert_eq!(world.last(), PaymentCancelled { cause }.into());
        world.place("pm_card_visa").await;
        world.work().await;
        assert_eq!(world.types(), ["PaymentCancelled"]);
        assert_eq!(world.provider.calls("/v1/"), 0);
    }
}

#[tokio::test]
async fn a_cancelled_open_payment_is_ended_and_never_charged() {
    let world = World::new();
    world.place("pm_card_visa").await;
    world.publish(&shipment_cancelled()).await.unwrap();
    let request = PaymentCancellationRequested { cause: CancelCause::Cancelled, code: None };
    assert_eq!(world.last(), request.into());
    world.work().await;
    assert_eq!(world.last(), PaymentCancelled { cause: CancelCause::Cancelled }.into());
    assert_eq!(world.provider.charges(), 0);
}

#[tokio::test]
async fn a_payment_ends_only_when_the_provider_confirms_it() {
    let world = World::new();
    world.place("pm_card_visa").await;
    world.publish(&shipment_cancelled()).await.unwrap();
    world.provider.fail("/v1/", 4, Fault::ErrorBefore);
    assert!(is_retry(&world.redeliver("PaymentCancellationRequested", 1).await));
    assert_eq!(world.types().len(), 2);
    world.redeliver("PaymentCancellationRequested", 2).await.unwrap();
    assert_eq!(world.last(), PaymentCancelled { cause: CancelCause::Cancelled }.into());
}

#[tokio::test]
async fn a_cancellation_with_a_lost_answer_is_settled_by_reading_the_state() {
    let world = World::new();
    world.place("pm_card_visa").await;
    world.publish(&shipment_cancelled()).await.unwrap();
    world.provider.fail("cancel", 1, Fault::TimeoutAfter);
    world.redeliver("PaymentCancellationRequested", 1).await.unwrap();
    assert_eq!(world.last(), PaymentCancelled { cause: CancelCause::Cancelled }.into());
}

#[tokio::test]
async fn money_taken_after_the_cancellation_is_refunded() {
    let world = World::new();
    world.place("pm_card_visa").await;
    world.publish(&shipment_cancelled()).await.unwrap();
    assert!(world.provider.pay_externally(&world.intent()));
    world.redeliver("PaymentCancellationRequested", 1).await.unwrap();
    let PaymentsEvent::RefundRequested(request) = world.last() else { panic!() };
    assert_eq!((request.cause, request.captured), (RefundCause::LateCapture, Some(Amount::minor(1900))));
    world.work().await;
    assert_eq!(world.types().last().unwrap(), "PaymentRefunded");
    assert!(!world.types().contains(&"OrderPaid".to_owned()));
    let payment = world.payment().await;
    assert!(matches!(payment.stage, Stage::Cancelled { cause: CancelCause::Cancelled, .. }));
    assert_eq!(
        (payment.ledger.captured(), payment.ledger.refunded()),
        (Amount::minor(1900), Amount::minor(1900))
    );
}

#[tokio::test]
async fn each_cause_requests_once_and_nothing_is_refunded_twice() {
    let world = World::after_checkout("pm_card_visa").await;
    for _ in 0..2 {
        world.publish(&shipping_failed()).await.unwrap();
        world.publish(&shipment_cancelled()).await.unwrap();
        world.publish(&returned()).await.unwrap();
    }
    world.work().await;
    assert_eq!((world.provider.refunded(), world.provider.calls("POST /v1/refunds")), (1900, 1));
    let ledger = world.payment().await.ledger;
    assert_eq!((ledger.refunded(), ledger.refundable()), (Amount::minor(1900), Amount::ZERO));
    assert_eq!(
        world.types().iter().filter(|name| *name == "PaymentRefunded").count(),
        3,
        "two of them of zero"
    );
}

#[tokio::test]
async fn returned_goods_are_refunded_only_if_the_shop_wants_it() {
    let mut world = World::after_checkout("pm_card_visa").await;
    world.refund_on_return = false;
    world.publish(&returned()).await.unwrap();
    assert_eq!(world.types().len(), 2);
    world.refund_on_return = true;
    world.publish(&returned()).await.unwrap();
    world.work().await;
    assert_eq!(world.provider.refunded(), 1900);
}

#[tokio::test]
async fn whatever_fails_a_refund_is_made_exactly_once() {
    let faults = [
        Fault::Unreachable,
        Fault::ErrorBefore,
        Fault::ErrorAfter,
        Fault::TimeoutBefore,
        Fault::TimeoutAfter,
        Fault::RateLimited,
        Fault::Conflict,
    ];
    for fault in faults {
        for path in ["POST /v1/refunds", "GET /v1/refunds", "/v1/refunds"] {
            let world = World::after_checkout("pm_card_visa").await;
            world.publish(&out_of_stock()).await.unwrap();
            world.provider.fail(path, 3, fault);
            let mut deliveries = 1;
            while world.redeliver("RefundRequested", deliveries).await.is_err() {
                deliveries += 1;
                assert!(deliveries < 6, "{fault:?} at {path} never ends");
            }
            assert_eq!(world.provider.refunds_of(&world.intent()).len(), 1, "{fault:?} at {path}");
            assert_eq!(world.types().last().unwrap(), "PaymentRefunded", "{fault:?} at {path}");
        }
    }
}

#[tokio::test]
async fn a_pending_refund_stays_open() {
    let world = World::after_checkout("pm_card_visa").await;
    world.provider.hold_refunds(true);
    world.publish(&out_of_stock()).await.unwrap();
    world.work().await;
    assert_eq!(world.types().last().unwrap(), "RefundRequested");
    assert_eq!(world.payment().await.ledger.refundable(), Amount::ZERO);
}

#[tokio::test]
async fn a_refused_refund_is_requested_three_times_and_then_left_to_an_operator() {
    let world = World::after_checkout("pm_card_visa").await;
    world.provider.fail("POST /v1/refunds", 9, Fault::Refuse("charge_disputed"));
    world.publish(&out_of_stock()).await.unwrap();
    world.work().await;
    let failures = world.types().iter().filter(|name| *name == "RefundFailed").count();
    assert_eq!((failures, world.types().last().map(String::as_str)), (3, Some("RefundFailed")));
    world.redeliver("RefundFailed", 2).await.unwrap();
    assert_eq!(world.types().last().unwrap(), "RefundFailed");
    assert_eq!(world.payment().await.ledger.refundable(), Amount::minor(1900));
}

#[tokio::test]
async fn a_second_attempt_may_succeed() {
    let world = World::after_checkout("pm_card_visa").await;
    world.provider.fail("POST /v1/refunds", 1, Fault::Refuse("balance_insufficient"));
    world.publish(&out_of_stock()).await.unwrap();
    world.work().await;
    let written = world.table.all_events();
    let second: RefundRequested = serde_json::from_value((*written[4].data).clone()).unwrap();
    assert_eq!(second.refund_id.as_str(), "out_of_stock.2");
    assert_eq!(second.instead_of.unwrap().as_str(), "out_of_stock");
    assert_eq!(
        (world.provider.refunded(), world.types().last().map(String::as_str)),
        (1900, Some("PaymentRefunded"))
    );
}

#[tokio::test]
async fn an_event_that_this_function_does_not_handle_is_ignored() {
    let world = World::new();
    let event = not_for_us();
    let envelope = envelope(
        &order_id(1),
        1,
        &events::InventoryEvent::from(events::InventoryUpdated::unsharded(lines())),
    );
    assert_eq!(world.take(&Message { envelope, event, deliveries: 1 }).await, Ok(()));
    assert!(world.types().is_empty());
}
