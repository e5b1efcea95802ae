//! A faithful Stripe in this process: intents, refunds and disputes that behave like the real ones where it matters.
//!
//! It is stricter than the emulators. An idempotency key replays its first answer (even a 500) and refuses other
//! parameters. An intent succeeds once, refunds never exceed the captured amount, and unknown parameters are refused. Amounts are in
//! Stripe's units, within Stripe's bounds and with Stripe's digits ([`rules`]). A call names the version of the API that it is made for.
//! Calls can fail before or after their effect, and the account counts its effects.

mod account;
mod form;
mod intents;
mod objects;
mod rules;

pub use account::Books;
use account::{Account, Outcome};
use async_trait::async_trait;
use form::Form;
use outbound::{Answer, Call, CallError, Method, Transport};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The version of the API that the account's objects have.
pub const VERSION: &str = "2026-10-28.endive";
/// A version that shows released money as refunds: `2025-03-31.basil` and later ones do not.
pub const VERSION_BEFORE_BASIL: &str = "2024-06-20";

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No connection, without the effect.
    Unreachable,
    /// 500 without the effect; the idempotency key replays the 500.
    ErrorBefore,
    /// 500 after the effect; the idempotency key replays the 500.
    ErrorAfter,
    /// No answer, without the effect.
    TimeoutBefore,
    /// No answer, after the effect.
    TimeoutAfter,
    /// 429, without the effect.
    RateLimited,
    /// 409, as for two concurrent calls; without the effect.
    Conflict,
    /// 400 with this code, without the effect.
    Refuse(&'static str),
    /// This status, with this code and this parameter if they are not empty; without the effect.
    RefuseWith(u16, &'static str, &'static str),
}

/// A Stripe account in memory. It serves its API under any base URL.
#[derive(Debug, Default)]
pub struct FakeStripe(Mutex<Server>);

#[derive(Debug, Default, Clone)]
struct Server {
    account: Account,
    /// By idempotency key: the call's fingerprint, and its first answer.
    answered: BTreeMap<String, (String, u16, Value)>,
    faults: Vec<Planned>,
    calls: Vec<String>,
    /// The only valid API key; `None`: any.
    key: Option<String>,
}

#[derive(Debug, Clone)]
struct Planned {
    path: String,
    times: u32,
    fault: Fault,
}

/// A copy is independent: the model keeps the account's earlier states.
impl Clone for FakeStripe {
    fn clone(&self) -> Self {
        Self(Mutex::new(self.server().clone()))
    }
}

impl FakeStripe {
    /// A text that is equal for two accounts that will answer alike, whatever their histories.
    pub fn fingerprint(&self) -> String {
        let server = self.server();
        let planned = server.faults.iter().filter(|planned| planned.times > 0).collect::<Vec<_>>();
        format!("{:?} {:?} {planned:?} {:?}", server.account, server.answered, server.key)
    }

    /// Makes the next `times` calls fail whose `POST /v1/…` or `GET /v1/…` contains `path`.
    pub fn fail(&self, path: &str, times: u32, fault: Fault) {
        self.server().faults.push(Planned { path: path.to_owned(), times, fault });
    }

    /// Makes this the only valid API key.
    pub fn roll_key(&self, key: &str) {
        self.server().key = Some(key.to_owned());
    }

    /// Makes the account one of live mode: it takes real money.
    pub fn go_live(&self) {
        self.server().account.livemode = true;
    }

    /// Sets the id of the account.
    pub fn name_account(&self, id: &str) {
        self.server().account.own_id = Some(id.to_owned());
    }

    /// Removes all planned faults.
    pub fn heal(&self) {
        self.server().faults.clear();
    }

    /// The customer completes the bank's further step, or fails it.
    pub fn authenticate(&self, intent_id: &str, success: bool) {
        self.server().account.authenticate(intent_id, success);
    }

    /// The customer confirms the intent in the browser with this payment method. `false`: it cannot be paid any more, or was declined.
    pub fn confirm_in_browser(&self, intent_id: &str, payment_method: &str) -> bool {
        let form = Form::of(&[("payment_method", payment_method), ("return_url", "https://shop.example")]);
        self.server().account.confirm(intent_id, &form).status == 200
    }

    /// Pays the intent without a call of ours, as when the customer uses another card. `false`: it cannot be paid any more.
    pub fn pay_externally(&self, intent_id: &str) -> bool {
        self.server().account.pay(intent_id)
    }

    /// The operator cancels the intent in Stripe's dashboard.
    pub fn cancel_in_dashboard(&self, intent_id: &str) {
        self.server().account.cancel(intent_id, &Form::default());
    }

    /// The operator refunds a part in Stripe's dashboard, so without our metadata. Returns the refund's id, if it was possible.
    pub fn refund_in_dashboard(&self, intent_id: &str, amount: u64) -> Option<String> {
        let form = Form::of(&[("payment_intent", intent_id), ("amount", &amount.to_string())]);
        self.server().account.refund(&form).body["id"].as_str().map(str::to_owned)
    }

    /// Stripe itself refunds an amount that its API would refuse, for example one with digits that the currency does not have.
    pub fn refund_unchecked(&self, intent_id: &str, amount: u64) {
        self.server().account.refund_unchecked(intent_id, amount);
    }

    /// A late call makes a refund of ours that was refused before.
    pub fn refund_by_late_call(&self, order_id: &str, intent_id: &str, refund_id: &str, amount: u64) {
        let form = Form::of(&[
            ("payment_intent", intent_id),
            ("amount", &amount.to_string()),
            ("metadata[order_id]", order_id),
            ("metadata[refund_id]", refund_id),
        ]);
        self.server().account.refund(&form);
    }

    /// Sets whether new refunds are `pending` (`true`) or succeed at once (`false`, as at first).
    pub fn hold_refunds(&self, pending: bool) {
        self.server().account.hold_refunds = pending;
    }

    /// Lets a refund succeed or fail, even one that had succeeded.
    pub fn settle_refund(&self, refund_id: &str, success: bool) {
        self.server().account.settle_refund(refund_id, success);
    }

    /// The bank disputes `amount` of the intent. Returns the dispute's id.
    pub fn dispute(&self, intent_id: &str, amount: u64) -> String {
        self.server().account.dispute(intent_id, amount, "needs_response")
    }

    /// The bank inquires about `amount` of the intent, and holds nothing. Returns the inquiry's id.
    pub fn inquire(&self, intent_id: &str, amount: u64) -> String {
        self.server().account.dispute(intent_id, amount, "warning_needs_response")
    }

    /// An inquiry becomes a dispute: the bank withdraws the amount, which two events report.
    pub fn escalate(&self, dispute_id: &str) {
        let account = &mut self.server().account;
        account.move_dispute(dispute_id, "needs_response", "charge.dispute.updated");
        account.move_dispute(dispute_id, "needs_response", "charge.dispute.funds_withdrawn");
    }

    /// An inquiry ends, and becomes no dispute.
    pub fn close_inquiry(&self, dispute_id: &str) {
        self.server().account.move_dispute(dispute_id, "warning_closed", "charge.dispute.closed");
    }

    /// The bank decides a dispute.
    pub fn close_dispute(&self, dispute_id: &str, won: bool) {
        let status = if won { "won" } else { "lost" };
        self.server().account.move_dispute(dispute_id, status, "charge.dispute.closed");
    }

    /// The bank decides a dispute, and moves the money before it reports that the dispute is closed.
    pub fn decide_dispute(&self, dispute_id: &str, won: bool) {
        let (status, moved) =
            if won { ("won", "charge.dispute.funds_reinstated") } else { ("lost", "charge.dispute.updated") };
        self.server().account.move_dispute(dispute_id, status, moved);
        self.close_dispute(dispute_id, won);
    }

    /// The intents of an order, oldest first.
    pub fn intents_of(&self, order_id: &str) -> Vec<String> {
        self.server().account.intents_of(order_id)
    }

    /// The ids of an intent's refunds, oldest first.
    pub fn refunds_of(&self, intent_id: &str) -> Vec<String> {
        self.server().account.refunds_of(intent_id)
    }

    /// The ids of an intent's refunds with this status (`pending`, `succeeded`, `failed`), oldest first.
    pub fn refunds_with_status(&self, intent_id: &str, status: &str) -> Vec<String> {
        self.server().account.refunds_with_status(intent_id, status)
    }

    /// Our ids of an order's refunds that have not failed, oldest first. Refunds of the dashboard have no id of ours.
    pub fn refund_ids_of(&self, order_id: &str) -> Vec<String> {
        self.server().account.refund_ids_of(order_id)
    }

    /// The ids of an intent's open disputes, oldest first.
    pub fn open_disputes_of(&self, intent_id: &str) -> Vec<String> {
        self.server().account.disputes_with_status(intent_id, "needs_response")
    }

    /// The ids of an intent's open inquiries, oldest first.
    pub fn open_inquiries_of(&self, intent_id: &str) -> Vec<String> {
        self.server().account.disputes_with_status(intent_id, "warning_needs_response")
    }

    /// The status of an intent, for example `requires_confirmation`; empty if it does not exist.
    pub fn status_of(&self, intent_id: &str) -> String {
        self.server().account.status_of(intent_id)
    }

    /// The totals of one order.
    pub fn books_of(&self, order_id: &str) -> Books {
        self.server().account.books_of(order_id)
    }

    /// How many intents captured money.
    pub fn charges(&self) -> usize {
        self.server().account.charges()
    }

    /// The sum that all intents captured, in Stripe's units, whatever the currency.
    pub fn captured(&self) -> u64 {
        self.server().account.captured()
    }

    /// The sum of all refunds that have not failed, in Stripe's units.
    pub fn refunded(&self) -> u64 {
        self.server().account.refunded()
    }

    /// How many calls were made whose `POST /v1/…` or `GET /v1/…` contains `path`.
    pub fn calls(&self, path: &str) -> usize {
        self.server().calls.iter().filter(|call| call.contains(path)).count()
    }

    /// The idempotency keys of the answered calls to `path`, sorted.
    pub fn keys(&self, path: &str) -> Vec<String> {
        let server = self.server();
        let of_path = server.answered.iter().filter(|(_, (call, ..))| call.contains(path));
        of_path.map(|(key, _)| key.clone()).collect()
    }

    /// Emits an event of this type about an object, as for a change that no method here makes.
    pub fn emit(&self, event_type: &str, object: &Value) {
        self.server().account.emit(event_type, object);
    }

    /// Marks the event as delivered: the API no longer lists it among the undelivered ones.
    pub fn delivered(&self, event_id: &str) {
        self.server().account.delivered(event_id);
    }

    /// Takes the bodies of the webhooks since the last call, oldest first. The test delivers them: late, duplicated,
    /// reordered or never.
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
        // Stripe answers such a call in the account's own version, which may be an old one.
        if header("stripe-version") != Some(VERSION) {
            let error = json!({"type": "invalid_request_error", "message": "the call names no version"});
            return Ok(answer(400, &json!({ "error": error })));
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
            Some(
                Fault::ErrorBefore
                | Fault::ErrorAfter
                | Fault::TimeoutAfter
                | Fault::Refuse(_)
                | Fault::RefuseWith(..),
            )
            | None => {}
        }
        let outcome = match fault {
            Some(Fault::ErrorBefore) => Outcome { status: 500, body: api_error() },
            Some(Fault::Refuse(code)) => Outcome::refused(code, None),
            Some(Fault::RefuseWith(status, code, param)) => Outcome::refused_with(status, code, param),
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
