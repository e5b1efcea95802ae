//! The harness of this service's tests: the endpoint over an in-memory table, and requests as the gateway passes them on.

use crate::ManageProducts;
use async_trait::async_trait;
use event_store::{Documents, EventStore as _, Memory, StreamId};
use events::{Cause, Customer, EventId, Sku};
use jiff::Timestamp;
use resilience::FixedClock;
use runtime::http::{Admission, Caller, Endpoint as _, Problem, Reply, Request, Role};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use testkit::{Effect, Gate, GateDecision, Gated};

/// Catalog over an in-memory table.
pub(crate) struct World {
    pub(crate) table: Arc<Memory>,
    pub(crate) endpoint: ManageProducts,
}

impl Default for World {
    fn default() -> Self {
        let table = Arc::new(Memory::default());
        Self::with(table.clone(), table)
    }
}

impl World {
    /// A world whose list cannot be written once.
    pub(crate) fn failing_once() -> Self {
        let table = Arc::new(Memory::default());
        Self::with(Gated::new(Arc::new(FailsOnce::default()), table.clone()), table)
    }

    /// A world whose list is kept in `documents`.
    fn with(documents: Arc<dyn Documents>, table: Arc<Memory>) -> Self {
        let clock = Arc::new(FixedClock::at(Timestamp::UNIX_EPOCH));
        Self { endpoint: ManageProducts { store: table.clone(), documents, clock }, table }
    }

    pub(crate) async fn put(&self, sku: &str, body: &Value) -> Result<Reply, Problem> {
        self.endpoint.answer(request("PUT /products/{sku}", sku, &[], body, true)).await
    }

    /// Sends a request of staff with `If-Match`.
    pub(crate) async fn at_version(
        &self,
        method: &str,
        sku: &str,
        if_match: &str,
        body: &Value,
    ) -> Result<Reply, Problem> {
        let mut request = request(&format!("{method} /products/{{sku}}"), sku, &[], body, true);
        request.headers.insert("if-match", http::HeaderValue::from_bytes(if_match.as_bytes()).unwrap());
        self.endpoint.answer(request).await
    }

    pub(crate) async fn delete(&self, sku: &str) -> Result<Reply, Problem> {
        self.endpoint.answer(request("DELETE /products/{sku}", sku, &[], &json!({}), true)).await
    }

    /// `items` is a list as JSON.
    pub(crate) async fn put_many(&self, items: &str) -> Result<Reply, Problem> {
        self.endpoint.answer(of_many(items)).await
    }

    /// The same with a header, whose value is `1`.
    pub(crate) async fn put_many_with(&self, items: &str, header: &'static str) -> Result<Reply, Problem> {
        let mut request = of_many(items);
        request.headers.insert(header, "1".parse().unwrap());
        self.endpoint.answer(request).await
    }

    pub(crate) async fn get(&self, sku: &str) -> Result<Reply, Problem> {
        self.endpoint.answer(request("GET /products/{sku}", sku, &[], &Value::Null, false)).await
    }

    pub(crate) async fn list(&self, query: &[(&str, &str)]) -> Result<Reply, Problem> {
        self.endpoint.answer(request("GET /products", "", query, &Value::Null, false)).await
    }

    /// How many events the product's stream holds.
    pub(crate) async fn events(&self, sku: &str) -> usize {
        self.table.read(&StreamId::product(&Sku::try_from(sku).unwrap())).await.unwrap().len()
    }
}

fn of_many(items: &str) -> Request {
    let mut request = request("PUT /products", "", &[], &Value::Null, true);
    request.body = format!(r#"{{"items": {items}}}"#).into_bytes();
    request
}

/// A request of a signed-in caller.
pub(crate) fn request(route: &str, sku: &str, query: &[(&str, &str)], body: &Value, admin: bool) -> Request {
    let mut headers = http::HeaderMap::new();
    headers.insert("content-type", "application/json".parse().unwrap());
    Request {
        route: route.to_owned(),
        path: [("sku".to_owned(), sku.to_owned())].into(),
        query: query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        headers,
        body: body.to_string().into_bytes(),
        caller: Some(Caller {
            customer: Customer { issuer: "https://issuer".to_owned(), subject: "s1".to_owned() },
            role: if admin { Role::Admin } else { Role::Customer },
        }),
        token_expires_at: None,
        cause: Cause { id: EventId::outside("request", "r1"), traceparent: None, actor: None },
        admission: Admission::default(),
    }
}

pub(crate) fn tea(price: u64) -> Value {
    json!({ "name": "Sencha", "price": price, "currency": "EUR", "weight_grams": 250 })
}

pub(crate) fn body(reply: &Reply) -> Value {
    serde_json::from_str(&reply.body).unwrap()
}

/// Fails the first `put_newer`.
#[derive(Default)]
struct FailsOnce(AtomicBool);

#[async_trait]
impl Gate for FailsOnce {
    async fn before(&self, name: &'static str, _: Effect) -> GateDecision {
        if name == "documents.put_newer" && !self.0.swap(true, Ordering::Relaxed) {
            return GateDecision::Fail;
        }
        GateDecision::Pass
    }

    async fn after(&self, _: &'static str, _: Effect) {}
}
