//! What senders put into fields: `null` where we expect an object, and anything at all where we read nothing.

use crate::payment::Stage;
use crate::testing::{World, out_of_stock};
use events::Amount;
use serde_json::{Value, json};

/// Delivers the text of an event, which may hold what no parsed JSON can.
async fn deliver(world: &World, id: &str, text: &str) -> usize {
    world.receive(world.signed(text.as_bytes())).await.unwrap();
    world.apply(vec![world.inbox(id)]).await.unwrap().len()
}

fn event(id: &str, kind: &str, object: &Value) -> Value {
    json!({"id": id, "object": "event", "type": kind, "livemode": false, "data": {"object": object}})
}

#[tokio::test]
async fn an_object_whose_metadata_is_null_is_counted() {
    let world = World::new();
    world.place("pm_card_visa").await;
    let intent = json!({
        "id": world.intent(), "status": "succeeded", "amount": null, "amount_received": 1900, "currency": "eur",
        "metadata": null, "last_payment_error": null, "client_secret": null,
    });
    assert_eq!(world.deliver(&event("evt_1", "payment_intent.succeeded", &intent)).await, []);
    assert!(matches!(world.payment().await.stage, Stage::Paid { .. }));
    world.publish(&out_of_stock()).await.unwrap();
    let refund = json!({
        "id": "re_1", "status": "succeeded", "amount": 900, "payment_intent": world.intent(), "metadata": null,
        "currency": null, "failure_reason": null,
    });
    for id in ["evt_2", "evt_3"] {
        assert_eq!(world.deliver(&event(id, "refund.created", &refund)).await, []);
    }
    assert_eq!(world.payment().await.ledger.refunded(), Amount::minor(900));
    let dispute = json!({
        "id": "dp_1", "status": "needs_response", "amount": 500, "payment_intent": world.intent(), "metadata": null,
        "currency": null, "evidence_details": null, "charge": null,
    });
    assert_eq!(world.deliver(&event("evt_4", "charge.dispute.created", &dispute)).await, []);
    assert_eq!(world.payment().await.ledger.held(), Amount::minor(500));
}

#[tokio::test]
async fn a_field_that_is_not_read_makes_no_webhook_unreadable() {
    let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    let memos = [
        r#""half \ud83d of a pair""#,
        r#""\udc00""#,
        "1e999",
        "-0.1e-999",
        "123456789012345678901234567890",
        &deep,
        r#"{"a": 1, "a": 2}"#,
        r#""\u0000""#,
    ];
    for memo in memos {
        let world = World::new();
        world.place("pm_card_visa").await;
        let text = format!(
            r#"{{"id": "evt_1", "object": "event", "type": "payment_intent.succeeded", "livemode": false, "memo": {memo},
                "request": {{"memo": {memo}}}, "data": {{"previous_attributes": {memo}, "object": {{
                "id": "{}", "status": "succeeded", "amount_received": 1900, "currency": "eur", "description": {memo},
                "metadata": {{"memo": {memo}, "order_id": "{}", "stack": "conveyor"}}}}}}}}"#,
            world.intent(),
            testkit::order_id(1)
        );
        assert_eq!(deliver(&world, "evt_1", &text).await, 0, "{memo:.30}");
        assert!(matches!(world.payment().await.stage, Stage::Paid { .. }), "{memo:.30}");
    }
}

#[tokio::test]
async fn a_webhook_with_an_overlong_id_is_dead_lettered_and_its_neighbour_is_applied() {
    let world = World::new();
    world.place("pm_card_visa").await;
    let long = "a".repeat(3000);
    let object = |id: &str, intent: &str| json!({"id": id, "status": "needs_response", "amount": 500, "currency": "eur", "payment_intent": intent});
    for (event_id, id, intent) in
        [("evt_1", long.as_str(), world.intent()), ("evt_2", "dp_2", format!("pi_{long}"))]
    {
        let created = event(event_id, "charge.dispute.created", &object(id, &intent)).to_string();
        assert_eq!(deliver(&world, event_id, &created).await, 1, "{id:.10}");
    }
    let intent =
        json!({"id": world.intent(), "status": "succeeded", "amount_received": 1900, "currency": "eur"});
    assert_eq!(world.deliver(&event("evt_3", "payment_intent.succeeded", &intent)).await, []);
    assert!(matches!(world.payment().await.stage, Stage::Paid { .. }));
}
