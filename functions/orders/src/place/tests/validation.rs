//! A request that cannot become an order is refused, names its fields, and writes nothing.

use crate::testing::{World, place_request, tea};
use runtime::http::Endpoint as _;
use serde_json::{Value, json};
use testkit::RequestBuilder as _;

#[tokio::test]
async fn kosovo_and_unusual_email_addresses_are_accepted() {
    let world = World::with_tea().await;
    for (at, value) in [
        ("/shipping_address/country", "XK"),
        ("/contact/email", "o'brien+tea_1@mail.b-c.example"),
        ("/contact/email", "a@xn--bcher-kva.example"),
    ] {
        let mut body = tea();
        *body.pointer_mut(at).unwrap() = json!(value);
        assert_eq!(world.send(value, &body).await.unwrap().status, 202, "{value}");
    }
}

#[tokio::test]
async fn i7_a_refused_order_writes_nothing() {
    let world = World::with_tea().await;
    let wrong = |pointer: &str, value: Value| {
        let mut body = tea();
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    let cases = [
        ("an unknown SKU", wrong("/items/0/sku", json!("NOT-SOLD")), "/items/0/sku"),
        ("an invalid SKU", wrong("/items/0/sku", json!("a#b")), "/items/0/sku"),
        ("zero pieces", wrong("/items/0/quantity", json!(0)), "/items/0/quantity"),
        ("too many pieces", wrong("/items/0/quantity", json!(10_001)), "/items/0/quantity"),
        ("a quantity below zero", wrong("/items/0/quantity", json!(-1)), "/items/0/quantity"),
        ("U+FFFE in a name", wrong("/shipping_address/name", json!("A\u{fffe}")), "/shipping_address/name"),
        ("U+FFFF in a city", wrong("/shipping_address/city", json!("\u{ffff}")), "/shipping_address/city"),
        (
            "U+FFFF in an email address",
            wrong("/contact/email", json!("a\u{ffff}@b.example")),
            "/contact/email",
        ),
        ("U+FFFE in a SKU", wrong("/items/0/sku", json!("TEA\u{fffe}")), "/items/0/sku"),
        ("an empty required field", wrong("/shipping_address/city", json!("")), "/shipping_address/city"),
        ("a fraction of a piece", wrong("/items/0/quantity", json!(1.5)), "/items/0/quantity"),
        ("no items", wrong("/items", json!([])), "/items"),
        ("another currency", wrong("/currency", json!("USD")), "/currency"),
        ("no email address", wrong("/contact/email", json!("name")), "/contact/email"),
        ("a name and an email address", wrong("/contact/email", json!("A <a@b.example>")), "/contact/email"),
        ("an email address in brackets", wrong("/contact/email", json!("<a@b.example>")), "/contact/email"),
        ("two email addresses", wrong("/contact/email", json!("a@b.example,c@d.example")), "/contact/email"),
        (
            "an email host with an empty label",
            wrong("/contact/email", json!("a@b..example")),
            "/contact/email",
        ),
        ("no phone number", wrong("/contact/phone", json!("0790000000")), "/contact/phone"),
        (
            "a country name",
            wrong("/shipping_address/country", json!("Switzerland")),
            "/shipping_address/country",
        ),
        (
            "an unassigned country code",
            wrong("/shipping_address/country", json!("XX")),
            "/shipping_address/country",
        ),
        ("an empty name", wrong("/shipping_address/name", json!(" ")), "/shipping_address/name"),
        (
            "a price set by the client",
            {
                let mut body = tea();
                body["items"][0]["unit_price"] = json!(1);
                body
            },
            "/items/0/unit_price",
        ),
        (
            "a misspelt contact field",
            wrong("/contact", json!({"email": "a@b.example", "fone": "+41790000000"})),
            "/contact/fone",
        ),
        (
            "a misspelt address field",
            {
                let mut body = tea();
                body["shipping_address"]["line3"] = json!("2nd floor");
                body
            },
            "/shipping_address/line3",
        ),
        ("an array as an item", wrong("/items/0", json!(["TEA-01", 1])), "/items/0"),
        ("an array as the contact", wrong("/contact", json!(["a@b.example"])), "/contact"),
        (
            "an array as the order",
            Value::Array(
                ["items", "currency", "payment_method", "contact", "shipping_address"]
                    .map(|name| tea()[name].clone())
                    .into(),
            ),
            "",
        ),
        (
            "a duplicate SKU",
            wrong("/items", json!([{"sku": "TEA-01", "quantity": 1}, {"sku": "TEA-01", "quantity": 1}])),
            "/items/1/sku",
        ),
    ];
    for (what, body, pointer) in cases {
        let problem = world.send("k", &body).await.unwrap_err();
        assert_eq!(problem.status, 422, "{what}: {problem:?}");
        assert!(problem.errors.iter().any(|error| error.pointer == pointer), "{what}: {:?}", problem.errors);
    }
    assert_eq!(world.events(), 0);
}

#[tokio::test]
async fn a_quantity_of_any_size_is_refused_by_its_bounds() {
    let world = World::with_tea().await;
    for quantity in ["10001", "99999999999", "18446744073709551616", "1e300"] {
        let mut request = place_request("k", &tea());
        let body = tea().to_string().replace(r#""quantity":2"#, &format!(r#""quantity":{quantity}"#));
        request.body = body.into_bytes();
        let problem = world.place.answer(request).await.unwrap_err();
        assert_eq!((problem.status, problem.errors.len()), (422, 1), "{quantity}");
        assert_eq!(problem.errors[0].pointer, "/items/0/quantity");
        assert!(
            problem.errors[0].detail.contains("at most 10000"),
            "{quantity}: {}",
            problem.errors[0].detail
        );
    }
}

#[tokio::test]
async fn an_unreadable_body_gets_the_status_for_its_cause() {
    let world = World::with_tea().await;
    let with_body = |body: &[u8], content_type: &str| {
        let mut request = place_request("k", &tea()).header("content-type", content_type);
        request.body = body.to_vec();
        request
    };
    let large = vec![b' '; 64 * 1024 + 1];
    for (request, status) in [
        (with_body(b"{", "application/json"), 400),
        (with_body(b"", "application/json"), 400),
        (with_body(b"\xff", "application/json"), 400),
        (with_body(b"{} {}", "application/json"), 422),
        (with_body(b"[]", "application/json"), 422),
        (with_body(b"{}", "text/plain"), 415),
        (with_body(&large, "application/json"), 413),
    ] {
        assert_eq!(world.place.answer(request).await.unwrap_err().status, status);
    }
}
