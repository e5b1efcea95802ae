//! `get-payment`: the payment as its owner sees it.
//!
//! Trigger: `GET /orders/{order_id}/payment`, with a token.
//! Effect: none. Reads the stream; while the bank waits for the customer it asks the provider for the intent's `client_secret`
//! and returns it to the owner only. The secret is never stored or logged.
//! `404` if no payment exists or it is another customer's; admins see every payment, without the secret. `503` if the
//! provider is asked and does not answer, or is known to be out: then `Retry-After` says when it is called again.
//!
//! A payment that the provider refused to begin, or a tombstone, has no customer: only admins see it here. Its owner reads
//! the same from the order.

use crate::payment::{Payment, Stage};
use crate::provider::IntentId;
use crate::provider::ProviderError;
use crate::provider::stripe::Stripe;
use async_trait::async_trait;
use event_store::{EventStore, StreamId};
use events::{Amount, Currency, OrderId, OrderNumber};
use runtime::http::{Caller, Endpoint, Problem, Reply, Request};
use serde::Serialize;
use std::sync::Arc;

/// The step. See the module.
pub struct GetPayment {
    /// Payments' streams.
    pub store: Arc<dyn EventStore>,
    /// The provider of card payments.
    pub stripe: Stripe,
}

/// The answer. Amounts are in minor units.
#[derive(Serialize)]
struct Body<'a> {
    order_id: &'a OrderId,
    number: OrderNumber,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<Currency>,
    refunded: Amount,
    /// Why it failed or is being ended: the provider's code for admins, a public word for its owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
}

#[async_trait]
impl Endpoint for GetPayment {
    /// It may call the provider, and a caller over its limit must not.
    fn only_reads(&self, _route: &str) -> bool {
        false
    }

    async fn answer(&self, request: Request) -> Result<Reply, Problem> {
        match request.route.as_str() {
            "GET /orders/{order_id}/payment" => {}
            _ => return Err(Problem::not_found("no such route")),
        }
        let order_id = request.order_id()?;
        let stream = StreamId::order(&order_id);
        let payment = self.store.history::<Payment>(&stream).await?.state;
        let caller = request.caller()?;
        let is_owner = payment.stage.terms().is_some_and(|terms| terms.customer == caller.customer);
        if payment.stage == Stage::Unknown || !(is_owner || caller.is_of_shop()) {
            return Err(Problem::not_found("no such payment"));
        }
        let body = Body {
            order_id: &order_id,
            number: OrderNumber::of(&order_id),
            status: status(&payment.stage),
            amount: payment.stage.terms().map(|terms| terms.amount),
            currency: payment.stage.terms().map(|terms| terms.currency),
            refunded: payment.ledger.refunded(),
            code: code(&payment.stage)
                .map(|code| if caller.is_of_shop() { code } else { events::public_code(code) }),
            client_secret: self.client_secret(&stream, &payment.stage, caller).await?,
        };
        Ok(Reply::json(200, &body))
    }
}

impl GetPayment {
    /// What the owner's browser needs for the further step; `None` if no step is required or the caller is not the owner.
    async fn client_secret(
        &self,
        stream: &StreamId,
        stage: &Stage,
        caller: &Caller,
    ) -> Result<Option<String>, Problem> {
        let Stage::Open { terms, action_required: true } = stage else { return Ok(None) };
        if terms.customer != caller.customer {
            return Ok(None);
        }
        let id = match IntentId::recorded(&terms.intent_id, stream).map_err(Problem::internal)? {
            IntentId::Stripe(id) => id,
            IntentId::Offline(_) => return Ok(None),
        };
        // The stream may lag behind the provider, where the step may be done already.
        self.stripe.client_secret(&id).await.map_err(|error| match error {
            ProviderError::Paused { after } => {
                Problem::unavailable("the payment provider is out; try again later", error).retry_after(after)
            }
            ProviderError::Unclear(_) | ProviderError::KeySpent { .. } | ProviderError::WrongKey(_) => {
                Problem::unavailable("the payment provider did not answer; try again", error)
            }
            ProviderError::Declined { .. }
            | ProviderError::Refused { .. }
            | ProviderError::InexactAmount(_) => Problem::internal(error),
        })
    }
}

const fn status(stage: &Stage) -> &'static str {
    match stage {
        Stage::Unknown => "unknown",
        Stage::Open { action_required: false, .. } => "requested",
        Stage::Open { action_required: true, .. } => "action_required",
        Stage::Cancelling { .. } => "cancelling",
        Stage::Paid { .. } => "paid",
        Stage::Failed { .. } => "failed",
        Stage::Cancelled { .. } => "cancelled",
    }
}

fn code(stage: &Stage) -> Option<&str> {
    match stage {
        Stage::Cancelling { code, .. } => code.as_deref(),
        Stage::Failed { code, .. } => Some(code),
        Stage::Unknown | Stage::Open { .. } | Stage::Paid { .. } | Stage::Cancelled { .. } => None,
    }
}

#[cfg(test)]
mod tests;
