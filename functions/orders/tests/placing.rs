//! Placing an order: priced by us, placed once, whatever comes twice or changes meanwhile.

#![expect(clippy::unwrap_used, reason = "a test may be blunt outside of its test functions too")]

use event_store::{EventStore as _, Memory, StreamId};
use events::{CatalogEvent, OrderId, ProductChanged, Sequence};
use orders::{CopyPrices, PlaceOrder};
use resilience::FixedClock;
use runtime::http::{Endpoint as _, Problem, Reply, Request};
use runtime::queue::Consumer as _;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use testkit::{RequestBuilder as _, cause, customer, eur, now, other_customer, request, sku};

struct Shop {
    table: Arc<Memory>,
    place: Arc<PlaceOrder>,
    prices: CopyPrices,
}

impl Shop {
    async fn open() -> Self {
        let table = Arc::new(Memory::default());
        let place = PlaceOrder {
            store: table.clone(),
            documents: table.clone(),
            clock: Arc::new(FixedClock::at(now())),
            pay_within: Duration::from_mins(30),
            pay_elsewhere_within: Duration::from_hours(7 * 24),
            senders: "bank:payments,courier:parcels".parse().unwrap(),
        };
        let prices = CopyPrices { documents: table.clone() };
        let shop = Self { table, place: Arc::new(place), prices };
        shop.price("TEA-01", 950, true, 1).await;
        shop
    }

    async fn price(&self, name: &str, price: u64, active: bool, sequence: u32) {
        let product = ProductChanged {
            sku: sku(name),
            name: "Sencha".to_owned(),
            price: events::Amount::minor(price),
            currency: eur(),
            weight_grams: Some(120),
            active,
        };
        let place = Sequence::after(sequence - 1);
        let envelope =
            events::Envelope::wrap(name, place, now(), &cause(), &CatalogEvent::ProductChanged(product));
        self.prices.consume(&testkit::delivered(&envelope, 1).unwrap()).await.unwrap();
    }

    async fn order(&self, key: &str, body: &Value) -> Result<Reply, Problem> {
        self.place.answer(order(key, body)).await
    }

    fn events(&self) -> usize {
        self.table.all_events().len()
    }
}

fn order(key: &str, body: &Value) -> Request {
    request("POST /orders").by(customer()).header("idempotency-key", key).json(body)
}

fn tea() -> Value {
    json!({
        "items": [{"sku": "TEA-01", "quantity": 2}],
        "currency": "EUR",
        "payment_method": "pm_card_visa",
        "contact": {"email": "a@b.example", "phone": "+41790000000"},
        "shipping_address": {"name": "A. Person", "line1": "Street 1", "city": "Bern", "postal_code": "3000", "country": "CH"}
    })
}

fn body(reply: &Reply) -> Value {
    serde_json::from_str(&reply.body).unwrap()
}

fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    reply.headers.iter().find(|(found, _)| *found == name).map(|(_, value)| value.as_str())
}

#[tokio::test]
async fn an_order_is_priced_by_the_server_and_stands_in_its_stream() {
    let shop = Shop::open().await;
    let reply = shop.order("k1", &tea()).await.unwrap();
    assert_eq!(reply.status, 202);
    let body = body(&reply);
    assert_eq!(body["total"], 1900);
    assert_eq!(body["items"], json!([{"sku": "TEA-01", "quantity": 2, "unit_price": 950}]));
    assert_eq!(body["pay_by"], "2026-01-02T03:34:05Z");
    let id = OrderId::try_from(body["order_id"].as_str().unwrap()).unwrap();
    assert_eq!(header(&reply, "location"), Some(format!("/orders/{id}").as_str()));
    let stream = shop.table.read(&StreamId::order(&id)).await.unwrap();
    assert_eq!(stream.len(), 1);
    assert_eq!(stream[0].event_type, "OrderPlaced");
}

/// Orders are stored under it: whatever becomes of the code, a key of last year names the order of last year.
#[tokio::test]
async fn an_order_id_is_the_same_for_ever() {
    let shop = Shop::open().await;
    let reply = shop.order("k1", &tea()).await.unwrap();
    assert_eq!(header(&reply, "location"), Some("/orders/c68325f538314c15a96ad1aace0f219b"));
}

/// It stands in every stream: an order of last year is still known by the same request.
#[tokio::test]
async fn a_request_has_the_same_digest_for_ever() {
    let shop = Shop::open().await;
    let mut full = tea();
    full["shipping_address"]["line2"] = json!("c/o B. Person");
    for (key, body, digest) in [
        ("k1", tea(), "_yNQ6-cJofLZIGB4n_qfTMuFCMc5mM2-PK9Uw-xjqbE"),
        ("k2", full, "RdamFVVY5ZgCyYJhmvt_SpyOvVY99Rd-9Tk7Q95kyz8"),
    ] {
        shop.order(key, &body).await.unwrap();
        let event = shop.table.all_events().pop().unwrap();
        assert_eq!(event.data["request_digest"], digest);
    }
}

#[tokio::test]
async fn kosovo_and_unusual_addresses_of_email_are_taken() {
    let shop = Shop::open().await;
    for (at, value) in [
        ("/shipping_address/country", "XK"),
        ("/contact/email", "o'brien+tea_1@mail.b-c.example"),
        ("/contact/email", "a@xn--bcher-kva.example"),
    ] {
        let mut body = tea();
        *body.pointer_mut(at).unwrap() = json!(value);
        assert_eq!(shop.order(value, &body).await.unwrap().status, 202, "{value}");
    }
}

#[tokio::test]
async fn the_same_key_gives_the_same_answer_whatever_prices_have_become_since() {
    let shop = Shop::open().await;
    let first = shop.order("k1", &tea()).await.unwrap();
    shop.price("TEA-01", 1200, true, 2).await;
    let dearer = shop.order("k1", &tea()).await.unwrap();
    shop.price("TEA-01", 1200, false, 3).await;
    let no_longer_sold = shop.order("k1", &tea()).await.unwrap();
    for repeat in [dearer, no_longer_sold] {
        assert_eq!(repeat.status, 202);
        assert_eq!(repeat.body, first.body);
        assert_eq!(header(&repeat, "idempotency-replayed"), Some("true"));
    }
    assert_eq!(shop.events(), 1);
}

#[tokio::test]
async fn white_space_and_the_order_of_fields_make_no_other_request() {
    let shop = Shop::open().await;
    shop.order("k1", &tea()).await.unwrap();
    let mut again = order("k1", &tea());
    let fields: Vec<String> = tea()
        .as_object()
        .unwrap()
        .iter()
        .rev()
        .map(|(name, value)| format!("\"{name}\" : {value}"))
        .collect();
    again.body = format!("{{ {} }}", fields.join(" , ")).into_bytes();
    assert_eq!(header(&shop.place.answer(again).await.unwrap(), "idempotency-replayed"), Some("true"));
}

#[tokio::test]
async fn another_request_under_a_used_key_is_refused() {
    let shop = Shop::open().await;
    shop.order("k1", &tea()).await.unwrap();
    let mut other = tea();
    other["items"][0]["quantity"] = json!(3);
    assert_eq!(shop.order("k1", &other).await.unwrap_err().kind, "idempotency-key-reused");
    other["items"][0]["sku"] = json!("NOT-SOLD");
    assert_eq!(shop.order("k1", &other).await.unwrap_err().kind, "idempotency-key-reused");
    assert_eq!(shop.events(), 1);
}

#[tokio::test]
async fn two_customers_may_use_the_same_key() {
    let shop = Shop::open().await;
    let mine = shop.order("k1", &tea()).await.unwrap();
    let theirs = shop.place.answer(order("k1", &tea()).by(other_customer())).await.unwrap();
    assert_ne!(body(&mine)["order_id"], body(&theirs)["order_id"]);
}

#[tokio::test]
async fn a_hundred_repeats_at_once_place_one_order() {
    let shop = Shop::open().await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let place = shop.place.clone();
        tasks.spawn(async move { place.answer(order("k1", &tea())).await });
    }
    let answers = tasks.join_all().await;
    let replayed =
        answers.iter().filter(|answer| header(answer.as_ref().unwrap(), "idempotency-replayed").is_some());
    assert_eq!(replayed.count(), 99);
    assert_eq!(shop.events(), 1);
}

#[tokio::test]
async fn i7_a_refused_order_leaves_nothing_behind() {
    let shop = Shop::open().await;
    let wrong = |pointer: &str, value: Value| {
        let mut body = tea();
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    let cases = [
        ("an unknown SKU", wrong("/items/0/sku", json!("NOT-SOLD")), "/items/0/sku"),
        ("an unsound SKU", wrong("/items/0/sku", json!("a#b")), "/items/0/sku"),
        ("no pieces", wrong("/items/0/quantity", json!(0)), "/items/0/quantity"),
        ("too many pieces", wrong("/items/0/quantity", json!(10_001)), "/items/0/quantity"),
        ("a fraction of a piece", wrong("/items/0/quantity", json!(1.5)), "/items/0/quantity"),
        ("no items", wrong("/items", json!([])), "/items"),
        ("another currency", wrong("/currency", json!("USD")), "/currency"),
        ("no address of email", wrong("/contact/email", json!("nobody")), "/contact/email"),
        (
            "a name and an address of email",
            wrong("/contact/email", json!("A <a@b.example>")),
            "/contact/email",
        ),
        (
            "an address of email in brackets",
            wrong("/contact/email", json!("<a@b.example>")),
            "/contact/email",
        ),
        (
            "two addresses of email",
            wrong("/contact/email", json!("a@b.example,c@d.example")),
            "/contact/email",
        ),
        ("an email host of no name", wrong("/contact/email", json!("a@b..example")), "/contact/email"),
        ("no phone number", wrong("/contact/phone", json!("0790000000")), "/contact/phone"),
        (
            "a country in words",
            wrong("/shipping_address/country", json!("Switzerland")),
            "/shipping_address/country",
        ),
        (
            "a country that is none",
            wrong("/shipping_address/country", json!("XX")),
            "/shipping_address/country",
        ),
        ("an empty name", wrong("/shipping_address/name", json!(" ")), "/shipping_address/name"),
        (
            "a price of one's own",
            {
                let mut body = tea();
                body["items"][0]["unit_price"] = json!(1);
                body
            },
            "/items/0/unit_price",
        ),
        (
            "a misspelt field of the contact",
            wrong("/contact", json!({"email": "a@b.example", "fone": "+41790000000"})),
            "/contact/fone",
        ),
        (
            "a misspelt field of the address",
            {
                let mut body = tea();
                body["shipping_address"]["line3"] = json!("2nd floor");
                body
            },
            "/shipping_address/line3",
        ),
        ("a list for an item", wrong("/items/0", json!(["TEA-01", 1])), "/items/0"),
        ("a list for the contact", wrong("/contact", json!(["a@b.example"])), "/contact"),
        (
            "a list for the order",
            Value::Array(
                ["items", "currency", "payment_method", "contact", "shipping_address"]
                    .map(|name| tea()[name].clone())
                    .into(),
            ),
            "",
        ),
        (
            "a SKU twice",
            wrong("/items", json!([{"sku": "TEA-01", "quantity": 1}, {"sku": "TEA-01", "quantity": 1}])),
            "/items/1/sku",
        ),
    ];
    for (what, body, pointer) in cases {
        let problem = shop.order("k", &body).await.unwrap_err();
        assert_eq!(problem.status, 422, "{what}: {problem:?}");
        assert!(problem.errors.iter().any(|error| error.pointer == pointer), "{what}: {:?}", problem.errors);
    }
    assert_eq!(shop.events(), 0);
}

#[tokio::test]
async fn a_total_that_the_provider_cannot_charge_is_refused() {
    let shop = Shop::open().await;
    shop.price("PIN-01", 1, true, 1).await;
    shop.price("GOLD-01", 90_000_000, true, 1).await;
    for (name, quantity) in [("PIN-01", 49), ("GOLD-01", 2)] {
        let mut body = tea();
        body["items"] = json!([{"sku": name, "quantity": quantity}]);
        assert_eq!(shop.order(name, &body).await.unwrap_err().errors[0].pointer, "/items");
    }
}

#[tokio::test]
async fn an_idempotency_key_is_asked_for() {
    let shop = Shop::open().await;
    let without = request("POST /orders").by(customer()).json(&tea());
    assert_eq!(shop.place.answer(without).await.unwrap_err().status, 400);
    for key in ["", "é", &"x".repeat(256)] {
        let problem = shop.order(key, &tea()).await.unwrap_err();
        assert_eq!((problem.status, problem.kind), (400, "idempotency-key-invalid"), "{key}");
    }
    assert!(shop.order(&"x".repeat(255), &tea()).await.is_ok());
}

#[tokio::test]
async fn a_body_that_cannot_be_read_gets_the_status_that_says_why() {
    let shop = Shop::open().await;
    let sent = |body: &[u8], content_type: &str| {
        let mut request = order("k", &tea()).header("content-type", content_type);
        request.body = body.to_vec();
        request
    };
    let large = vec![b' '; 64 * 1024 + 1];
    for (request, status) in [
        (sent(b"{", "application/json"), 400),
        (sent(b"", "application/json"), 400),
        (sent(b"\xff", "application/json"), 400),
        (sent(b"{} {}", "application/json"), 422),
        (sent(b"[]", "application/json"), 422),
        (sent(b"{}", "text/plain"), 415),
        (sent(&large, "application/json"), 413),
    ] {
        assert_eq!(shop.place.answer(request).await.unwrap_err().status, status);
    }
}

#[tokio::test]
async fn an_older_price_never_replaces_a_newer_one() {
    let shop = Shop::open().await;
    shop.price("TEA-01", 1200, true, 3).await;
    shop.price("TEA-01", 1100, true, 2).await;
    let body = body(&shop.order("k1", &tea()).await.unwrap());
    assert_eq!(body["total"], 2400);
}

#[tokio::test]
async fn an_order_may_be_paid_by_way_of_another_system_that_takes_payments_here() {
    let shop = Shop::open().await;
    let by_way_of = |sender: &str| {
        let mut order = tea();
        order["payment_method"] = json!(sender);
        order
    };
    let placed = body(&shop.order("k1", &by_way_of("elsewhere:bank")).await.unwrap());
    assert_eq!(placed["pay_by"], "2026-01-09T03:04:05Z", "a transfer takes days");
    for sender in ["elsewhere:courier", "elsewhere:nobody", "elsewhere:", "bank:elsewhere"] {
        let problem = shop.order("k2", &by_way_of(sender)).await.unwrap_err();
        assert_eq!(
            (problem.status, problem.errors[0].pointer.as_str()),
            (422, "/payment_method"),
            "{sender}"
        );
    }
    assert_eq!(shop.events(), 1);
}
