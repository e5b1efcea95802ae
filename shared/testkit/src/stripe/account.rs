//! The account behind the API: intents, refunds, disputes, and the events that their changes emit.

use super::form::Form;
use super::objects::{CREATED, Dispute, Intent, Refund};
use super::rules;
use serde_json::{Value, json};

/// An answer of the API.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) status: u16,
    pub(super) body: Value,
}

impl Outcome {
    pub(super) fn ok(body: Value) -> Self {
        Self { status: 200, body }
    }

    pub(super) fn refused(code: &str, param: Option<&str>) -> Self {
        let error = json!({"type": "invalid_request_error", "code": code, "param": param});
        Self { status: 400, body: json!({ "error": error }) }
    }

    /// A refusal with this status; an empty code or parameter is left out.
    pub(super) fn refused_with(status: u16, code: &str, param: &str) -> Self {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let error = json!({"type": "invalid_request_error", "code": text(code), "param": text(param), "message": "no"});
        Self { status, body: json!({ "error": error }) }
    }

    pub(super) fn missing() -> Self {
        Self { status: 404, ..Self::refused("resource_missing", Some("id")) }
    }
}

/// The provider's totals of one order; amounts in the provider's units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Books {
    /// How many intents captured money.
    pub charges: usize,
    /// The captured amount.
    pub captured: u64,
    /// The amount of all refunds that have not failed.
    pub refunded: u64,
    /// The amount of lost disputes.
    pub charged_back: u64,
    /// The amount of open disputes. An inquiry holds nothing.
    pub held: u64,
}

#[derive(Debug, Default, Clone)]
pub(super) struct Account {
    pub(super) intents: Vec<Intent>,
    refunds: Vec<Refund>,
    disputes: Vec<Dispute>,
    pub(super) events: Vec<Value>,
    /// Every event, oldest first, and whether it was delivered.
    listed: Vec<(Value, bool)>,
    pub(super) hold_refunds: bool,
    /// Whether it takes real money.
    pub(super) livemode: bool,
    /// Its id, if a test names one.
    pub(super) own_id: Option<String>,
    /// The payment methods that were used; those without `reusable` pay once.
    pub(super) used: Vec<String>,
    made: u32,
}

impl Account {
    pub(super) fn answer(&mut self, line: &str, form: &Form) -> Outcome {
        let parts: Vec<&str> = line.split('/').skip(2).collect();
        match (line.split(' ').next().unwrap_or_default(), parts.as_slice()) {
            ("POST", ["payment_intents"]) => self.create(form),
            ("GET", ["account"]) => self.own_account(),
            ("GET", ["payment_intents", id]) => self.retrieve(id, form),
            ("POST", ["payment_intents", id, "confirm"]) => self.confirm(id, form),
            ("POST", ["payment_intents", id, "capture"]) => self.capture(id, form),
            ("POST", ["payment_intents", id, "cancel"]) => self.cancel(id, form),
            ("POST", ["refunds"]) => self.refund(form),
            ("GET", ["refunds"]) => self.list_refunds(form),
            ("GET", ["events"]) => self.list_events(form),
            _ => Outcome::missing(),
        }
    }

    fn own_account(&self) -> Outcome {
        Outcome::ok(json!({"id": self.own_id.as_deref().unwrap_or("acct_1"), "object": "account"}))
    }

    pub(super) fn refund(&mut self, form: &Form) -> Outcome {
        if let Some(unknown) = form.unknown(&["payment_intent", "amount"]) {
            return Outcome::refused("parameter_unknown", Some(unknown));
        }
        let Some(intent) = form.get("payment_intent").and_then(|id| self.intent(id)) else {
            return Outcome::refused("resource_missing", Some("payment_intent"));
        };
        let (id, currency) = (intent.id.clone(), intent.currency.clone());
        if intent.received == 0 {
            return Outcome::refused("payment_intent_unexpected_state", Some("payment_intent"));
        }
        let held = self.disputes.iter().any(|dispute| dispute.intent == id && dispute.holds());
        let gone = self.refunded_of(&id);
        let left = intent.received.saturating_sub(gone);
        let amount = form.number("amount").unwrap_or(left);
        if held {
            return Outcome::refused("charge_disputed", None);
        }
        if left == 0 {
            return Outcome::refused("charge_already_refunded", None);
        }
        if amount == 0 || amount > left {
            return Outcome::refused("amount_too_large", Some("amount"));
        }
        if let Some(code) = rules::refusal_of_digits(amount, &currency) {
            return Outcome::refused(code, Some("amount"));
        }
        Outcome::ok(self.add_refund(id, amount, currency, form.metadata()))
    }

    pub(super) fn refund_unchecked(&mut self, intent: &str, amount: u64) {
        let currency = self.intent(intent).map(|intent| intent.currency.clone()).unwrap_or_default();
        self.add_refund(intent.to_owned(), amount, currency, json!({}));
    }

    fn add_refund(&mut self, intent: String, amount: u64, currency: String, metadata: Value) -> Value {
        let status = if self.hold_refunds { "pending" } else { "succeeded" };
        let charge = self.intent(&intent).and_then(Intent::latest_charge);
        let refund = Refund { id: self.next_id("re"), intent, charge, status, amount, currency, metadata };
        let body = refund.json();
        self.emit("refund.created", &body);
        self.refunds.push(refund);
        body
    }

    fn list_refunds(&self, form: &Form) -> Outcome {
        let limit = form.number("limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(10);
        let of_intent =
            self.refunds.iter().rev().filter(|refund| form.get("payment_intent") == Some(&refund.intent));
        page(form, limit, &of_intent.map(Refund::json).collect::<Vec<_>>())
    }

    fn list_events(&self, form: &Form) -> Outcome {
        let known = ["delivery_success", "created[gte]", "types[]", "limit", "starting_after"];
        if let Some(unknown) = form.unknown(&known) {
            return Outcome::refused("parameter_unknown", Some(unknown));
        }
        let limit = form.number("limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(10);
        let types = form.all("types[]");
        if limit > 100 || types.len() > 20 {
            return Outcome::refused("parameter_invalid_integer", Some("limit"));
        }
        let wanted = self.listed.iter().rev().filter(|(event, delivered)| {
            (form.get("delivery_success") != Some("false") || !delivered)
                && (types.is_empty() || types.iter().any(|kind| event["type"] == *kind))
                && form.number("created[gte]").is_none_or(|since| event["created"].as_u64() >= Some(since))
        });
        page(form, limit, &wanted.map(|(event, _)| event.clone()).collect::<Vec<_>>())
    }

    pub(super) fn delivered(&mut self, event_id: &str) {
        for (event, delivered) in &mut self.listed {
            *delivered |= event["id"] == event_id;
        }
    }

    pub(super) fn settle_refund(&mut self, id: &str, success: bool) {
        let Some(refund) = self.refunds.iter_mut().find(|refund| refund.id == id) else { return };
        refund.status = if success { "succeeded" } else { "failed" };
        let body = refund.json();
        self.emit(if success { "refund.updated" } else { "refund.failed" }, &body);
    }

    /// A dispute in this status: `needs_response`, or `warning_needs_response` for an inquiry.
    pub(super) fn dispute(&mut self, intent_id: &str, amount: u64, status: &'static str) -> String {
        let id = self.next_id("dp");
        let currency = self.intent(intent_id).map(|intent| intent.currency.clone()).unwrap_or_default();
        let charge = self.intent(intent_id).and_then(Intent::latest_charge);
        let (intent, livemode) = (intent_id.to_owned(), self.livemode);
        let dispute = Dispute { id: id.clone(), intent, charge, status, amount, currency, livemode };
        self.emit("charge.dispute.created", &dispute.json());
        self.disputes.push(dispute);
        id
    }

    /// Moves a dispute to a status, and emits this event about it.
    pub(super) fn move_dispute(&mut self, id: &str, status: &'static str, event_type: &str) {
        let Some(dispute) = self.disputes.iter_mut().find(|dispute| dispute.id == id) else { return };
        dispute.status = status;
        let body = dispute.json();
        self.emit(event_type, &body);
    }

    pub(super) fn intents_of(&self, order_id: &str) -> Vec<String> {
        let of_order = self.intents.iter().filter(|intent| intent.metadata["order_id"] == order_id);
        of_order.map(|intent| intent.id.clone()).collect()
    }

    pub(super) fn refunds_of(&self, intent_id: &str) -> Vec<String> {
        self.refunds
            .iter()
            .filter(|refund| refund.intent == intent_id)
            .map(|refund| refund.id.clone())
            .collect()
    }

    pub(super) fn refunds_with_status(&self, intent_id: &str, status: &str) -> Vec<String> {
        let of_intent = self.refunds.iter().filter(|refund| refund.intent == intent_id);
        of_intent.filter(|refund| refund.status == status).map(|refund| refund.id.clone()).collect()
    }

    pub(super) fn refund_ids_of(&self, order_id: &str) -> Vec<String> {
        let of_order = self.standing().filter(|refund| refund.metadata["order_id"] == order_id);
        of_order.filter_map(|refund| refund.metadata["refund_id"].as_str().map(str::to_owned)).collect()
    }

    pub(super) fn disputes_with_status(&self, intent_id: &str, status: &str) -> Vec<String> {
        let of_intent = self.disputes.iter().filter(|dispute| dispute.intent == intent_id);
        of_intent.filter(|dispute| dispute.status == status).map(|dispute| dispute.id.clone()).collect()
    }

    pub(super) fn status_of(&self, id: &str) -> String {
        self.intent(id).map(|intent| intent.status.to_owned()).unwrap_or_default()
    }

    pub(super) fn books_of(&self, order_id: &str) -> Books {
        let mut books = Books::default();
        for intent in self.intents.iter().filter(|intent| intent.metadata["order_id"] == order_id) {
            books.charges += usize::from(intent.received > 0);
            books.captured += intent.received;
            let refunds = self.standing().filter(|refund| refund.intent == intent.id);
            books.refunded += refunds.map(|refund| refund.amount).sum::<u64>();
            let lost = self.disputes.iter().filter(|it| it.intent == intent.id && it.status == "lost");
            books.charged_back += lost.map(|dispute| dispute.amount).sum::<u64>();
            let open =
                self.disputes.iter().filter(|it| it.intent == intent.id && it.status == "needs_response");
            books.held += open.map(|dispute| dispute.amount).sum::<u64>();
        }
        books
    }

    pub(super) fn charges(&self) -> usize {
        self.intents.iter().filter(|intent| intent.received > 0).count()
    }

    pub(super) fn captured(&self) -> u64 {
        self.intents.iter().map(|intent| intent.received).sum()
    }

    pub(super) fn refunded(&self) -> u64 {
        self.standing().map(|refund| refund.amount).sum()
    }

    fn standing(&self) -> impl Iterator<Item = &Refund> {
        self.refunds.iter().filter(|refund| refund.status != "failed")
    }

    /// What was refunded of an intent.
    pub(super) fn refunded_of(&self, id: &str) -> u64 {
        self.standing().filter(|refund| refund.intent == id).map(|refund| refund.amount).sum()
    }

    pub(super) fn intent_mut(&mut self, id: &str) -> Option<&mut Intent> {
        self.intents.iter_mut().find(|intent| intent.id == id)
    }

    pub(super) fn intent(&self, id: &str) -> Option<&Intent> {
        self.intents.iter().find(|intent| intent.id == id)
    }

    pub(super) fn change(&mut self, id: &str, status: &'static str, event_type: &str) {
        let Some(intent) = self.intent_mut(id) else { return };
        intent.status = status;
        let body = intent.json();
        self.emit(event_type, &body);
    }

    pub(super) fn emit(&mut self, event_type: &str, object: &Value) {
        let id = self.next_id("evt");
        let data = json!({ "object": object });
        let event = json!({
            "id": id, "object": "event", "api_version": super::VERSION, "type": event_type, "livemode": self.livemode,
            "created": CREATED, "data": data, "pending_webhooks": 1, "request": {"id": null, "idempotency_key": null},
        });
        self.listed.push((event.clone(), false));
        self.events.push(event);
    }

    pub(super) fn next_id(&mut self, kind: &str) -> String {
        self.made += 1;
        format!("{kind}_{:08}", self.made)
    }
}

/// A page of a list, newest first.
fn page(form: &Form, limit: usize, all: &[Value]) -> Outcome {
    let start = form.get("starting_after").map_or(0, |after| {
        all.iter().position(|listed| listed["id"] == after).map_or(all.len(), |place| place + 1)
    });
    let page: Vec<Value> = all.iter().skip(start).take(limit).cloned().collect();
    let has_more = start + page.len() < all.len();
    Outcome::ok(json!({"object": "list", "data": page, "has_more": has_more}))
}
