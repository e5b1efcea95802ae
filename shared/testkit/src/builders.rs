//! Builders of what many tests need: ids, times, messages, requests, records.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use event_store::{Key, StreamId};
use events::{
    Amount, Cause, Contact, Currency, Customer, CustomerErasureRequested, Envelope, ErasureCause, EventId,
    Line, OrderId, OrderLine, OrderPlaced, Sequence, ServiceEvent, ShippingAddress, Sku,
};
use jiff::Timestamp;
use lambda_http::http::{HeaderMap, HeaderName, HeaderValue};
use runtime::Settings;
use runtime::http::{Access, Admission, Caller, Request, Role};
use runtime::queue::Message;
use runtime::stream::{Item, Record};
use std::collections::HashMap;

/// The moment at which every test begins: 2026-01-02T03:04:05Z.
pub fn now() -> Timestamp {
    Timestamp::from_second(1_767_323_045).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The id of the n-th order of a test.
pub fn order_id(n: u64) -> OrderId {
    OrderId::from_digest(u128::from(n).to_be_bytes())
}

/// A SKU that is known to be valid.
///
/// # Panics
/// On an invalid SKU: the test is wrong.
#[expect(clippy::expect_used, reason = "an invalid SKU in a test is a mistake in the test")]
pub fn sku(text: &str) -> Sku {
    Sku::try_from(text).expect("a valid SKU")
}

/// Euros.
///
/// # Panics
/// Never: EUR is a currency.
#[expect(clippy::expect_used, reason = "EUR is a currency")]
pub fn eur() -> Currency {
    Currency::try_from("EUR").expect("a currency")
}

/// The customer of all orders.
pub fn customer() -> Customer {
    Customer { issuer: "https://issuer.example".to_owned(), subject: "customer-1".to_owned() }
}

/// Another customer.
pub fn other_customer() -> Customer {
    Customer { subject: "customer-2".to_owned(), ..customer() }
}

/// The cause of a test's events: a request.
pub fn cause() -> Cause {
    Cause { id: EventId::outside("request", "test"), traceparent: None, actor: None }
}

/// The request to erase an order's personal data.
pub fn erasure() -> CustomerErasureRequested {
    CustomerErasureRequested {
        pseudonym: "erased-1".to_owned(),
        because: ErasureCause::Request,
        requested_by: Some(other_customer()),
    }
}

/// Callers as the stack's own user pool names them: the groups `admin`, `staff` and `viewer`, in access tokens.
pub fn access() -> Access {
    let settings = &mut Settings::from_lookup(|_| None);
    Access { token_use: Some("access".to_owned()), ..Access::from_settings(settings) }
}

/// Two packets of tea.
pub fn lines() -> Vec<Line> {
    vec![Line { sku: sku("TEA-01"), quantity: 2, weight_grams: 120 }]
}

/// An order of two packets of tea for 19.00 EUR, to be paid within half an hour.
pub fn placed() -> OrderPlaced {
    OrderPlaced {
        customer: customer(),
        lines: vec![OrderLine {
            sku: sku("TEA-01"),
            quantity: 2,
            unit_price: Amount::minor(950),
            weight_grams: 120,
        }],
        total: Amount::minor(1900),
        currency: eur(),
        pay_by: now().checked_add(std::time::Duration::from_mins(30)).unwrap_or(Timestamp::MAX),
        contact: Contact { email: "a@b.example".to_owned(), phone: Some("+41790000000".to_owned()) },
        shipping_address: ShippingAddress {
            name: "A. Person".to_owned(),
            line1: "Street 1".to_owned(),
            line2: None,
            city: "Bern".to_owned(),
            postal_code: Some("3000".to_owned()),
            region: None,
            country: "CH".to_owned(),
        },
        payment_method: "pm_card_visa".to_owned(),
        request_digest: "digest".to_owned(),
    }
}

/// An event about an order, at this place of its service's stream.
pub fn envelope<E: ServiceEvent>(order: &OrderId, sequence: u32, event: &E) -> Envelope {
    let place = Sequence::after(sequence.saturating_sub(1));
    Envelope::wrap(order.as_str(), place, now(), &cause(), event)
}

/// An event about an order, as its queue delivers it the first time.
///
/// # Panics
/// Never: our events can be read back.
#[expect(clippy::expect_used, reason = "our events can be read back, as the wire tests prove")]
pub fn message<E: ServiceEvent>(order: &OrderId, sequence: u32, event: &E) -> Message {
    delivered(&envelope(order, sequence, event), 1).expect("our events can be read back")
}

/// An envelope, as its queue delivers it for the n-th time.
pub fn delivered(envelope: &Envelope, deliveries: u32) -> Result<Message, resilience::Failure> {
    let json = serde_json::to_string(envelope).unwrap_or_default();
    Message::read(&json, deliveries)
}

/// An event, as the queue of the consumer delivers it that it was replayed to at this time.
///
/// # Panics
/// Never: our events can be read back.
#[expect(clippy::expect_used, reason = "our events can be read back, as the wire tests prove")]
pub fn replayed(envelope: &Envelope, at: Timestamp) -> Message {
    let marked = Envelope { replayed: Some(at), ..envelope.clone() };
    delivered(&marked, 1).expect("our events can be read back")
}

/// An event, as its table's stream carries it.
///
/// # Panics
/// On an envelope of an unknown service: the test is wrong.
#[expect(clippy::expect_used, reason = "an unknown service in a test is a mistake in the test")]
pub fn record(envelope: &Envelope) -> Record {
    let stream = StreamId::of(envelope).expect("a known service");
    Record { key: Key::of_event(&stream, envelope), item: Item::Event(Box::new(envelope.clone())) }
}

/// A request to a route, without a caller and a body.
pub fn request(route: &str) -> Request {
    Request {
        route: route.to_owned(),
        path: HashMap::new(),
        query: HashMap::new(),
        headers: HeaderMap::new(),
        body: Vec::new(),
        caller: None,
        token_expires_at: None,
        cause: cause(),
        admission: Admission::default(),
    }
}

/// The header `authorization` with a token of this payload. Its signature is none: the gateway checks signatures.
pub fn bearer(payload: &serde_json::Value) -> String {
    let part = |json: &serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
    format!("Bearer {}.{}.signature", part(&serde_json::json!({"alg": "RS256"})), part(payload))
}

/// Adds to a request what a test needs.
pub trait RequestBuilder: Sized {
    /// Sent by a customer.
    #[must_use]
    fn by(self, customer: Customer) -> Self;
    /// Sent by a member of the admin group.
    #[must_use]
    fn by_admin(self) -> Self;
    /// Sent by someone else of this role.
    #[must_use]
    fn by_role(self, role: Role) -> Self;
    /// Sent by this caller.
    #[must_use]
    fn sent_by(self, caller: Caller) -> Self;
    /// With the id that the platform gives to each request.
    #[must_use]
    fn under(self, request_id: &str) -> Self;
    /// With a value in the path.
    #[must_use]
    fn path(self, name: &str, value: &str) -> Self;
    /// With a value in the query.
    #[must_use]
    fn query(self, name: &str, value: &str) -> Self;
    /// With a header.
    #[must_use]
    fn header(self, name: &'static str, value: &str) -> Self;
    /// With a JSON body.
    #[must_use]
    fn json(self, body: &serde_json::Value) -> Self;
}

impl RequestBuilder for Request {
    fn by(self, customer: Customer) -> Self {
        self.sent_by(Caller { customer, role: Role::Customer })
    }

    fn by_admin(self) -> Self {
        self.by_role(Role::Admin)
    }

    fn by_role(self, role: Role) -> Self {
        let subject = match role {
            Role::Customer => "customer-2",
            Role::Viewer => "viewer-1",
            Role::Staff => "staff-1",
            Role::Admin => "admin-1",
        };
        self.sent_by(Caller { customer: Customer { subject: subject.to_owned(), ..customer() }, role })
    }

    fn sent_by(mut self, caller: Caller) -> Self {
        self.cause.actor = caller.actor();
        self.caller = Some(caller);
        self
    }

    fn under(mut self, request_id: &str) -> Self {
        self.cause.id = EventId::outside("request", request_id);
        self
    }

    fn path(mut self, name: &str, value: &str) -> Self {
        self.path.insert(name.to_owned(), value.to_owned());
        self
    }

    fn query(mut self, name: &str, value: &str) -> Self {
        self.query.insert(name.to_owned(), value.to_owned());
        self
    }

    fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    fn json(mut self, body: &serde_json::Value) -> Self {
        self.body = body.to_string().into_bytes();
        self.header("content-type", "application/json")
    }
}
