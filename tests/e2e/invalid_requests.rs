//! Invalid requests are refused with the right status and a pointer to each error.

use crate::stack::{Checkout, Stack, fresh};
use serde_json::{Value, json};

const JSON: (&str, &str) = ("content-type", "application/json");

fn pointers(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().expect("errors");
    errors.iter().map(|error| error["pointer"].as_str().expect("a pointer")).collect()
}

#[test]
fn an_order_that_is_invalid_json_or_too_large_is_refused() {
    let stack = Stack::shared();
    let key = ("idempotency-key", "some-key");
    let send = |headers: &[(&str, &str)], body: &str| {
        stack.customer.send("POST", "/orders", headers, Some(body.as_bytes().to_vec()))
    };
    send(&[JSON, key], "{\"items\": [").problem(400);
    send(&[JSON, key], "").problem(400);
    let tea = stack.goods(950, 5);
    let two = format!("{0} {0}", Checkout::of(&[(&tea, 1)]).body());
    send(&[JSON, key], &two).problem(400);
    send(&[("content-type", "text/plain"), key], "{}").problem(415);
    let large = json!({"payment_method": "x".repeat(64 * 1024)}).to_string();
    send(&[JSON, key], &large).problem(413);
}

#[test]
fn an_order_needs_an_idempotency_key() {
    let stack = Stack::shared();
    let tea = stack.goods(950, 5);
    let body = Checkout::of(&[(&tea, 1)]).body();
    let problem = stack.customer.post("/orders", &body).problem(400);
    assert_eq!(problem["type"], "urn:conveyor:problem:idempotency-key-missing");
    let problem = stack.customer.post_with_key("/orders", &"k".repeat(256), &body).problem(400);
    assert_eq!(problem["type"], "urn:conveyor:problem:idempotency-key-invalid");
    let longest = format!("{:k<255}", fresh());
    stack.customer.post_with_key("/orders", &longest, &body).expect(202);
}

#[test]
fn an_invalid_order_is_refused_with_pointers_to_the_errors() {
    let stack = Stack::shared();
    let tea = stack.goods(950, 5);
    let valid = Checkout::of(&[(&tea, 1)]).body();
    let cases: Vec<(&str, Value, &str)> = vec![
        ("/items", json!([]), "/items"),
        ("/items/0/quantity", json!(0), "/items/0/quantity"),
        ("/items/0/quantity", json!(10_001), "/items/0/quantity"),
        ("/items/0/quantity", json!("two"), "/items/0/quantity"),
        ("/items/0/sku", json!("not sold here"), "/items/0/sku"),
        ("/items/0/sku", json!("NOT-SOLD-HERE"), "/items/0/sku"),
        ("/currency", json!("USD"), "/currency"),
        ("/contact/email", json!("ada"), "/contact/email"),
        ("/contact/phone", json!("0790000000"), "/contact/phone"),
        ("/shipping_address/country", json!("Switzerland"), "/shipping_address/country"),
        ("/shipping_address/country", json!("XX"), "/shipping_address/country"),
        ("/contact", json!({"email": "ada@shop.example", "fone": "+41790000000"}), "/contact/fone"),
        ("/items/0", json!([tea.sku, 1]), "/items/0"),
        ("/shipping_address/name", json!("x".repeat(101)), "/shipping_address/name"),
        ("/payment_method", json!("pm card"), "/payment_method"),
    ];
    for (at, value, pointer) in cases {
        let mut body = valid.clone();
        *body.pointer_mut(at).expect("a field") = value.clone();
        let problem = stack.customer.post_with_key("/orders", &fresh(), &body).problem(422);
        assert!(pointers(&problem).contains(&pointer), "{at} of {value}: {problem}");
    }
    let mut priced_by_the_client = valid.clone();
    priced_by_the_client["items"][0]["unit_price"] = json!(1);
    stack.customer.post_with_key("/orders", &fresh(), &priced_by_the_client).problem(422);
    let mut duplicate = valid;
    duplicate["items"] = json!([{"sku": tea.sku, "quantity": 1}, {"sku": tea.sku, "quantity": 2}]);
    let problem = stack.customer.post_with_key("/orders", &fresh(), &duplicate).problem(422);
    assert_eq!(pointers(&problem), ["/items/1/sku"]);
}

#[test]
fn a_total_that_no_provider_charges_is_refused() {
    let stack = Stack::shared();
    let (cheap, dear) = (stack.goods(1, 100), stack.goods(99_999_999, 100));
    for checkout in [Checkout::of(&[(&cheap, 49)]), Checkout::of(&[(&dear, 2)])] {
        let problem = stack.customer.post_with_key("/orders", &fresh(), &checkout.body()).problem(422);
        assert_eq!(pointers(&problem), ["/items"]);
    }
}

#[test]
fn the_shops_requests_are_validated_too() {
    let stack = Stack::shared();
    let tea = stack.goods(950, 5);
    let (product, shelf) = (format!("/products/{}", tea.sku), format!("/stock/{}", tea.sku));
    let negative = json!({"name": "Tea", "price": -1, "currency": "EUR"});
    assert_eq!(pointers(&stack.admin.put(&product, &negative).problem(422)), ["/price"]);
    let fraction = json!({"name": "Tea", "price": 9.5, "currency": "EUR"});
    assert_eq!(pointers(&stack.admin.put(&product, &fraction).problem(422)), ["/price"]);
    let no_currency = json!({"name": "Tea", "price": 950, "currency": "ZZZ"});
    assert_eq!(pointers(&stack.admin.put(&product, &no_currency).problem(422)), ["/currency"]);
    stack.admin.put("/products/no%20sku", &negative).problem(400);
    assert_eq!(pointers(&stack.admin.put(&shelf, &json!({"on_hand": -1})).problem(422)), ["/on_hand"]);
    assert_eq!(pointers(&stack.admin.put(&shelf, &json!([9])).problem(422)), [""]);
    let stale = [JSON, ("if-match", "\"77\"")];
    let body = json!({"on_hand": 9}).to_string().into_bytes();
    stack.admin.send("PUT", &shelf, &stale, Some(body)).problem(412);
    stack.admin.post(&format!("{shelf}/adjustments"), &json!({"delta": 1, "reason": "found"})).problem(400);
    let all_of_it = json!({"delta": -6, "reason": "broken"});
    stack.admin.post_with_key(&format!("{shelf}/adjustments"), &fresh(), &all_of_it).problem(409);
    stack.admin.get(&format!("/stock/E2E-{}", fresh())).problem(404);
    stack.admin.get(&format!("/orders/{}", "0".repeat(32))).problem(404);
    stack.admin.get("/orders/not-an-id").problem(404);
    stack.customer.get("/orders?limit=0").problem(400);
    stack.customer.get("/orders?cursor=nonsense").problem(400);
    stack.admin.get("/shipments").problem(400);
    assert_eq!(stack.stock(&tea), (5, 5, 0));
}
