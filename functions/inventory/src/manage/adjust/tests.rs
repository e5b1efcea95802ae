//! An adjustment applies once for each key, and never touches allocated pieces.

use crate::testing::{World, header, line, order, paid, request};
use runtime::http::Endpoint as _;
use serde_json::{Value, json};

#[tokio::test]
async fn an_adjustment_applies_once_for_each_key() {
    let world = World::with(&[("TEA", 5)]).await;
    let first = world.adjust("TEA", "k1", -2).await.unwrap();
    let repeat = world.adjust("TEA", "k1", -2).await.unwrap();
    assert_eq!((first.status, repeat.status), (201, 200));
    assert_eq!(first.body, repeat.body);
    assert_eq!(header(&repeat, "idempotency-replayed"), Some("true"));
    assert_eq!(world.stock("TEA").await, (3, 3, 0));
    let other = world.adjust("TEA", "k1", -1).await.unwrap_err();
    assert_eq!((other.status, other.kind), (422, "idempotency-key-reused"));
    assert_eq!(world.adjust("TEA", "k2", -2).await.unwrap().status, 201);
    assert_eq!(world.stock("TEA").await, (1, 1, 0));
}

#[tokio::test]
async fn the_same_key_of_another_caller_is_another_adjustment() {
    let world = World::with(&[("TEA", 5)]).await;
    world.adjust("TEA", "k1", 1).await.unwrap();
    let body = json!({ "delta": 2, "reason": "delivery" });
    let mut other = request("POST /stock/{sku}/adjustments", "TEA", &[("idempotency-key", "k1")], &body);
    other.caller.as_mut().unwrap().customer.subject = "s2".to_owned();
    assert_eq!(world.manage.answer(other).await.unwrap().status, 201);
    assert_eq!(world.stock("TEA").await, (8, 8, 0));
}

#[tokio::test]
async fn allocated_stock_cannot_be_adjusted_away() {
    let world = World::with(&[("TEA", 5)]).await;
    world.deliver(&order(1), &paid(&[line("TEA", 3)])).await.unwrap();
    assert_eq!(world.adjust("TEA", "k1", -3).await.unwrap_err().status, 409);
    assert_eq!(world.stock("TEA").await, (5, 2, 3));
    // A refusal is not stored: the same key succeeds once the stock suffices.
    world.put("TEA", 6, None).await.unwrap();
    assert_eq!(world.adjust("TEA", "k1", -3).await.unwrap().status, 201);
    assert_eq!(world.stock("TEA").await, (3, 0, 3));
}

#[tokio::test]
async fn an_adjustment_needs_a_key_a_change_and_a_reason() {
    let world = World::default();
    let ask = |headers: &[(&'static str, &str)], body: Value| {
        world.manage.answer(request("POST /stock/{sku}/adjustments", "TEA", headers, &body))
    };
    let valid = json!({ "delta": 1, "reason": "delivery" });
    assert_eq!(ask(&[], valid.clone()).await.unwrap_err().status, 400);
    assert_eq!(ask(&[("idempotency-key", "")], valid).await.unwrap_err().status, 400);
    for (wrong, pointer) in [
        (json!({ "delta": 0, "reason": "x" }), "/delta"),
        (json!({ "delta": i64::MIN, "reason": "x" }), "/delta"),
        (json!({ "delta": 1, "reason": " " }), "/reason"),
        (json!({ "delta": 1, "reason": "x".repeat(201) }), "/reason"),
    ] {
        let problem = ask(&[("idempotency-key", "k1")], wrong).await.unwrap_err();
        assert_eq!((problem.status, problem.errors[0].pointer.as_str()), (422, pointer));
    }
    assert_eq!(world.stock("TEA").await, (0, 0, 0));
}
