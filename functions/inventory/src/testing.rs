//! The harness of this service's tests: every step over an in-memory table, the events of payments and shipping, and requests
//! as the gateway passes them on.

use crate::shards::{ALLOCATED, AVAILABLE, read_shelf, shard_key};
use crate::stock::Stock;
use crate::{AllocateStock, HotSkus, ManageStock};
use event_store::{Counters as _, EventStore as _, Memory, StreamId};
use events::{
    Amount, Cause, Currency, Customer, Envelope, EventId, Line, OrderId, OrderPaid, Sequence, ServiceEvent,
    Sku,
};
use jiff::Timestamp;
use resilience::{Failure, FixedClock};
use runtime::http::{Admission, Caller, Endpoint as _, Problem, Reply, Request, Role};
use runtime::queue::{Consumer as _, Message};
use serde_json::{Value, json};
use std::sync::Arc;

pub(crate) fn sku(text: &str) -> Sku {
    Sku::try_from(text).unwrap()
}

pub(crate) fn order(number: u8) -> OrderId {
    OrderId::try_from(format!("{number:032x}")).unwrap()
}

pub(crate) fn line(of: &str, quantity: u32) -> Line {
    Line { sku: sku(of), quantity, weight_grams: 250 }
}

pub(crate) fn paid(lines: &[Line]) -> events::PaymentsEvent {
    OrderPaid {
        intent_id: "pi_1".to_owned(),
        amount: Amount::minor(1000),
        currency: Currency::try_from("EUR").unwrap(),
        lines: lines.to_vec(),
        reference: None,
    }
    .into()
}

pub(crate) fn shipped() -> events::ShippingEvent {
    events::Shipped { carrier: "post".to_owned(), tracking_code: "T1".to_owned() }.into()
}

pub(crate) fn shipping_failed() -> events::ShippingEvent {
    events::ShippingFailed { reason: "no such street".to_owned() }.into()
}

pub(crate) fn cancelled() -> events::ShippingEvent {
    events::ShipmentCancelled {}.into()
}

pub(crate) fn returned(restock: bool) -> events::ShippingEvent {
    events::ReturnReceived { restock }.into()
}

pub(crate) fn message<E: ServiceEvent>(order: &OrderId, event: &E) -> Message {
    let cause = Cause { id: EventId::outside("test", "1"), traceparent: None, actor: None };
    let envelope = Envelope::wrap(order.as_str(), Sequence::FIRST, Timestamp::UNIX_EPOCH, &cause, event);
    Message::read(&serde_json::to_string(&envelope).unwrap(), 1).unwrap()
}

/// Inventory over an in-memory table.
pub(crate) struct World {
    pub(crate) table: Arc<Memory>,
    pub(crate) allocate: AllocateStock,
    pub(crate) manage: ManageStock,
}

impl Default for World {
    fn default() -> Self {
        let table = Arc::new(Memory::default());
        let clock = Arc::new(FixedClock::at(Timestamp::UNIX_EPOCH));
        Self {
            allocate: AllocateStock {
                store: table.clone(),
                counters: table.clone(),
                clock: clock.clone(),
                hot: HotSkus::default(),
            },
            manage: ManageStock { counters: table.clone(), documents: table.clone(), clock },
            table,
        }
    }
}

impl World {
    /// A world with these pieces on hand.
    pub(crate) async fn with(stock: &[(&str, i64)]) -> Self {
        let world = Self::default();
        for (of, on_hand) in stock {
            assert!(world.put(of, *on_hand, None).await.unwrap().status < 300);
        }
        world
    }

    /// Delivers an event about an order to `allocate-stock`.
    pub(crate) async fn deliver<E: ServiceEvent>(&self, order: &OrderId, event: &E) -> Result<(), Failure> {
        self.allocate.consume(&message(order, event)).await
    }

    /// The types of an order's events, oldest first.
    pub(crate) async fn event_types(&self, order: &OrderId) -> Vec<String> {
        let stream = self.table.read(&StreamId::order(order)).await.unwrap();
        stream.into_iter().map(|envelope| envelope.event_type).collect()
    }

    /// The pieces on hand, available and allocated.
    pub(crate) async fn stock(&self, of: &str) -> (i64, i64, i64) {
        let found = read_shelf(&*self.table, &sku(of)).await.unwrap();
        let stock = Stock::of(&sku(of), &found);
        (stock.on_hand, stock.available, stock.allocated)
    }

    /// The pieces available and allocated in each shard.
    pub(crate) async fn shards(&self, of: &str) -> Vec<(i64, i64)> {
        let mut found = Vec::new();
        for shard in 0.. {
            let Some(item) = self.table.counts(&shard_key(&sku(of), shard)).await.unwrap() else { break };
            found.push((item.get(AVAILABLE), item.get(ALLOCATED)));
        }
        found
    }

    /// Puts the stock of a SKU over so many shards.
    pub(crate) async fn spread(&self, of: &str, shards: u8, on_hand: Option<i64>) -> Result<Reply, Problem> {
        let body = json!({ "on_hand": on_hand, "shards": shards });
        self.manage.answer(request("PUT /stock/{sku}", of, &[], &body)).await
    }

    pub(crate) async fn put(&self, of: &str, on_hand: i64, if_match: Option<&str>) -> Result<Reply, Problem> {
        let headers: Vec<_> = if_match.map(|value| ("if-match", value)).into_iter().collect();
        let body = json!({ "on_hand": on_hand });
        self.manage.answer(request("PUT /stock/{sku}", of, &headers, &body)).await
    }

    pub(crate) async fn adjust(&self, of: &str, key: &str, delta: i64) -> Result<Reply, Problem> {
        let body = json!({ "delta": delta, "reason": "counted" });
        let headers = [("idempotency-key", key)];
        self.manage.answer(request("POST /stock/{sku}/adjustments", of, &headers, &body)).await
    }
}

pub(crate) fn body(reply: &Reply) -> Value {
    serde_json::from_str(&reply.body).unwrap()
}

pub(crate) fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    reply.headers.iter().find(|(found, _)| *found == name).map(|(_, value)| value.as_str())
}

/// An admin's request.
pub(crate) fn request(route: &str, of: &str, headers: &[(&'static str, &str)], body: &Value) -> Request {
    let mut request = Request {
        route: route.to_owned(),
        path: [("sku".to_owned(), of.to_owned())].into(),
        query: std::collections::HashMap::new(),
        headers: http::HeaderMap::new(),
        body: body.to_string().into_bytes(),
        caller: Some(Caller {
            customer: Customer { issuer: "https://issuer".to_owned(), subject: "s1".to_owned() },
            role: Role::Admin,
        }),
        token_expires_at: None,
        cause: Cause { id: EventId::outside("request", "r1"), traceparent: None, actor: None },
        admission: Admission::default(),
    };
    for (name, value) in headers.iter().chain(&[("content-type", "application/json")]) {
        request.headers.insert(*name, value.parse().unwrap());
    }
    request
}
