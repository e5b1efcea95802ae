//! The providers' bad days: honest fakes that fail before or after they did what they were asked for.

use super::chance::Chance;
use async_trait::async_trait;
use outbound::{Answer, Call, CallError, Transport};
use std::sync::Arc;
use testkit::{EasyPostCall, EasyPostFault, FakeEasyPost, FakeStripe, Fault};

/// Stripe, as it answers on such a day.
pub(super) struct MoodyStripe {
    pub(super) stripe: Arc<FakeStripe>,
    pub(super) chance: Chance,
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
impl Transport for MoodyStripe {
    async fn send(&self, call: Call) -> Result<Answer, CallError> {
        if let Some((_, fault)) = STRIPE_FAULTS.iter().find(|(name, _)| self.chance.fault(name, 15)) {
            self.stripe.fail("", 1, *fault);
        }
        let answer = self.stripe.send(call).await;
        // An answer from memory does not use the fault up.
        self.stripe.heal();
        answer
    }
}

/// EasyPost likewise.
pub(super) struct MoodyEasyPost {
    pub(super) easypost: Arc<FakeEasyPost>,
    pub(super) chance: Chance,
}

const EASYPOST_FAULTS: [(&str, EasyPostFault); 4] = [
    ("carrier: 500 before", EasyPostFault::FailsBefore),
    ("carrier: 500 after buying", EasyPostFault::FailsAfter),
    ("carrier: time-out before", EasyPostFault::TimesOutBefore),
    ("carrier: time-out after buying", EasyPostFault::TimesOutAfter),
];

#[async_trait]
impl Transport for MoodyEasyPost {
    async fn send(&self, call: Call) -> Result<Answer, CallError> {
        let kind = if call.url.ends_with("/buy") {
            EasyPostCall::Buy
        } else if call.url.ends_with("/refund") {
            EasyPostCall::Refund
        } else {
            EasyPostCall::Retrieve
        };
        if let Some((_, fault)) = EASYPOST_FAULTS.iter().find(|(name, _)| self.chance.fault(name, 15)) {
            self.easypost.fail_next(kind, fault.clone());
        }
        self.easypost.send(call).await
    }
}
