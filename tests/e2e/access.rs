//! Who may do what.

use crate::shop::{Checkout, Shop};
use serde_json::json;

#[test]
fn without_a_token_every_route_but_health_is_refused() {
    let shop = Shop::open();
    let id = "0".repeat(32);
    let doors = [
        ("GET", "/products".to_owned()),
        ("GET", "/products/TEA-01".to_owned()),
        ("PUT", "/products/TEA-01".to_owned()),
        ("POST", "/orders".to_owned()),
        ("GET", "/orders".to_owned()),
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
    for (method, path) in doors {
        let body = (method != "GET").then(|| b"{}".to_vec());
        let headers = [("content-type", "application/json"), ("idempotency-key", "k")];
        let answer = shop.nobody.send(method, &path, &headers, body);
        assert_eq!(answer.status, 401, "{answer}");
    }
    shop.nobody.get("/health").expect(200);
}

#[test]
fn another_customers_order_does_not_exist_for_a_customer() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let id = shop.place(&Checkout::of(&[(&tea, 1)]));
    shop.await_status(&id, "allocated");
    for path in ["", "/events", "/payment"] {
        let path = format!("/orders/{id}{path}");
        shop.customer.get(&path).expect(200);
        shop.admin.get(&path).expect(200);
        shop.other_customer.get(&path).problem(404);
    }
    shop.other_customer.post(&format!("/orders/{id}/cancel"), &json!({})).problem(404);
    let theirs = shop.other_customer.get("/orders?limit=100").expect(200);
    assert!(!theirs.to_string().contains(&id));
    let cursor_of_another = shop.customer.get("/orders?limit=1").expect(200)["next"].clone();
    if let Some(cursor) = cursor_of_another.as_str() {
        shop.other_customer.get(&format!("/orders?cursor={cursor}")).problem(400);
    }
}

#[test]
fn the_shops_routes_are_for_the_admin_group() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let id = shop.place(&Checkout::of(&[(&tea, 1)]));
    shop.await_shipment(&id);
    let product = json!({"name": "Mine now", "price": 1, "currency": "EUR"});
    shop.customer.put(&format!("/products/{}", tea.sku), &product).problem(403);
    shop.customer.get(&format!("/stock/{}", tea.sku)).problem(403);
    shop.customer.put(&format!("/stock/{}", tea.sku), &json!({"on_hand": 1000})).problem(403);
    let adjustment = json!({"delta": 5, "reason": "mine now"});
    shop.customer.post_with_key(&format!("/stock/{}/adjustments", tea.sku), "k", &adjustment).problem(403);
    shop.customer.get("/orders?open=true").problem(403);
    shop.customer.get("/shipments?open=true").problem(403);
    shop.customer.get(&format!("/shipments/{id}")).problem(403);
    for (command, body) in [
        ("dispatch", json!({"carrier": "Mine", "tracking_code": "M1"})),
        ("deliver", json!({})),
        ("fail", json!({"reason": "none"})),
        ("return", json!({"restock": true})),
    ] {
        shop.customer.post(&format!("/shipments/{id}/{command}"), &body).problem(403);
    }
    assert_eq!(shop.stock(&tea), (5, 4, 1));
    shop.admin.get(&format!("/shipments/{id}")).expect(200);
}
