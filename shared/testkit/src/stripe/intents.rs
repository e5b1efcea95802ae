//! What the account does with an intent: it is created, confirmed, authorised, captured, cancelled.

use super::account::{Account, Outcome};
use super::form::Form;
use super::objects::{Declined, Intent, Redirects, Taken};
use super::rules;
use serde_json::{Value, json};

impl Account {
    pub(super) fn create(&mut self, form: &Form) -> Outcome {
        let known = [
            "amount",
            "currency",
            "payment_method",
            "payment_method_types[]",
            "automatic_payment_methods[enabled]",
            "automatic_payment_methods[allow_redirects]",
            "payment_method_configuration",
            "capture_method",
        ];
        if let Some(unknown) = form.unknown(&known) {
            return Outcome::refused("parameter_unknown", Some(unknown));
        }
        let (amount, currency) = (form.number("amount"), form.get("currency").unwrap_or_default());
        let Some(amount) = amount else {
            return Outcome::refused("parameter_invalid_integer", Some("amount"));
        };
        if let Some(code) = rules::refusal_of_charge(amount, currency) {
            return Outcome::refused(code, Some("amount"));
        }
        let payment_method = form.get("payment_method").map(str::to_owned);
        if payment_method.as_deref().is_some_and(|method| !MAGIC.contains(&method)) {
            return Outcome::refused("resource_missing", Some("payment_method"));
        }
        let automatic = form.get("automatic_payment_methods[enabled]") == Some("true");
        if automatic && form.get("payment_method_types[]").is_some() {
            return Outcome::refused_with(400, "", "payment_method_types");
        }
        let capture_method = form.get("capture_method").unwrap_or("automatic_async");
        if !["automatic", "automatic_async", "manual"].contains(&capture_method) {
            return Outcome::refused_with(400, "", "capture_method");
        }
        let redirects = match form.get("automatic_payment_methods[allow_redirects]") {
            Some("never") => Redirects::Never,
            _ => Redirects::Always,
        };
        let has_method = payment_method.is_some();
        let intent = Intent {
            id: self.next_id("pi"),
            status: if has_method { "requires_confirmation" } else { "requires_payment_method" },
            amount,
            received: 0,
            currency: currency.to_owned(),
            payment_method,
            automatic: automatic.then_some(redirects),
            configuration: form.get("payment_method_configuration").map(str::to_owned),
            manual: capture_method == "manual",
            metadata: form.metadata(),
            last_error: None,
            cancelled_because: None,
            charges: Vec::new(),
            livemode: self.livemode,
        };
        let body = intent.json();
        self.intents.push(intent);
        Outcome::ok(body)
    }

    pub(super) fn retrieve(&self, id: &str, form: &Form) -> Outcome {
        let Some(intent) = self.intent(id) else { return Outcome::missing() };
        if form.all("expand[]").contains(&"latest_charge") {
            return Outcome::ok(intent.json_with_charge(self.refunded_of(id)));
        }
        Outcome::ok(intent.json())
    }

    pub(super) fn confirm(&mut self, id: &str, form: &Form) -> Outcome {
        if let Some(unknown) = form.unknown(&["payment_method", "return_url"]) {
            return Outcome::refused("parameter_unknown", Some(unknown));
        }
        let given = form.get("payment_method");
        if given.is_some_and(|method| !MAGIC.contains(&method)) {
            return Outcome::refused("resource_missing", Some("payment_method"));
        }
        let Some(intent) = self.intent_mut(id) else { return Outcome::missing() };
        let method = match (intent.status, given) {
            ("requires_confirmation" | "requires_payment_method", Some(given)) => given.to_owned(),
            ("requires_confirmation", None) => intent.payment_method.clone().unwrap_or_default(),
            _ => return Outcome::refused("payment_intent_unexpected_state", None),
        };
        // A method that redirects needs to know where to.
        if intent.automatic == Some(Redirects::Always) && form.get("return_url").is_none() {
            return Outcome::refused_with(400, "", "return_url");
        }
        intent.payment_method = Some(method.clone());
        match method.as_str() {
            ONCE if self.used.contains(&method) => {
                return Outcome::refused("payment_method_unexpected_state", Some("payment_method"));
            }
            ONCE => {
                self.used.push(method);
                self.pay(id);
            }
            "pm_card_chargeCustomerFail" => {
                let error = self.decline(id, "generic_decline", Some(Taken::Declined));
                return Outcome { status: 402, body: json!({ "error": error }) };
            }
            "pm_card_threeDSecure" => self.change(id, "requires_action", "payment_intent.requires_action"),
            _ => {
                self.pay(id);
            }
        }
        self.retrieve(id, &Form::default())
    }

    /// Takes the money, or authorises it if the intent is captured later; `false` if its state does not allow it any more.
    pub(super) fn pay(&mut self, id: &str) -> bool {
        let Some(intent) = self.intent_mut(id) else { return false };
        if matches!(intent.status, "requires_capture" | "succeeded" | "canceled") {
            return false;
        }
        intent.last_error = None;
        if intent.manual {
            intent.add_charge(Taken::Authorised);
            self.change(id, "requires_capture", "payment_intent.amount_capturable_updated");
        } else {
            intent.add_charge(Taken::Captured);
            intent.received = intent.amount;
            self.change(id, "succeeded", "payment_intent.succeeded");
        }
        true
    }

    /// Takes a part of what is authorised, and releases the rest.
    pub(super) fn capture(&mut self, id: &str, form: &Form) -> Outcome {
        if let Some(unknown) = form.unknown(&["amount_to_capture"]) {
            return Outcome::refused("parameter_unknown", Some(unknown));
        }
        let Some(intent) = self.intent_mut(id) else { return Outcome::missing() };
        if intent.status != "requires_capture" {
            return Outcome::refused("payment_intent_unexpected_state", None);
        }
        let amount = form.number("amount_to_capture").unwrap_or(intent.amount);
        if amount == 0 {
            return Outcome::refused("parameter_invalid_integer", Some("amount_to_capture"));
        }
        if amount > intent.amount {
            return Outcome::refused("amount_too_large", Some("amount_to_capture"));
        }
        if let Some(code) = rules::refusal_of_digits(amount, &intent.currency) {
            return Outcome::refused(code, Some("amount_to_capture"));
        }
        intent.received = amount;
        intent.set_charge(Taken::Captured);
        self.change(id, "succeeded", "payment_intent.succeeded");
        self.retrieve(id, &Form::default())
    }

    fn decline(&mut self, id: &str, code: &'static str, charge: Option<Taken>) -> Value {
        let Some(intent) = self.intent_mut(id) else { return Value::Null };
        let charge = charge.map(|taken| intent.add_charge(taken));
        let error = Declined { code, charge, payment_method: intent.payment_method.take() };
        let body = error.json();
        intent.last_error = Some(error);
        self.change(id, "requires_payment_method", "payment_intent.payment_failed");
        body
    }

    pub(super) fn authenticate(&mut self, id: &str, success: bool) {
        if self.status_of(id) != "requires_action" {
            return;
        }
        if success {
            self.pay(id);
        } else {
            self.decline(id, "authentication_required", None);
        }
    }

    pub(super) fn cancel(&mut self, id: &str, form: &Form) -> Outcome {
        if let Some(unknown) = form.unknown(&["cancellation_reason"]) {
            return Outcome::refused("parameter_unknown", Some(unknown));
        }
        match self.status_of(id).as_str() {
            "" => return Outcome::missing(),
            "succeeded" | "canceled" | "processing" => {
                return Outcome::refused("payment_intent_unexpected_state", None);
            }
            _ => self.end(id, form.get("cancellation_reason")),
        }
        self.retrieve(id, &Form::default())
    }

    fn end(&mut self, id: &str, reason: Option<&str>) {
        let Some(intent) = self.intent_mut(id) else { return };
        intent.cancelled_because = reason.map(str::to_owned);
        if intent.capturable() > 0 {
            intent.set_charge(Taken::Released);
        }
        self.change(id, "canceled", "payment_intent.canceled");
    }
}

/// The payment methods that exist.
const MAGIC: [&str; 4] = ["pm_card_visa", "pm_card_chargeCustomerFail", "pm_card_threeDSecure", ONCE];
/// A payment method of a real card, which pays once unless it is attached to a customer.
const ONCE: &str = "pm_once";
