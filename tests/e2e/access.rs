//! Authorization: what each caller may do.

use crate::stack::{Checkout, Stack};
use serde_json::json;

#[test]
fn without_a_token_every_route_but_health_is_refused() {
    let stack = Stack::shared();
    let id = "0".repeat(32);
    let routes = [
        ("GET", "/products".to_owned()),
        ("GET", "/products/TEA-01".to_owned()),
        ("PUT", "/products/TEA-01".to_owned()),
        ("POST", "/orders".to_owned()),
        ("GET", "/orders".to_owned()),
        ("POST", "/orders/search".to_owned()),
        ("GET", format!("/orders/{id}")),
        ("GET", format!("/orders/{id}/events")),
        ("GET", format!("/orders/{id}/payment")),
        ("POST", format!("/orders/{id}/cancel")),
        ("GET", "/stock/TEA-01".to_owned()),
        ("PUT", "/stock/TEA-01".to_owned()),
        ("POST", "/stock/TEA-01/adjustments".to_owned()),
        ("GET", "/shipments?open=true".to_owned()),
        ("GET", format!("/shipments/{id}")),
        ("POST", format!("/shipments/{id}/dispatch")),
    ];
    for (method, path) in routes {
        let body = (method != "GET").then(|| b"{}".to_vec());
        let headers = [("content-type", "application/json"), ("idempotency-key", "k")];
        let answer = stack.anonymous.send(method, &path, &headers, body);
        assert_eq!(answer.status, 401, "{answer}");
    }
    stack.anonymous.get("/health").expect(200);
}

#[test]
fn another_customers_order_does_not_exist_for_a_customer() {
    let stack = Stack::shared();
    let tea = stack.goods(950, 5);
    let id = stack.place(&Checkout::of(&[(&tea, 1)]));
    stack.await_status(&id, "allocated");
    for path in ["", "/events", "/payment"] {
        let path = format!("/orders/{id}{path}");
        stack.customer.get(&path).expect(200);
        stack.admin.get(&path).expect(200);
        stack.other_customer.get(&path).problem(404);
    }
    stack.other_customer.post(&format!("/orders/{id}/cancel"), &json!({})).problem(404);
    let theirs = stack.other_customer.get("/orders?limit=100").expect(200);
    assert!(!theirs.to_string().contains(&id));
    let cursor_of_another = stack.customer.get("/orders?limit=1").expect(200)["next"].clone();
    if let Some(cursor) = cursor_of_another.as_str() {
        stack.other_customer.get(&format!("/orders?cursor={cursor}")).problem(400);
    }
}

#[test]
fn the_shops_routes_are_for_the_admin_group() {
    let stack = Stack::shared();
    let tea = stack.goods(950, 5);
    let id = stack.place(&Checkout::of(&[(&tea, 1)]));
    stack.await_shipment(&id);
    let product = json!({"name": "Mine now", "price": 1, "currency": "EUR"});
    stack.customer.put(&format!("/products/{}", tea.sku), &product).problem(403);
    stack.customer.get(&format!("/stock/{}", tea.sku)).problem(403);
    stack.customer.put(&format!("/stock/{}", tea.sku), &json!({"on_hand": 1000})).problem(403);
    let adjustment = json!({"delta": 5, "reason": "mine now"});
    stack.customer.post_with_key(&format!("/stock/{}/adjustments", tea.sku), "k", &adjustment).problem(403);
    stack.customer.get("/orders?open=true").problem(403);
    stack.customer.post("/orders/search", &json!({"attention": "any"})).problem(403);
    stack.customer.get("/shipments?open=true").problem(403);
    stack.customer.get(&format!("/shipments/{id}")).problem(403);
    for (command, body) in [
        ("dispatch", json!({"carrier": "Mine", "tracking_code": "M1"})),
        ("tracking", json!({"carrier": "Mine", "tracking_code": "M1"})),
        ("release", json!({})),
        ("stray", json!({"outcome": "kept"})),
        ("deliver", json!({})),
        ("fail", json!({"reason": "none"})),
        ("return", json!({"restock": true})),
    ] {
        stack.customer.post(&format!("/shipments/{id}/{command}"), &body).problem(403);
    }
    assert_eq!(stack.stock(&tea), (5, 4, 1));
    stack.admin.get(&format!("/shipments/{id}")).expect(200);
}

#[test]
fn every_answer_to_a_caller_carries_its_limits() {
    let stack = Stack::shared();
    let policies = |answer: &crate::api::Answer| {
        let left = answer.header("ratelimit").unwrap_or_default();
        assert!(left.contains(";r=") && left.contains(";t="), "{left}: {answer}");
        let policy = answer.header("ratelimit-policy").unwrap_or_default();
        policy
            .split(", ")
            .map(|item| item.split(';').next().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(policies(&stack.customer.get("/orders")), ["\"requests\""]);
    assert_eq!(policies(&stack.customer.get("/orders?limit=0")), ["\"requests\""], "also of a refusal");
    assert_eq!(policies(&stack.customer.post("/orders", &json!({}))), ["\"requests\"", "\"orders\""]);
    assert_eq!(policies(&stack.admin.get("/stock/TEA-01")), ["\"admin-requests\""]);
}
