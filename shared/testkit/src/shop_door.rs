//! The public door of a shop, as a caller outside of the stack meets it: its user pool and the few routes of its API that the canary
//! calls. It keeps the orders that it accepts, one for each idempotency key.

use crate::held::held;
use async_trait::async_trait;
use outbound::{Answer, Call, CallError, Method, Transport};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::Mutex;

/// Where the door is.
pub const DOOR: &str = "https://api.shop.example";
/// Where people sign in.
pub const DOOR_POOL: &str = "https://pool.example";
/// The one customer: an email, a colon, a password.
pub const DOOR_CUSTOMER: &str = "canary@shop.example:Aa1 with a colon: and blanks";
const TOKEN: &str = "Bearer token-1";

/// The door. Its product `TEA-01` is sold, `OLD-01` no longer.
pub struct ShopDoor {
    statuses: Mutex<VecDeque<&'static str>>,
    keys: Mutex<Vec<String>>,
    refuses: Mutex<Option<(&'static str, u16)>>,
}

impl Default for ShopDoor {
    /// Its orders end as those of the canary should.
    fn default() -> Self {
        Self::of_orders(&["placed", "payment_failed"])
    }
}

impl ShopDoor {
    /// A door whose orders have these statuses, one with each read; the last one stays.
    pub fn of_orders(statuses: &[&'static str]) -> Self {
        let statuses = Mutex::new(statuses.iter().copied().collect());
        Self { statuses, keys: Mutex::default(), refuses: Mutex::default() }
    }

    /// Refuses every call whose path begins so, with this status.
    pub fn refuse(&self, path: &'static str, status: u16) {
        *held(&self.refuses) = Some((path, status));
    }

    /// The idempotency keys of the orders that were placed.
    pub fn keys(&self) -> Vec<String> {
        held(&self.keys).clone()
    }

    fn answer(&self, call: &Call) -> (u16, Value) {
        if let Some(path) = call.url.strip_prefix(DOOR_POOL) {
            return if path == "/" { sign_in(call) } else { (404, Value::Null) };
        }
        let Some(path) = call.url.strip_prefix(DOOR) else { return (404, Value::Null) };
        if let Some((refused, status)) = *held(&self.refuses)
            && path.starts_with(refused)
        {
            return (status, json!({"title": "Refused"}));
        }
        if header(call, "authorization") != Some(TOKEN) {
            return (401, json!({"message": "Unauthorized"}));
        }
        match (call.method, path) {
            (Method::Get, "/products/TEA-01") => (200, json!({"currency": "EUR", "active": true})),
            (Method::Get, "/products/OLD-01") => (200, json!({"currency": "EUR", "active": false})),
            (Method::Post, "/orders") => self.place(call),
            (Method::Get, path) => match path.strip_prefix("/orders/") {
                Some(order) => (200, json!({"order_id": order, "status": self.next_status()})),
                None => (404, Value::Null),
            },
            (Method::Post | Method::Delete, _) => (404, Value::Null),
        }
    }

    fn place(&self, call: &Call) -> (u16, Value) {
        let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
        let has_all = ["items", "currency", "payment_method", "contact", "shipping_address"]
            .iter()
            .all(|field| !body[*field].is_null());
        let Some(key) = header(call, "idempotency-key") else { return (400, Value::Null) };
        if !has_all {
            return (422, Value::Null);
        }
        let mut keys = held(&self.keys);
        if !keys.iter().any(|known| known == key) {
            keys.push(key.to_owned());
        }
        (202, json!({"order_id": format!("order-of-{key}"), "status": "placed"}))
    }

    fn next_status(&self) -> &'static str {
        let mut statuses = held(&self.statuses);
        if statuses.len() > 1 { statuses.pop_front().unwrap_or_default() } else { statuses[0] }
    }
}

fn sign_in(call: &Call) -> (u16, Value) {
    let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let given = &body["AuthParameters"];
    let is_known = DOOR_CUSTOMER
        .split_once(':')
        .is_some_and(|(email, password)| given["USERNAME"] == email && given["PASSWORD"] == password);
    if is_known && body["ClientId"] == "client-1" {
        (200, json!({"AuthenticationResult": {"AccessToken": "token-1"}}))
    } else {
        (400, json!({"__type": "NotAuthorizedException"}))
    }
}

fn header<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    call.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}

#[async_trait]
impl Transport for ShopDoor {
    async fn send(&self, call: Call) -> Result<Answer, CallError> {
        let (status, body) = self.answer(&call);
        Ok(Answer { status, headers: Vec::new(), body: body.to_string().into_bytes() })
    }
}
