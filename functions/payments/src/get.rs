//! `get-payment`: the payment as its owner sees it.
//!
//! Trigger: `GET /orders/{order_id}/payment`, with a token.
//! Effect: none. Reads the stream; while the bank waits for the customer it asks Stripe for the intent's
//! `client_secret` and hands it to the owner alone. The secret is stored nowhere and never logged.
//! `404` where there is no payment, or it is another customer's; admins see every payment, without the secret. `503`
//! while Stripe does not answer a question that is needed, or is known to be out: then `Retry-After` says when it is asked again.
//!
//! A payment that the provider refused to begin, or a tombstone, names no customer: only admins see it here. Its
//! owner reads the same from the order.

use crate::payment::{Payment, Stage};
use crate::stripe::{IntentNews, Stripe, StripeError};
use async_trait::async_trait;
use event_store::{EventStore, StreamId};
use events::{Amount, Currency, OrderId};
use runtime::http::{Caller, Endpoint, Problem, Reply, Request};
use serde::Serialize;
use std::sync::Arc;

/// The step. See the module.
pub struct GetPayment {
    /// Payments' streams.
    pub store: Arc<dyn EventStore>,
    /// The provider.
    pub stripe: Stripe,
}

/// The answer. Amounts are in minor units.
#[derive(Serialize)]
struct Body<'a> {
    order_id: &'a OrderId,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<Currency>,
    refunded: Amount,
    /// Why it failed or is failing: the provider's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
}

#[async_trait]
impl Endpoint for GetPayment {
    async fn answer(&self, request: Request) -> Result<Reply, Problem> {
        match request.route.as_str() {
            "GET /orders/{order_id}/payment" => {}
            _ => return Err(Problem::not_found("no such resource")),
        }
        let order_id = request.order_id()?;
        let payment = self.store.history::<Payment>(&StreamId::order(&order_id)).await?.state;
        let caller = request.caller()?;
        let is_owner = payment.stage.terms().is_some_and(|terms| terms.customer == caller.customer);
        if payment.stage == Stage::Unknown || !(is_owner || caller.admin) {
            return Err(Problem::not_found("no such payment"));
        }
        let body = Body {
            order_id: &order_id,
            status: status(&payment.stage),
            amount: payment.stage.terms().map(|terms| terms.amount),
            currency: payment.stage.terms().map(|terms| terms.currency),
            refunded: payment.ledger.refunded(),
            code: code(&payment.stage),
            client_secret: self.client_secret(&payment.stage, caller).await?,
        };
        Ok(Reply::json(200, &body))
    }
}

impl GetPayment {
    /// What the customer's browser needs for the further step, if there is one and it is the owner who asks.
    async fn client_secret(&self, stage: &Stage, caller: &Caller) -> Result<Option<String>, Problem> {
        let Stage::Open { terms, action_required: true } = stage else { return Ok(None) };
        if terms.customer != caller.customer {
            return Ok(None);
        }
        let intent = self.stripe.intent(&terms.intent_id).await.map_err(|error| match error {
            StripeError::Paused { after } => {
                Problem::unavailable("the payment provider is out; try again later", error).retry_after(after)
            }
            StripeError::Unclear(_) | StripeError::Spent { .. } => {
                Problem::unavailable("the payment provider did not answer; try again", error)
            }
            StripeError::Declined { .. } | StripeError::Refused { .. } => Problem::internal(error),
        })?;
        // The stream may lag behind: a step that is done needs no secret any more.
        Ok(intent.client_secret.clone().filter(|_| intent.news() == IntentNews::ActionRequired))
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
