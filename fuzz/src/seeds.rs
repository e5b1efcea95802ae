//! The seeds of the fuzzers: valid inputs of each kind, so that a fuzzer gets past the first checks.

use crate::tables::{CARRIER, CODE, INTENT};
use events::{
    Amount, OrderPaid, OrderPlaced, OrdersEvent, PaymentsEvent, ServiceEvent, ShipmentCancelled,
    ShippingEvent,
};
use serde_json::{Value, json};
use testkit::{bearer, envelope, eur, lines, order_id, placed};

/// The seeds of a fuzzer: valid inputs.
pub fn seeds(fuzzer: &str) -> Vec<Vec<u8>> {
    match fuzzer {
        "signatures" => signed(),
        "stripe_events" => texts(stripe()),
        "carrier_events" => texts(carrier()),
        "standard_events" => texts(standard()),
        "frames" => texts(frames()),
        "messages" => messages(),
        "requests" => requests(),
        other => panic!("no fuzzer is called {other}"),
    }
}

fn texts(values: impl IntoIterator<Item = Value>) -> Vec<Vec<u8>> {
    values.into_iter().map(|value| value.to_string().into_bytes()).collect()
}

fn frames() -> Vec<Value> {
    let follow = json!({"action": "follow", "order": order_id(1)});
    let authorizer = json!({"caller": "customer#1", "admin": "true", "until": "2027-01-02T03:04:05Z"});
    let context = json!({"eventType": "MESSAGE", "connectionId": "c1", "authorizer": authorizer});
    vec![
        follow.clone(),
        json!({"action": "follow", "order": order_id(1), "after": 1}),
        json!({"action": "follow", "order": order_id(2), "after": 0}),
        json!({"action": "follow", "order": "board"}),
        json!({"requestContext": context, "body": follow.to_string(), "isBase64Encoded": false}),
        json!({"type": "REQUEST", "methodArn": "arn:1", "queryStringParameters": {"ticket": "t1"}}),
    ]
}

fn signed() -> Vec<Vec<u8>> {
    let now = testkit::now().as_second();
    [
        format!("stripe-signature: t={now},v1={{sig}}\n\n{{}}"),
        format!("Stripe-Signature: t={now},v1=00,v0=11,v1={{sig}}\n\n{{\"id\":1}}"),
        format!("webhook-id: msg_1\nwebhook-timestamp: {now}\nwebhook-signature: v1,{{sig}} v1a,x\n\n{{}}"),
        "x-hmac-signature: hmac-sha256-hex={sig}\n\n{\"weight\":614.0}".to_owned(),
        "x-hub-signature-256: sha256={sig}\n\n{}".to_owned(),
        "x-shopify-hmac-sha256: {sig}\n\n{}".to_owned(),
    ]
    .map(String::into_bytes)
    .into()
}

fn stripe_event(kind: &str, object: &Value) -> Value {
    json!({
        "id": "evt_1", "object": "event", "api_version": testkit::STRIPE_VERSION, "created": 1_767_323_045, "livemode": false,
        "type": kind, "data": {"object": object}, "pending_webhooks": 1,
        "request": {"id": "req_1", "idempotency_key": null},
    })
}

fn stripe() -> Vec<Value> {
    let metadata = json!({"order_id": order_id(1), "stack": "fuzz"});
    let intent = |status: &str| {
        json!({
            "id": INTENT, "object": "payment_intent", "status": status, "amount": 1900, "amount_received": 1900,
            "currency": "eur", "metadata": metadata, "latest_charge": "ch_1",
            "last_payment_error": {"code": "card_declined", "decline_code": "insufficient_funds"},
        })
    };
    let refund = json!({
        "id": "re_1", "object": "refund", "status": "succeeded", "amount": 500, "currency": "eur",
        "payment_intent": INTENT, "metadata": {"order_id": order_id(1), "stack": "fuzz", "refund_id": "r1"},
    });
    let dispute = json!({
        "id": "dp_1", "object": "dispute", "status": "needs_response", "amount": 1900, "currency": "eur",
        "payment_intent": INTENT,
    });
    vec![
        stripe_event("payment_intent.succeeded", &intent("succeeded")),
        stripe_event("payment_intent.payment_failed", &intent("requires_payment_method")),
        stripe_event("payment_intent.requires_action", &intent("requires_action")),
        stripe_event("payment_intent.canceled", &intent("canceled")),
        stripe_event("refund.created", &refund),
        stripe_event("refund.updated", &refund),
        stripe_event("refund.failed", &refund),
        stripe_event("charge.dispute.created", &dispute),
        stripe_event("charge.dispute.closed", &dispute),
        json!({"id": "evt_1", "object": "v2.core.event", "type": "v1.billing.meter.no_meter_found"}),
    ]
}

fn carrier() -> Vec<Value> {
    let tracker = |status: &str| {
        json!({
            "id": "evt_1", "object": "Event", "mode": "test", "description": "tracker.updated",
            "result": {
                "id": "trk_1", "object": "Tracker", "tracking_code": "1Z1", "carrier": "USPS", "status": status,
                "status_detail": "arrived_at_destination", "weight": 614.0,
                "tracking_details": [{
                    "object": "TrackingDetail", "message": "Delivered", "status": status,
                    "datetime": "2026-01-02T03:04:05Z", "source": "USPS",
                    "tracking_location": {"city": "BERN", "state": null, "country": "CH", "zip": "3000"},
                }],
            },
        })
    };
    ["pre_transit", "in_transit", "out_for_delivery", "delivered", "failure", "return_to_sender"]
        .map(tracker)
        .into()
}

fn standard() -> Vec<Value> {
    let webhook =
        |kind: &str, data: &Value| json!({"type": kind, "timestamp": "2026-01-02T03:04:05Z", "data": data});
    let parcel = json!({
        "carrier": CARRIER, "tracking_code": CODE, "status": "out_for_delivery", "status_detail": "on_van",
        "occurred_at": "2026-01-02T03:04:05Z",
    });
    vec![
        webhook(
            "payment.received",
            &json!({"order_id": order_id(1), "amount": 1900, "currency": "EUR", "reference": "RF18"}),
        ),
        webhook("payment.refunded", &json!({"order_id": order_id(1), "amount": 300, "reference": "RF19"})),
        webhook("parcel.tracked", &parcel),
        webhook("parcel.delivered", &parcel),
        webhook("invoice.created", &json!({})),
    ]
}

fn message<E: ServiceEvent>(event: &E) -> Vec<u8> {
    serde_json::to_vec(&envelope(&order_id(1), 1, event)).expect("an envelope is JSON")
}

/// An event with a number in an unknown field: too large for a float, so a careless reader would change it.
fn with_a_number<E: ServiceEvent>(event: &E) -> Vec<u8> {
    let text = String::from_utf8(message(event)).expect("JSON is text");
    let number = r#""data":{"later":9999999999999999999999999999999999999999999999120}"#;
    text.replace(r#""data":{}"#, number).into_bytes()
}

fn messages() -> Vec<Vec<u8>> {
    let paid = OrderPaid {
        intent_id: INTENT.to_owned(),
        amount: Amount::minor(1900),
        currency: eur(),
        lines: lines(),
        reference: None,
    };
    vec![
        message(&OrdersEvent::from(OrderPlaced { payment_method: "pm_1".to_owned(), ..placed() })),
        message(&PaymentsEvent::from(paid)),
        message(&ShippingEvent::from(ShipmentCancelled {})),
        with_a_number(&ShippingEvent::from(ShipmentCancelled {})),
    ]
}

/// An event of the gateway, by an admin, for the order of the tables and its product.
fn gateway(route: &str, query: &str, body: &str) -> Value {
    let token = json!({
        "iss": "https://issuer.example", "sub": "customer-1", "jti": "t-1", "token_use": "access",
        "cognito:groups": ["admin"],
    });
    let mut claims = token.clone();
    claims["cognito:groups"] = json!("[admin]");
    json!({
        "version": "2.0", "routeKey": route, "rawPath": "/", "rawQueryString": query,
        "headers": {
            "content-type": "application/json", "idempotency-key": "key-1", "host": "api.example",
            "authorization": bearer(&token),
        },
        "pathParameters": {"order_id": order_id(1), "sku": "TEA-01"}, "body": body, "isBase64Encoded": false,
        "requestContext": {
            "accountId": "1", "apiId": "a", "domainName": "api.example", "domainPrefix": "api", "requestId": "r",
            "stage": "$default", "routeKey": route, "time": "02/Jan/2026:03:04:05 +0000", "timeEpoch": 1,
            "http": {"method": "POST", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "u"},
            "authorizer": {"jwt": {"claims": claims, "scopes": null}},
        },
    })
}

fn requests() -> Vec<Vec<u8>> {
    let order = |line2: &str| {
        let order = json!({
            "items": [{"sku": "TEA-01", "quantity": 2}], "currency": "EUR", "payment_method": "pm_card_visa",
            "contact": {"email": "a@b.example", "phone": "+41790000000"},
            "shipping_address": {
                "name": "A", "line1": "S 1", "line2": line2, "city": "Bern", "postal_code": "3000", "country": "CH",
            },
        });
        order.to_string()
    };
    let mut encoded = gateway("PUT /stock/{sku}", "", "eyJvbl9oYW5kIjo1fQ==");
    encoded["isBase64Encoded"] = json!(true);
    let many = order("").replace(r#""quantity":2"#, r#""quantity":99999999999"#);
    texts([
        gateway("POST /orders", "", &order("c/o B")),
        gateway("POST /orders", "", &order("")),
        gateway("POST /orders", "", &order("\u{ffff}")),
        gateway("POST /orders", "", &many),
        gateway("GET /orders", "limit=5&cursor=", ""),
        gateway("GET /orders", "open=true", ""),
        gateway("GET /orders", r#"limit="<5>""#, ""),
        gateway("GET /orders", "email=a@b.example", ""),
        gateway("GET /orders/{order_id}", "", ""),
        gateway("POST /orders/search", "", r#"{"number":"k7qd-3m9x-tak"}"#),
        gateway("POST /orders/search", "", r#"{"email":"a@b.example","status":"paid","cursor":""}"#),
        gateway("POST /orders/search", "", r#"{"tracking_code":"1Z 1"}"#),
        gateway("POST /orders/search", "", r#"{"day":"2026-01-02"}"#),
        gateway("POST /orders/{order_id}/cancel", "", "{\"reason\":\"changed\\nmy mind\"}"),
        gateway("POST /orders/{order_id}/refunds", "", r#"{"amount":100,"reason":"a broken cup"}"#),
        gateway("POST /shipments/{order_id}/dispatch", "", r#"{"carrier":"USPS","tracking_code":"1Z1"}"#),
        encoded,
        gateway("GET /products", "tag=green&q=sen", ""),
        gateway("DELETE /products/{sku}", "", ""),
        gateway(
            "PUT /products",
            "",
            r#"{"items":[{"sku":"TEA","name":"Tea","price":950,"currency":"EUR"},{"sku":1},{"sku":"TEA","version":1}]}"#,
        ),
        gateway(
            "PUT /products/{sku}",
            "",
            r#"{"name":"Tea","price":950,"currency":"EUR","weight_grams":120,"images":["https://a.example/1"],
                "attributes":[{"name":"Origin","value":"Uji"}],"tags":["tea"],"tax_class":"food","description":"a\nb"}"#,
        ),
    ])
}
