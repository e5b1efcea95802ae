//! Stock is read by viewers and put by staff; a put with `If-Match` applies to that version only.

use crate::testing::{World, body, header, line, order, paid, request};
use runtime::http::{Endpoint as _, Problem, Reply, Role, Server, parse_sample};
use serde_json::{Value, json};
use std::sync::Arc;

async fn show(world: &World, of: &str) -> Result<Reply, Problem> {
    world.manage.answer(request("GET /stock/{sku}", of, &[], &Value::Null)).await
}

#[tokio::test]
async fn a_put_is_shown_and_its_repeat_writes_nothing() {
    let world = World::default();
    assert_eq!(show(&world, "TEA").await.unwrap_err().status, 404);
    let first = world.put("TEA", 5, None).await.unwrap();
    assert_eq!(first.status, 201);
    assert_eq!(header(&first, "etag"), Some("\"1\""));
    let shown = json!({ "sku": "TEA", "on_hand": 5, "available": 5, "allocated": 0, "version": 1 });
    assert_eq!(body(&first), shown);
    let repeat = world.put("TEA", 5, None).await.unwrap();
    assert_eq!((repeat.status, body(&repeat)), (200, shown.clone()));
    assert_eq!(body(&show(&world, "TEA").await.unwrap()), shown);
}

#[tokio::test]
async fn a_put_does_not_change_what_is_allocated() {
    let world = World::with(&[("TEA", 5)]).await;
    world.deliver(&order(1), &paid(&[line("TEA", 3)])).await.unwrap();
    assert_eq!(world.put("TEA", 2, None).await.unwrap_err().status, 409);
    assert_eq!(world.stock("TEA").await, (5, 2, 3));
    assert_eq!(world.put("TEA", 3, None).await.unwrap().status, 200);
    assert_eq!(world.stock("TEA").await, (3, 0, 3));
}

#[tokio::test]
async fn a_put_with_if_match_applies_to_that_version_only() {
    let world = World::default();
    for absent in ["*", "\"1\""] {
        assert_eq!(world.put("TEA", 5, Some(absent)).await.unwrap_err().status, 412, "{absent}");
    }
    world.put("TEA", 5, None).await.unwrap();
    world.deliver(&order(1), &paid(&[line("TEA", 1)])).await.unwrap();
    for other in ["\"1\"", "1", "W/\"2\"", "\"3\"", "nonsense"] {
        assert_eq!(world.put("TEA", 9, Some(other)).await.unwrap_err().status, 412, "{other}");
    }
    assert_eq!(world.put("TEA", 9, Some("\"7\", \"2\"")).await.unwrap().status, 200);
    assert_eq!(world.put("TEA", 8, Some("*")).await.unwrap().status, 200);
    assert_eq!(world.put("TEA", 7, Some("4")).await.unwrap().status, 200, "the version as the body shows it");
    assert_eq!(world.stock("TEA").await, (7, 6, 1));
}

#[tokio::test]
async fn numbers_out_of_bounds_name_their_field() {
    let world = World::default();
    for wrong in [json!({ "on_hand": -1 }), json!({ "on_hand": 1_000_000_001 }), json!({ "on_hand": "5" })] {
        let problem = world.manage.answer(request("PUT /stock/{sku}", "TEA", &[], &wrong)).await.unwrap_err();
        assert_eq!((problem.status, problem.errors[0].pointer.as_str()), (422, "/on_hand"), "{wrong}");
    }
    let unknown = json!({ "on_hand": 1, "price": 2 });
    let problem = world.manage.answer(request("PUT /stock/{sku}", "TEA", &[], &unknown)).await.unwrap_err();
    assert_eq!(problem.status, 422);
    let list = request("PUT /stock/{sku}", "TEA", &[], &json!([5]));
    assert_eq!(world.manage.answer(list).await.unwrap_err().status, 422);
    assert_eq!(world.put("no sku", 1, None).await.unwrap_err().status, 400);
}

#[tokio::test]
async fn a_customer_neither_sees_nor_changes_stock() {
    let world = World::default();
    for route in ["GET /stock/{sku}", "PUT /stock/{sku}", "POST /stock/{sku}/adjustments"] {
        let mut request = request(route, "TEA", &[], &json!({ "on_hand": 1 }));
        request.caller.as_mut().unwrap().role = Role::Customer;
        assert_eq!(world.manage.answer(request).await.unwrap_err().status, 403, "{route}");
    }
}

#[tokio::test]
async fn every_sample_is_answered() {
    let world = World::default();
    let server = Server { access: Some(testkit::access()), limiter: None, endpoint: Arc::new(world.manage) };
    for (text, status) in [
        (include_str!("../../../../events/manage-stock/put.json"), 201),
        (include_str!("../../../../events/manage-stock/get.json"), 200),
        (include_str!("../../../../events/manage-stock/adjust.json"), 201),
    ] {
        let answer = server.serve(parse_sample(text).unwrap()).await;
        assert_eq!(answer.status().as_u16(), status, "{:?}", answer.body());
    }
}

#[tokio::test]
async fn a_hot_sku_is_shown_as_the_sum_of_its_shards() {
    let world = World::with(&[("TEA", 10)]).await;
    let spread = world.spread("TEA", 4, None).await.unwrap();
    assert_eq!(world.shards("TEA").await, [(3, 0), (3, 0), (2, 0), (2, 0)]);
    let shown = body(&show(&world, "TEA").await.unwrap());
    assert_eq!(body(&spread), shown);
    let numbers =
        json!({ "sku": "TEA", "on_hand": 10, "available": 10, "allocated": 0, "version": 5, "shards": 4 });
    assert_eq!(shown, numbers);
    assert_eq!(header(&spread, "etag"), Some("\"5\""));
    let repeat = world.spread("TEA", 4, Some(10)).await.unwrap();
    assert_eq!((repeat.status, body(&repeat)), (200, numbers), "a repeat writes nothing");
}

#[tokio::test]
async fn a_put_of_a_hot_sku_sets_the_sum() {
    let world = World::with(&[]).await;
    assert_eq!(world.spread("TEA", 4, None).await.unwrap_err().status, 404);
    assert_eq!(world.spread("TEA", 4, Some(8)).await.unwrap().status, 201);
    world.deliver(&order(1), &paid(&[line("TEA", 3)])).await.unwrap();
    assert_eq!(world.put("TEA", 2, None).await.unwrap_err().status, 409);
    let version = body(&show(&world, "TEA").await.unwrap())["version"].to_string();
    assert_eq!(world.put("TEA", 30, Some("1")).await.unwrap_err().status, 412);
    assert_eq!(body(&world.put("TEA", 30, Some(&version)).await.unwrap())["available"], 27);
    assert_eq!(world.stock("TEA").await, (30, 27, 3));
    let cold = body(&world.spread("TEA", 1, None).await.unwrap());
    assert_eq!((&cold["shards"], &cold["on_hand"]), (&json!(1), &json!(30)));
    let available: Vec<i64> = world.shards("TEA").await.iter().map(|(available, _)| *available).collect();
    assert_eq!(available, [27, 0, 0, 0]);
}

#[tokio::test]
async fn shards_are_1_to_8_and_a_put_sets_something() {
    let world = World::with(&[("TEA", 5)]).await;
    for wrong in [
        json!({}),
        json!({ "shards": 0 }),
        json!({ "shards": 9 }),
        json!({ "shards": -1 }),
        json!({ "on_hand": -1 }),
    ] {
        let answer = world.manage.answer(request("PUT /stock/{sku}", "TEA", &[], &wrong)).await;
        assert!([400, 422].contains(&answer.unwrap_err().status), "{wrong}");
    }
    let answer = world.manage.answer(request("PUT /stock/{sku}", "TEA", &[], &json!({ "shards": 1 }))).await;
    assert_eq!(body(&answer.unwrap()).get("shards"), None, "it was never hot");
}
