//! The provider is out for a while, behind its breaker: no call is made, no idempotency key is wasted, and what waits is done
//! once the provider is back.

use crate::testing::{World, out_of_stock};
use events::{OrderPlaced, OrdersEvent};
use resilience::{BackOff, Clock as _, Failure, NoJitter};
use runtime::queue::Message;
use std::time::Duration;
use testkit::{Outage, RequestBuilder as _, customer, delivered, message, order_id, placed, request};

const HOUR: Duration = Duration::from_hours(1);

/// An order that can be paid for this long.
fn to_be_paid_within(time: Duration) -> Message {
    let pay_by = testkit::now().checked_add(time).unwrap();
    message(&order_id(1), 1, &OrdersEvent::from(OrderPlaced { pay_by, ..placed() }))
}

/// Delivers the message, each time after the wait it asked for, until it is handled. Returns the number of deliveries.
async fn handle(world: &World, message: &Message) -> u32 {
    for deliveries in 1..100 {
        match world.take(&Message { deliveries, ..message.clone() }).await {
            Ok(()) => return deliveries,
            Err(Failure::Retry { after, .. }) => {
                let wait = after.unwrap_or_else(|| BackOff::MESSAGE.wait(deliveries, &NoJitter));
                world.clock.advance(wait);
            }
            Err(failure @ Failure::Reject { .. }) => panic!("{failure}"),
        }
    }
    panic!("it is never handled")
}

/// Handles our own events of that type.
async fn work(world: &World, event_type: &str) {
    for envelope in world.table.all_events() {
        if envelope.event_type == event_type {
            handle(world, &delivered(&envelope, 1).unwrap()).await;
        }
    }
}

/// The outage begins, and failed calls for other orders open the breaker.
async fn open_breaker(world: &World, outage: &Outage) {
    outage.begin(HOUR);
    for _ in 0..5 {
        drop(world.stripe().refunds("pi_of_another_order", testkit::eur()).await.unwrap_err());
    }
    assert_eq!(outage.calls(), 5);
}

fn is_paused(outcome: &Result<(), Failure>) -> bool {
    matches!(outcome, Err(Failure::Retry { after: Some(after), .. }) if *after == Duration::from_secs(15))
}

#[tokio::test]
async fn an_order_during_an_outage_is_paid_once_and_no_key_is_wasted() {
    let (world, outage) = World::behind_a_breaker();
    outage.begin(HOUR);
    let began = world.clock.now();
    handle(&world, &to_be_paid_within(2 * HOUR)).await;
    let late =
        Duration::try_from(world.clock.now().duration_since(began)).unwrap().checked_sub(HOUR).unwrap();
    assert!(late <= Duration::from_mins(5), "the provider was called only {late:?} after its return");
    work(&world, "PaymentRequested").await;
    assert_eq!(world.types(), ["PaymentRequested", "OrderPaid"]);
    assert_eq!((world.provider.charges(), world.provider.captured()), (1, 1900));
    for path in ["confirm", "/v1/payment_intents"] {
        assert_eq!(world.provider.calls(path), world.provider.keys(path).len(), "{path}");
    }
    assert_eq!(world.provider.keys("/v1/payment_intents").len(), 2, "one to create it, one to confirm it");
    assert_eq!(outage.calls(), 5 + 15, "those that opened the breaker, and one at the end of each pause");
}

#[tokio::test]
async fn an_order_that_expires_during_an_outage_is_never_charged() {
    let (world, outage) = World::behind_a_breaker();
    world.take(&to_be_paid_within(HOUR / 2)).await.unwrap();
    outage.begin(HOUR);
    work(&world, "PaymentRequested").await;
    work(&world, "PaymentCancellationRequested").await;
    assert_eq!(world.types(), ["PaymentRequested", "PaymentCancellationRequested", "PaymentCancelled"]);
    assert_eq!(
        (world.provider.charges(), world.provider.status_of(&world.intent()).as_str()),
        (0, "canceled")
    );
}

#[tokio::test]
async fn a_paused_call_is_retried_after_the_pause_without_reading_the_state() {
    let (world, outage) = World::behind_a_breaker();
    world.place("pm_card_visa").await;
    world.clock.advance(Duration::from_secs(6));
    open_breaker(&world, &outage).await;
    for deliveries in [1, 2] {
        assert!(is_paused(&world.redeliver("PaymentRequested", deliveries).await));
    }
    let another = message(&order_id(2), 1, &OrdersEvent::from(placed()));
    assert!(is_paused(&world.take(&another).await));
    assert_eq!(outage.calls(), 5);
}

#[tokio::test]
async fn a_confirmation_that_opens_the_breaker_is_settled_after_the_outage() {
    let (world, outage) = World::behind_a_breaker();
    world.place("pm_card_visa").await;
    outage.begin(HOUR);
    for _ in 0..4 {
        drop(world.stripe().state(&world.intent()).await.unwrap_err());
    }
    let request = world.table.all_events().pop().unwrap();
    assert!(is_paused(&world.take(&delivered(&request, 1).unwrap()).await));
    assert_eq!(outage.calls(), 5);
    world.clock.advance(HOUR);
    let asked = world.provider.calls("GET /v1/payment_intents");
    // Its time is over by now, so the payment is ended and no card is charged.
    handle(&world, &delivered(&request, 2).unwrap()).await;
    assert!(world.provider.calls("GET /v1/payment_intents") > asked);
    assert_eq!((world.provider.calls("confirm"), world.provider.charges()), (0, 0));
}

#[tokio::test]
async fn a_refund_during_an_outage_is_made_once_under_its_first_key() {
    let (world, outage) = World::behind_a_breaker();
    world.place("pm_card_visa").await;
    world.work().await;
    world.publish(&out_of_stock()).await.unwrap();
    world.clock.advance(Duration::from_secs(6));
    open_breaker(&world, &outage).await;
    assert!(is_paused(&world.redeliver("RefundRequested", 1).await));
    work(&world, "RefundRequested").await;
    assert_eq!(world.types().last().unwrap(), "PaymentRefunded");
    let keys = world.provider.keys("/v1/refunds");
    assert!(keys.len() == 1 && keys[0].ends_with("/1"), "{keys:?}");
    assert_eq!(world.provider.refunded(), 1900);
}

#[tokio::test]
async fn a_request_for_the_client_secret_during_an_outage_gets_retry_after() {
    let (world, outage) = World::behind_a_breaker();
    world.place("pm_card_threeDSecure").await;
    world.work().await;
    world.clock.advance(Duration::from_secs(6));
    open_breaker(&world, &outage).await;
    let ask = request("GET /orders/{order_id}/payment").path("order_id", order_id(1).as_str()).by(customer());
    let problem = world.get(ask).await.unwrap_err();
    assert_eq!((problem.status, problem.headers), (503, vec![("retry-after", "15".to_owned())]));
    assert_eq!(outage.calls(), 5);
}
