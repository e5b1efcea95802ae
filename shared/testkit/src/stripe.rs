//! An honest Stripe in process: intents, refunds and disputes that behave as the real ones do where it matters.
//!
//! It is stricter than the emulators: idempotency keys replay the first answer (500s included) and refuse other
//! parameters, more than what was captured is never refunded, an intent succeeds once, unknown parameters are
//! refused. It can be told to fail before or after it did what it was asked for, and it counts what it did.

mod account;
mod form;

pub use account::Books;
use account::{Account, Outcome};
use async_trait::async_trait;
use form::Form;
use outbound::{Answer, Call, CallError, Method, Transport};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No connection; nothing was done.
    Unreachable,
    /// 500; nothing was done, and the key remembers the 500.
    ErrorBefore,
    /// 500 after it was done, and the key remembers the 500.
    ErrorAfter,
    /// No answer; nothing was done.
    TimeoutBefore,
    /// No answer, after it was done.
    TimeoutAfter,
    /// 429; nothing was done.
    RateLimited,
    /// 409, as for two calls at once; nothing was done.
    Conflict,
    /// 400 with this code; nothing was done.
    Refuse(&'static str),
}

/// A Stripe account in memory. Its API lies under any base URL.
#[derive(Debug, Default)]
pub struct FakeStripe(Mutex<Server>);

#[derive(Debug, Default, Clone)]
struct Server {
    account: Account,
    /// By idempotency key: the call's fingerprint, and its first answer.
    answered: BTreeMap<String, (String, u16, Value)>,
    faults: Vec<Planned>,
    calls: Vec<String>,
    /// The one API key that holds; any, while this is not said.
    key: Option<String>,
}

#[derive(Debug, Clone)]
struct Planned {
    path: String,
    times: u32,
    fault: Fault,
}

/// A copy goes on by itself: the model keeps an account as it stood.
impl Clone for FakeStripe {
    fn clone(&self) -> Self {
        Self(Mutex::new(self.server().clone()))
    }
}

impl FakeStripe {
    /// A text that is equal for accounts that answer equally from now on, however they came to be so.
    pub fn fingerprint(&self) -> String {
        let server = self.server();
        let planned = server.faults.iter().filter(|planned| planned.times > 0).collect::<Vec<_>>();
        format!("{:?} {:?} {planned:?} {:?}", server.account, server.answered, server.key)
    }

    /// The next `times` calls whose `POST /v1/…` or `GET /v1/…` contains `path` go wrong.
    pub fn fail(&self, path: &str, times: u32, fault: Fault) {
        self.server().faults.push(Planned { path: path.to_owned(), times, fault });
    }

    /// From now on this API key holds, and no other.
    pub fn roll_key(&self, key: &str) {
        self.server().key = Some(key.to_owned());
    }

    /// Nothing goes wrong any more.
    pub fn heal(&self) {
        self.server().faults.clear();
    }

    /// The customer does the bank's further step, or fails it.
    pub fn authenticate(&self, intent_id: &str, success: bool) {
        self.server().account.authenticate(intent_id, success);
    }

    /// The intent succeeds without a call of ours, as when the customer pays with another card. `false`: it cannot.
    pub fn pay_elsewhere(&self, intent_id: &str) -> bool {
        self.server().account.pay(intent_id)
    }

    /// Somebody cancels the intent in the dashboard.
    pub fn cancel_elsewhere(&self, intent_id: &str) {
        self.server().account.cancel(intent_id);
    }

    /// Somebody refunds a part in the dashboard: no metadata of ours. Answers the refund's id, if it was possible.
    pub fn refund_elsewhere(&self, intent_id: &str, amount: u64) -> Option<String> {
        let form = Form::of(&[("payment_intent", intent_id), ("amount", &amount.to_string())]);
        self.server().account.refund(&form).body["id"].as_str().map(str::to_owned)
    }

    /// A refund of ours that was refused is made nevertheless, by a call that was thought dead.
    pub fn refund_turns_up(&self, order_id: &str, intent_id: &str, refund_id: &str, amount: u64) {
        let form = Form::of(&[
            ("payment_intent", intent_id),
            ("amount", &amount.to_string()),
            ("metadata[order_id]", order_id),
            ("metadata[refund_id]", refund_id),
        ]);
        self.server().account.refund(&form);
    }

    /// From now on refunds begin as `pending` (`true`) or succeed at once (`false`, as in the beginning).
    pub fn hold_refunds(&self, pending: bool) {
        self.server().account.hold_refunds = pending;
    }

    /// A refund succeeds, or fails (also one that had succeeded).
    pub fn settle_refund(&self, refund_id: &str, success: bool) {
        self.server().account.settle_refund(refund_id, success);
    }

    /// The bank disputes a part of what the intent took. Answers the dispute's id.
    pub fn dispute(&self, intent_id: &str, amount: u64) -> String {
        self.server().account.dispute(intent_id, amount)
    }

    /// The bank decides.
    pub fn close_dispute(&self, dispute_id: &str, won: bool) {
        self.server().account.close_dispute(dispute_id, won);
    }

    /// The intents of an order, oldest first.
    pub fn intents_of(&self, order_id: &str) -> Vec<String> {
        self.server().account.intents_of(order_id)
    }

    /// The ids of an intent's refunds, oldest first.
    pub fn refunds_of(&self, intent_id: &str) -> Vec<String> {
        self.server().account.refunds_of(intent_id)
    }

    /// The ids of an intent's refunds that stand so (`pending`, `succeeded`, `failed`), oldest first.
    pub fn refunds_that_are(&self, intent_id: &str, status: &str) -> Vec<String> {
        self.server().account.refunds_that_are(intent_id, status)
    }

    /// Our ids of an order's refunds that have not failed, oldest first; those of a dashboard have none.
    pub fn refund_ids_of(&self, order_id: &str) -> Vec<String> {
        self.server().account.refund_ids_of(order_id)
    }

    /// The ids of an intent's disputes that the bank has not decided, oldest first.
    pub fn open_disputes_of(&self, intent_id: &str) -> Vec<String> {
        self.server().account.open_disputes_of(intent_id)
    }

    /// Where an intent stands, for example `requires_confirmation`.
    pub fn status_of(&self, intent_id: &str) -> String {
        self.server().account.status_of(intent_id)
    }

    /// What the books say of one order.
    pub fn books_of(&self, order_id: &str) -> Books {
        self.server().account.books_of(order_id)
    }

    /// How many charges took money.
    pub fn charges(&self) -> usize {
        self.server().account.charges()
    }

    /// What all charges took together, in minor units of whatever currency.
    pub fn captured(&self) -> u64 {
        self.server().account.captured()
    }

    /// What went back or is on its way, in minor units.
    pub fn refunded(&self) -> u64 {
        self.server().account.refunded()
    }

    /// How many calls came whose `POST /v1/…` or `GET /v1/…` contains `path`.
    pub fn calls(&self, path: &str) -> usize {
        self.server().calls.iter().filter(|call| call.contains(path)).count()
    }

    /// The idempotency keys that calls to `path` were answered under, in their own order.
    pub fn keys(&self, path: &str) -> Vec<String> {
        let server = self.server();
        let of_path = server.answered.iter().filter(|(_, (call, ..))| call.contains(path));
        of_path.map(|(key, _)| key.clone()).collect()
    }

    /// Something happens elsewhere on the account that is told of.
    pub fn tell(&self, event_type: &str, object: &Value) {
        self.server().account.say(event_type, object);
    }

    /// The event was delivered, so it is not listed any more among those that were not.
    pub fn delivered(&self, event_id: &str) {
        self.server().account.delivered(event_id);
    }

    /// The webhooks' bodies since the last time, oldest first. Delivering them is the test's affair: late, twice,
    /// in another order, or never.
    pub fn take_events(&self) -> Vec<Value> {
        std::mem::take(&mut self.server().account.events)
    }

    fn server(&self) -> MutexGuard<'_, Server> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Transport for FakeStripe {
    async fn send(&self, call: Call) -> Result<Answer, CallError> {
        self.server().handle(&call)
    }
}

impl Server {
    fn handle(&mut self, call: &Call) -> Result<Answer, CallError> {
        let (path, query) = call.url.split_once('?').unwrap_or((&call.url, ""));
        let path = path.find("/v1/").and_then(|at| path.get(at..)).unwrap_or_default();
        let method = match call.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Delete => "DELETE",
        };
        let line = format!("{method} {path}");
        self.calls.push(line.clone());
        let header = |name: &str| {
            call.headers
                .iter()
                .find(|(found, _)| found.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.as_str())
        };
        let key = header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        if !key.is_some_and(|key| self.key.as_deref().map_or(!key.is_empty(), |holds| key == holds)) {
            return Ok(answer(401, &json!({"error": {"type": "invalid_request_error"}})));
        }
        let key = header("idempotency-key").filter(|_| call.method == Method::Post).map(str::to_owned);
        let sent = String::from_utf8_lossy(&call.body).into_owned();
        let fingerprint = format!("{line} {sent}");
        if let Some((first, status, body)) = key.as_ref().and_then(|key| self.answered.get(key)) {
            if *first == fingerprint {
                let mut replayed = answer(*status, body);
                replayed.headers.push(("idempotent-replayed".to_owned(), "true".to_owned()));
                return Ok(replayed);
            }
            return Ok(answer(400, &json!({"error": {"type": "idempotency_error"}})));
        }
        let fault = self.next_fault(&line);
        match fault {
            Some(Fault::Unreachable) => return Err(CallError::Connection("refused".to_owned())),
            Some(Fault::TimeoutBefore) => return Err(CallError::TimedOut(call.timeout)),
            Some(Fault::RateLimited) => return Ok(answer(429, &json!({"error": {"code": "rate_limit"}}))),
            Some(Fault::Conflict) => return Ok(answer(409, &json!({"error": {"code": "lock_timeout"}}))),
            Some(Fault::ErrorBefore | Fault::ErrorAfter | Fault::TimeoutAfter | Fault::Refuse(_)) | None => {}
        }
        let outcome = match fault {
            Some(Fault::ErrorBefore) => Outcome { status: 500, body: api_error() },
            Some(Fault::Refuse(code)) => Outcome::refused(code, None),
            _ => self.account.answer(&line, &Form::read(if query.is_empty() { &sent } else { query })),
        };
        let outcome = if fault == Some(Fault::ErrorAfter) {
            Outcome { status: 500, body: api_error() }
        } else {
            outcome
        };
        if let Some(key) = key {
            self.answered.insert(key, (fingerprint, outcome.status, outcome.body.clone()));
        }
        if fault == Some(Fault::TimeoutAfter) {
            return Err(CallError::TimedOut(call.timeout));
        }
        Ok(answer(outcome.status, &outcome.body))
    }

    fn next_fault(&mut self, line: &str) -> Option<Fault> {
        let planned =
            self.faults.iter_mut().find(|planned| planned.times > 0 && line.contains(&planned.path))?;
        planned.times -= 1;
        Some(planned.fault)
    }
}

fn api_error() -> Value {
    json!({"error": {"type": "api_error"}})
}

fn answer(status: u16, body: &Value) -> Answer {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Answer { status, headers, body: body.to_string().into_bytes() }
}
