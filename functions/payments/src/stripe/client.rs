//! The calls to Stripe: form-encoded, pinned to one API version, each with a time-out, repeated only where a repeat
//! is the same call.
//!
//! Written by hand over [`Transport`]: six calls need no SDK, and the generated ones break on trimmed objects.

use super::payload::{ErrorBody, EventPage, PaymentIntent, ProviderError, Refund, RefundPage};
use super::translate::{MEANINGFUL, bounded};
use events::{Amount, Currency, EventId, OrderId, RefundId};
use jiff::Timestamp;
use outbound::{Answer, Call, CallError, Method, Secret, Secrets, Transport, send_with_key};
use resilience::{BackOff, Clock, Failure, RandomJitter};
use runtime::Settings;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;

/// Two tries of a call and two of the question after it fit into one invocation of 20 s, the longest that the
/// template sets unless told otherwise. In a shorter one the message comes back, and asks first.
const TIMEOUT: Duration = Duration::from_secs(4);
/// How often one call is sent. A time-out is not repeated: the caller asks for the state instead.
const TRIES: u32 = 2;
const BETWEEN_TRIES: BackOff = BackOff { first: Duration::from_millis(200), longest: Duration::from_secs(1) };
/// Stripe's longest page.
const PAGE: &str = "100";
/// Stripe keeps keys of up to this many characters.
const LONGEST_KEY: usize = 255;

/// Stripe's API.
#[derive(Clone)]
pub struct Stripe {
    /// Sends the calls.
    pub transport: Arc<dyn Transport>,
    /// Holds the API key.
    pub secrets: Arc<dyn Secrets>,
    /// Base URL, without a slash at its end.
    pub base_url: String,
    /// Name of the secret with the API key.
    pub api_key_secret: String,
    /// The version that requests and answers are pinned to.
    pub api_version: String,
    /// Waits before a call is sent again.
    pub clock: Arc<dyn Clock>,
}

/// What came of a call that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StripeError {
    /// The bank said no.
    #[error("the bank declined: {code}")]
    Declined { code: String },
    /// Stripe said no, and would again.
    #[error("Stripe refused the call with {status}: {code}")]
    Refused { status: u16, code: String, param: Option<String> },
    /// It is not known whether anything happened.
    #[error("Stripe gave no clear answer: {0}")]
    Unclear(String),
    /// Stripe repeats the failure of an earlier call under this key, and will as long as it keeps the key. That call
    /// is over; what it did is not known.
    #[error("Stripe repeats its {status}: the idempotency key is spent")]
    Spent { status: u16 },
    /// Stripe is out and was not called: nothing happened, there is nothing to ask, and the same key serves again.
    #[error("Stripe is out, and is called again in {} s", after.as_secs())]
    Paused { after: Duration },
}

impl From<StripeError> for Failure {
    fn from(error: StripeError) -> Self {
        match error {
            StripeError::Paused { after } => Self::retry_after(error, after),
            StripeError::Unclear(_) | StripeError::Spent { .. } => Self::retry(error),
            StripeError::Declined { .. } | StripeError::Refused { .. } => Self::reject(error),
        }
    }
}

/// What makes a repeated call the same call: the event that asked for it, and the attempt.
///
/// The stack's name is part of it, because several stacks may share an account and its keys.
pub(crate) struct IdempotencyKey(String);

impl IdempotencyKey {
    pub(crate) fn of(stack: &str, event: &EventId, attempt: u32) -> Self {
        Self(format!("{stack}/{event}/{attempt}"))
    }
}

/// An intent to create: unconfirmed, so that no money moves and an orphan is harmless.
pub(crate) struct IntentDraft<'a> {
    pub order: &'a OrderId,
    pub stack: &'a str,
    pub amount: Amount,
    pub currency: Currency,
    pub payment_method: &'a str,
}

/// A refund to create.
pub(crate) struct RefundDraft<'a> {
    pub order: &'a OrderId,
    pub stack: &'a str,
    pub intent_id: &'a str,
    pub refund_id: &'a RefundId,
    pub amount: Amount,
}

impl Stripe {
    /// What its breaker, and the alarm on it, call it.
    pub const NAME: &str = "stripe";

    /// `STRIPE_API_BASE`, `STRIPE_API_KEY_SECRET` and `STRIPE_API_VERSION`, over adapters that are given.
    pub fn from_settings(
        settings: &mut Settings,
        transport: Arc<dyn Transport>,
        secrets: Arc<dyn Secrets>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            transport,
            secrets,
            base_url: settings.base_url("STRIPE_API_BASE"),
            api_key_secret: settings.text("STRIPE_API_KEY_SECRET"),
            api_version: settings.text("STRIPE_API_VERSION"),
            clock,
        }
    }

    /// Creates an unconfirmed intent with the payment method attached. Without `payment_method_types[]=card`
    /// a later confirmation would want a `return_url`.
    pub(crate) async fn create_intent(
        &self,
        draft: &IntentDraft<'_>,
        key: &IdempotencyKey,
    ) -> Result<PaymentIntent, StripeError> {
        let form = [
            ("amount", draft.amount.to_string()),
            ("currency", draft.currency.as_str().to_ascii_lowercase()),
            ("payment_method", draft.payment_method.to_owned()),
            ("payment_method_types[]", "card".to_owned()),
            ("metadata[order_id]", draft.order.to_string()),
            ("metadata[stack]", draft.stack.to_owned()),
        ];
        self.post("/v1/payment_intents", &form, key).await
    }

    /// Confirms an intent: money moves. Everything it needs was attached when it was created.
    pub(crate) async fn confirm_intent(
        &self,
        id: &str,
        key: &IdempotencyKey,
    ) -> Result<PaymentIntent, StripeError> {
        self.post(&format!("/v1/payment_intents/{id}/confirm"), &[], key).await
    }

    /// Cancels an intent.
    pub(crate) async fn cancel_intent(
        &self,
        id: &str,
        key: &IdempotencyKey,
    ) -> Result<PaymentIntent, StripeError> {
        self.post(&format!("/v1/payment_intents/{id}/cancel"), &[], key).await
    }

    /// Asks for an intent's state.
    pub(crate) async fn intent(&self, id: &str) -> Result<PaymentIntent, StripeError> {
        self.get(&format!("/v1/payment_intents/{id}"), &[]).await
    }

    /// Refunds a part of what an intent took.
    pub(crate) async fn create_refund(
        &self,
        draft: &RefundDraft<'_>,
        key: &IdempotencyKey,
    ) -> Result<Refund, StripeError> {
        let form = [
            ("payment_intent", draft.intent_id.to_owned()),
            ("amount", draft.amount.to_string()),
            ("metadata[order_id]", draft.order.to_string()),
            ("metadata[stack]", draft.stack.to_owned()),
            ("metadata[refund_id]", draft.refund_id.to_string()),
        ];
        self.post("/v1/refunds", &form, key).await
    }

    /// Asks for all refunds of an intent, every page of them.
    pub(crate) async fn refunds(&self, intent_id: &str) -> Result<Vec<Refund>, StripeError> {
        let mut refunds: Vec<Refund> = Vec::new();
        loop {
            let mut query = vec![("payment_intent", intent_id.to_owned()), ("limit", PAGE.to_owned())];
            query.extend(refunds.last().map(|last| ("starting_after", last.id.clone())));
            let page: RefundPage = self.get("/v1/refunds", &query).await?;
            let ends = !page.has_more || page.data.is_empty();
            refunds.extend(page.data);
            if ends {
                return Ok(refunds);
            }
        }
    }

    /// Asks for events that could not be delivered to every endpoint that wants them, newest first: one page of those that
    /// mean something here, happened since then, and are older than `after`.
    pub(crate) async fn undelivered(
        &self,
        since: Timestamp,
        after: Option<&str>,
    ) -> Result<EventPage, StripeError> {
        let mut query = vec![
            ("delivery_success", "false".to_owned()),
            ("created[gte]", since.as_second().to_string()),
            ("limit", PAGE.to_owned()),
        ];
        query.extend(MEANINGFUL.iter().map(|kind| ("types[]", (*kind).to_owned())));
        query.extend(after.map(|after| ("starting_after", after.to_owned())));
        self.get("/v1/events", &query).await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, String)]) -> Result<T, StripeError> {
        let query = encode(query)?;
        let url = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        self.call(Method::Get, &url, Vec::new(), Vec::new()).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        form: &[(&str, String)],
        IdempotencyKey(key): &IdempotencyKey,
    ) -> Result<T, StripeError> {
        if key.len() > LONGEST_KEY {
            return Err(refused(0, "idempotency_key_too_long"));
        }
        let headers = vec![
            ("idempotency-key".to_owned(), key.clone()),
            ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
        ];
        self.call(Method::Post, path, headers, encode(form)?.into_bytes()).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        mut headers: Vec<(String, String)>,
        body: Vec<u8>,
    ) -> Result<T, StripeError> {
        headers.push(("stripe-version".to_owned(), self.api_version.clone()));
        let call = Call { method, url: format!("{}{path}", self.base_url), headers, body, timeout: TIMEOUT };
        let bearer = |key: &Secret| format!("Bearer {}", key.expose());
        let mut attempt = 1;
        loop {
            let sent =
                send_with_key(&*self.transport, &*self.secrets, &self.api_key_secret, &call, bearer).await;
            let outcome = sent.map_err(|error| StripeError::Unclear(error.to_string()))?;
            if attempt >= TRIES || !is_worth_repeating(&outcome) {
                return understand(outcome);
            }
            self.clock.sleep(BETWEEN_TRIES.wait(attempt, &RandomJitter)).await;
            attempt += 1;
        }
    }
}

fn encode(pairs: &[(&str, String)]) -> Result<String, StripeError> {
    serde_urlencoded::to_string(pairs).map_err(|_| refused(0, "not_encodable"))
}

fn refused(status: u16, code: &str) -> StripeError {
    StripeError::Refused { status, code: code.to_owned(), param: None }
}

/// Whether the same call, under the same idempotency key, may fare better. Stripe's own word comes first.
fn is_worth_repeating(outcome: &Result<Answer, CallError>) -> bool {
    match outcome {
        Ok(answer) => match answer.header("stripe-should-retry") {
            Some("true") => true,
            Some("false") => false,
            Some(_) | None => matches!(answer.status, 409 | 424 | 429 | 500..),
        },
        Err(CallError::Connection(_)) => true,
        Err(CallError::TimedOut(_) | CallError::Invalid(_) | CallError::Paused(_)) => false,
    }
}

fn understand<T: DeserializeOwned>(outcome: Result<Answer, CallError>) -> Result<T, StripeError> {
    let answer = outcome.map_err(|error| match error {
        CallError::TimedOut(_) | CallError::Connection(_) => StripeError::Unclear(error.to_string()),
        CallError::Invalid(_) => refused(0, "unsound_call"),
        CallError::Paused(after) => StripeError::Paused { after },
    })?;
    if (200..300).contains(&answer.status) {
        return json::from_slice(&answer.body).map_err(|error| {
            StripeError::Unclear(format!("the answer of {} cannot be read: {error}", answer.status))
        });
    }
    let ErrorBody { error: ProviderError { code, decline_code, param, message } } =
        serde_json::from_slice(&answer.body).unwrap_or_default();
    let (code, decline_code) = (code.map(|code| bounded(&code)), decline_code.map(|code| bounded(&code)));
    let is_repeated = answer.header("idempotent-replayed") == Some("true");
    match answer.status {
        402 => Err(StripeError::Declined {
            code: decline_code.or(code).unwrap_or_else(|| "card_declined".to_owned()),
        }),
        // A key that is wrong or may too little is ours to mend: nothing happened, and the message waits.
        401 | 403 => Err(StripeError::Unclear(format!(
            "the API key is refused with {}; check the secret",
            answer.status
        ))),
        408 | 409 | 424 | 429 => Err(StripeError::Unclear(format!("status {}", answer.status))),
        status @ 400..=499 => {
            // A 404 in the provider's own form says that an object is missing, unless it is the path that is wrong.
            let is_missing =
                status == 404 && message.is_some_and(|said| !said.starts_with("Unrecognized request URL"));
            let code =
                code.unwrap_or_else(|| if is_missing { "resource_missing" } else { "refused" }.to_owned());
            Err(StripeError::Refused { status, code, param })
        }
        status @ 500.. if is_repeated => Err(StripeError::Spent { status }),
        status => Err(StripeError::Unclear(format!("status {status}"))),
    }
}

#[cfg(test)]
mod tests;
