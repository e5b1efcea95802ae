//! The objects of the account as its API shows them: a subset of the fields of [`VERSION`](super::VERSION), each with its published type.

use serde_json::{Value, json};

/// When every object is created: 2026-01-02T03:04:05Z.
pub(super) const CREATED: i64 = 1_767_323_045;
/// How long a bank holds what the customer authorised.
const HELD_FOR: i64 = 7 * 24 * 3600;
/// When the bank wants the evidence of a dispute by: 2026-01-15T23:59:59Z.
const EVIDENCE_DUE_BY: i64 = 1_768_521_599;

#[derive(Debug, Clone)]
pub(super) struct Intent {
    pub(super) id: String,
    pub(super) status: &'static str,
    pub(super) amount: u64,
    pub(super) received: u64,
    pub(super) currency: String,
    pub(super) payment_method: Option<String>,
    /// Whether the account's settings decide by which methods it can be paid, and whether these may redirect.
    pub(super) automatic: Option<Redirects>,
    /// The configuration of the methods, if the intent names one.
    pub(super) configuration: Option<String>,
    /// Whether it is only authorised when it is confirmed.
    pub(super) manual: bool,
    pub(super) metadata: Value,
    pub(super) last_error: Option<Declined>,
    pub(super) cancelled_because: Option<String>,
    pub(super) charges: Vec<Charge>,
    pub(super) livemode: bool,
}

/// Whether a method may send the customer to another page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Redirects {
    Always,
    Never,
}

/// Why the last try failed.
#[derive(Debug, Clone)]
pub(super) struct Declined {
    pub(super) code: &'static str,
    /// The charge; none if the bank was not asked for money.
    pub(super) charge: Option<String>,
    pub(super) payment_method: Option<String>,
}

/// One try to charge the customer.
#[derive(Debug, Clone)]
pub(super) struct Charge {
    pub(super) id: String,
    pub(super) taken: Taken,
}

/// How far a charge came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    Declined,
    Authorised,
    Released,
    Captured,
}

#[derive(Debug, Clone)]
pub(super) struct Refund {
    pub(super) id: String,
    pub(super) intent: String,
    pub(super) charge: Option<String>,
    pub(super) status: &'static str,
    pub(super) amount: u64,
    pub(super) currency: String,
    pub(super) metadata: Value,
}

#[derive(Debug, Clone)]
pub(super) struct Dispute {
    pub(super) id: String,
    pub(super) intent: String,
    pub(super) charge: Option<String>,
    pub(super) status: &'static str,
    pub(super) amount: u64,
    pub(super) currency: String,
    pub(super) livemode: bool,
}

impl Intent {
    /// What can still be captured.
    pub(super) fn capturable(&self) -> u64 {
        if self.status == "requires_capture" { self.amount } else { 0 }
    }

    /// Adds the charge of another try.
    pub(super) fn add_charge(&mut self, taken: Taken) -> String {
        let id = format!("{}_{}", self.id.replacen("pi_", "ch_", 1), self.charges.len() + 1);
        self.charges.push(Charge { id: id.clone(), taken });
        id
    }

    /// The last charge came so far.
    pub(super) fn set_charge(&mut self, taken: Taken) {
        if let Some(charge) = self.charges.last_mut() {
            charge.taken = taken;
        }
    }

    /// The id of the last charge.
    pub(super) fn latest_charge(&self) -> Option<String> {
        self.charges.last().map(|charge| charge.id.clone())
    }

    pub(super) fn json(&self) -> Value {
        let methods = self.automatic.map(|redirects| {
            let word = if redirects == Redirects::Always { "always" } else { "never" };
            json!({"enabled": true, "allow_redirects": word})
        });
        json!({
            "id": self.id, "object": "payment_intent", "status": self.status, "amount": self.amount,
            "amount_capturable": self.capturable(), "amount_received": self.received,
            "automatic_payment_methods": methods, "canceled_at": (self.status == "canceled").then_some(CREATED),
            "cancellation_reason": self.cancelled_because,
            "capture_method": if self.manual { "manual" } else { "automatic_async" },
            "client_secret": format!("{}_secret_x", self.id), "created": CREATED, "currency": self.currency,
            "last_payment_error": self.last_error.as_ref().map(Declined::json),
            "latest_charge": self.latest_charge(), "livemode": self.livemode, "metadata": self.metadata,
            "payment_method": self.payment_method, "payment_method_types": ["card"],
            "payment_method_configuration_details":
                self.configuration.as_ref().map(|id| json!({"id": id, "parent": null})),
        })
    }

    /// The same with its last charge in place of the charge's id.
    pub(super) fn json_with_charge(&self, refunded: u64) -> Value {
        let mut json = self.json();
        json["latest_charge"] = self.charge_json(refunded);
        json
    }

    /// The last charge, of which so much was refunded.
    pub(super) fn charge_json(&self, refunded: u64) -> Value {
        let Some(charge) = self.charges.last() else { return Value::Null };
        let captured = if charge.taken == Taken::Captured { self.received } else { 0 };
        let declined = (charge.taken == Taken::Declined).then_some("card_declined");
        let capture_before = (charge.taken == Taken::Authorised).then_some(CREATED + HELD_FOR);
        let mut card = json!({"brand": "visa", "last4": "4242"});
        if let Some(before) = capture_before {
            card["capture_before"] = before.into();
        }
        json!({
            "id": charge.id, "object": "charge", "amount": self.amount, "amount_captured": captured,
            "amount_refunded": refunded, "captured": charge.taken == Taken::Captured, "created": CREATED,
            "currency": self.currency, "disputed": false, "failure_code": declined, "livemode": self.livemode,
            "metadata": self.metadata, "paid": declined.is_none(), "payment_intent": self.id,
            "payment_method_details": {"type": "card", "card": card},
            "refunded": captured > 0 && refunded >= captured,
            "status": if declined.is_none() { "succeeded" } else { "failed" },
        })
    }
}

impl Declined {
    pub(super) fn json(&self) -> Value {
        let mut error = json!({
            "type": "card_error", "code": "card_declined", "decline_code": self.code, "message": "Declined.",
        });
        if let Some(charge) = &self.charge {
            error["charge"] = charge.clone().into();
        }
        if let Some(method) = &self.payment_method {
            error["payment_method"] = json!({
                "id": method, "object": "payment_method", "type": "card",
            });
        }
        error
    }
}

impl Refund {
    pub(super) fn json(&self) -> Value {
        let mut json = json!({
            "id": self.id, "object": "refund", "status": self.status, "amount": self.amount, "charge": self.charge,
            "created": CREATED, "currency": self.currency, "payment_intent": self.intent, "metadata": self.metadata,
            "reason": null,
        });
        if self.status == "failed" {
            json["failure_reason"] = "lost_or_stolen_card".into();
        }
        json
    }
}

impl Dispute {
    pub(super) fn json(&self) -> Value {
        let charge = self.charge.as_deref().unwrap_or("ch_1");
        json!({
            "id": self.id, "object": "dispute", "status": self.status, "amount": self.amount, "charge": charge,
            "created": CREATED, "currency": self.currency, "livemode": self.livemode,
            "payment_intent": self.intent, "metadata": {}, "reason": "general",
            "evidence_details": {
                "due_by": EVIDENCE_DUE_BY, "has_evidence": false, "past_due": false, "submission_count": 0,
            },
        })
    }

    /// Whether the bank holds or took the amount. An inquiry holds nothing.
    pub(super) fn holds(&self) -> bool {
        self.status != "won" && !self.status.starts_with("warning")
    }
}
