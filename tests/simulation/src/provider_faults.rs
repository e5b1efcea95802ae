//! Faults of the providers: their fakes fail before or after the requested effect.

use super::chance::Chance;
use async_trait::async_trait;
use outbound::{Answer, Call, CallError, Method, Transport};
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};
use testkit::{EasyPostCall, EasyPostFault, FakeEasyPost, FakeStripe, Fault};

/// Stripe with faults.
pub(super) struct FaultyStripe {
    pub(super) stripe: Arc<FakeStripe>,
    pub(super) chance: Chance,
}

impl FaultyStripe {
    /// A dashboard user cancels the new intent before the shop gets the answer to its call.
    async fn ended_at_once(&self, call: Call) -> Result<Answer, CallError> {
        let timeout = call.timeout;
        let answer = self.stripe.send(call).await?;
        let intent: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if let Some(id) = intent["id"].as_str() {
            self.stripe.cancel_in_dashboard(id);
        }
        Err(CallError::TimedOut(timeout))
    }
}

const STRIPE_FAULTS: [(&str, Fault); 6] = [
    ("provider: 500 before", Fault::ErrorBefore),
    ("provider: 500 after charging", Fault::ErrorAfter),
    ("provider: time-out before", Fault::TimeoutBefore),
    ("provider: time-out after charging", Fault::TimeoutAfter),
    ("provider: 429", Fault::RateLimited),
    ("provider: 409", Fault::Conflict),
];

#[async_trait]
impl Transport for FaultyStripe {
    async fn send(&self, call: Call) -> Result<Answer, CallError> {
        let begins = call.method == Method::Post && call.url.ends_with("/v1/payment_intents");
        if begins && self.chance.fault("intent ended before it is recorded", 12) {
            return self.ended_at_once(call).await;
        }
        if let Some((_, fault)) = STRIPE_FAULTS.iter().find(|(name, _)| self.chance.fault(name, 15)) {
            self.stripe.fail("", 1, *fault);
        }
        let answer = self.stripe.send(call).await;
        // A replayed answer of an idempotency key does not consume the fault.
        self.stripe.heal();
        answer
    }
}

/// EasyPost with faults.
pub(super) struct FaultyEasyPost {
    pub(super) easypost: Arc<FakeEasyPost>,
    pub(super) chance: Chance,
    pub(super) scanned: Arc<Scanned>,
}

/// The tracking codes of parcels that were scanned before the shop got the answer to its purchase.
#[derive(Default)]
pub(super) struct Scanned(Mutex<Vec<String>>);

impl Scanned {
    /// The codes since the last call.
    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl FaultyEasyPost {
    /// Sells the label and scans its parcel before the shop gets the answer to its call.
    async fn scanned_at_once(&self, call: Call) -> Result<Answer, CallError> {
        let timeout = call.timeout;
        let answer = self.easypost.send(call).await?;
        let shipment: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if let Some(code) = shipment["tracking_code"].as_str() {
            self.scanned.0.lock().unwrap_or_else(PoisonError::into_inner).push(code.to_owned());
        }
        Err(CallError::TimedOut(timeout))
    }
}

const EASYPOST_FAULTS: [(&str, EasyPostFault); 4] = [
    ("carrier: 500 before", EasyPostFault::FailsBefore),
    ("carrier: 500 after buying", EasyPostFault::FailsAfter),
    ("carrier: time-out before", EasyPostFault::TimesOutBefore),
    ("carrier: time-out after buying", EasyPostFault::TimesOutAfter),
];

#[async_trait]
impl Transport for FaultyEasyPost {
    async fn send(&self, call: Call) -> Result<Answer, CallError> {
        let kind = if call.url.ends_with("/buy") {
            EasyPostCall::Buy
        } else if call.url.ends_with("/refund") {
            EasyPostCall::Refund
        } else {
            EasyPostCall::Retrieve
        };
        if kind == EasyPostCall::Buy && self.chance.fault("parcel scanned before its code is known", 60) {
            return self.scanned_at_once(call).await;
        }
        if let Some((_, fault)) = EASYPOST_FAULTS.iter().find(|(name, _)| self.chance.fault(name, 15)) {
            self.easypost.fail_next(kind, fault.clone());
        }
        self.easypost.send(call).await
    }
}
