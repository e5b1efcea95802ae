//! A customer is erased in payments, and no late message restores anything.

use crate::testing::World;
use event_store::Documents as _;
use event_store::{EventStore as _, StreamId};
use events::{Amount, OrdersEvent, PaymentsEvent, RefundCause, RefundId, RefundRequested, Sequence};
use testkit::{RequestBuilder as _, customer, erasure, order_id, request};

const WORDS: &str = "the customer is sad";

fn events(world: &World) -> String {
    world.table.all_events().iter().map(events::Envelope::stored).collect()
}

async fn erase(world: &World) {
    world.publish(&OrdersEvent::from(erasure())).await.unwrap();
}

/// A paid order with a refund that an operator gave, and the webhook that reported the payment.
async fn paid() -> World {
    let world = World::new();
    world.place("pm_card_visa").await;
    assert!(world.provider.pay_externally(&world.intent()));
    world.deliver_all().await;
    let goodwill = RefundRequested {
        refund_id: RefundId::try_from("goodwill.1").unwrap(),
        cause: RefundCause::Goodwill,
        amount: Amount::minor(0),
        captured: None,
        reference: None,
        instead_of: None,
        reason: Some(WORDS.to_owned()),
    };
    let next = Sequence::after(u32::try_from(world.types().len()).unwrap());
    append(&world, next, &goodwill.into()).await;
    world
}

async fn append(world: &World, place: Sequence, event: &PaymentsEvent) {
    let order = order_id(1);
    let envelope = events::Envelope::wrap(order.as_str(), place, testkit::now(), &testkit::cause(), event);
    world.table.append(&StreamId::order(&order), &envelope).await.unwrap();
}

#[tokio::test]
async fn i9_an_erased_order_is_found_nowhere() {
    let world = paid().await;
    let inbox: Vec<_> =
        world.table.all_documents().into_iter().filter(|(key, _)| key.sk == "inbox").collect();
    let [(key, before)] = inbox.as_slice() else { panic!("{inbox:?}") };
    assert!(events(&world).contains("customer-1") && events(&world).contains(WORDS));
    assert!(!webhooks::inbox::open(before, key).unwrap().1.is_empty());
    let types = world.types();
    erase(&world).await;
    assert!(!events(&world).contains("customer-1") && !events(&world).contains(WORDS));
    let after = world.table.get(key).await.unwrap().unwrap();
    let (item, body) = webhooks::inbox::open(&after, key).unwrap();
    assert!(body.is_empty() && item.headers.is_empty());
    assert_eq!(after.expires_at, before.expires_at);
    assert_eq!(world.types(), [types, vec!["PaymentDataErased".to_owned()]].concat());
}

#[tokio::test]
async fn the_payment_is_of_no_customer_and_its_money_stays() {
    let world = paid().await;
    let mine =
        || request("GET /orders/{order_id}/payment").path("order_id", order_id(1).as_str()).by(customer());
    assert!(world.get(mine()).await.is_ok());
    let money = async || {
        let ledger = world.payment().await.ledger;
        (ledger.captured(), ledger.refundable(), ledger.held())
    };
    let before = money().await;
    erase(&world).await;
    assert_eq!(world.get(mine()).await.unwrap_err().status, 404);
    assert_eq!(money().await, before);
}

#[tokio::test]
async fn i9_a_late_message_or_webhook_restores_nothing() {
    let world = paid().await;
    erase(&world).await;
    let types = world.types();
    world.place("pm_card_visa").await;
    erase(&world).await;
    world.deliver_all().await;
    for (key, document) in world.table.all_documents().into_iter().filter(|(key, _)| key.sk == "inbox") {
        let record = runtime::stream::Record { key, item: runtime::stream::Item::Document(document) };
        assert_eq!(world.apply(vec![record]).await.unwrap(), [], "an erased webhook is applied to nothing");
    }
    assert_eq!(world.types(), types);
    assert!(!events(&world).contains("customer-1"));
}

#[tokio::test]
async fn a_reason_that_is_typed_after_the_erasure_is_redacted() {
    let world = paid().await;
    erase(&world).await;
    let refund = request("POST /orders/{order_id}/refunds")
        .path("order_id", order_id(1).as_str())
        .header("idempotency-key", "k")
        .by_admin()
        .json(&serde_json::json!({"amount": 100, "reason": WORDS}));
    let first = world.post_refund(refund.clone()).await.unwrap();
    let again = world.post_refund(refund).await.unwrap();
    assert_eq!(again.body, first.body, "its repeat is recognized");
    assert_eq!(world.types().last().map(String::as_str), Some("RefundRequested"));
    assert!(!events(&world).contains(WORDS));
}
