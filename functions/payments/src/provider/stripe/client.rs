//! The calls to Stripe: form-encoded, pinned to one API version, each with a time-out, and retried only where the retry
//! is the same call.
//!
//! Written over [`Transport`], without an SDK: seven calls need none, and the generated SDKs fail on trimmed objects.

use super::choice;
use super::key::{AccountId, ExpectedAccount};
use super::payload::{ErrorBody, ErrorDetail, EventPage, PaymentIntent, Refund, RefundPage};
use super::translate::{MEANINGFUL, bounded, intent_id};
use super::units::to_stripe;
use super::version::BasilOrLater;
use crate::provider::IntentId;
use crate::provider::{IdempotencyKey, IntentState, NewIntent, NewRefund, ProviderError, RefundReport};
use events::{Amount, Currency};
use jiff::Timestamp;
use outbound::{Answer, Call, CallError, Method, Secrets, Transport};
use resilience::{BackOff, Clock, RandomJitter};
use runtime::Settings;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;

/// Two tries of a call and two of the question after it fit into one invocation of 20 s, the template's longest by default. In
/// a shorter invocation the message is redelivered, and asks first.
const TIMEOUT: Duration = Duration::from_secs(4);
/// How often one call is sent. A time-out is not retried: the caller asks for the state instead.
const TRIES: u32 = 2;
const BETWEEN_TRIES: BackOff = BackOff { first: Duration::from_millis(200), longest: Duration::from_secs(1) };
/// Stripe's longest page.
const PAGE: &str = "100";
/// The longest key that Stripe accepts.
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
    /// The API version of requests and answers.
    pub(crate) api_version: BasilOrLater,
    /// Whether the stack takes real money. A key of the other mode is not used.
    pub livemode: bool,
    /// Waits before a call is sent again.
    pub clock: Arc<dyn Clock>,
    /// The account that the key has to belong to, if the stack names one.
    pub(crate) account: Option<Arc<ExpectedAccount>>,
}

impl Stripe {
    /// The name of its breaker and of the alarm on it.
    pub const NAME: &str = "stripe";

    /// Reads `STRIPE_API_BASE`, `STRIPE_API_KEY_SECRET`, `STRIPE_API_VERSION`, `STRIPE_LIVEMODE` and `STRIPE_ACCOUNT_ID`.
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
            api_version: settings.required("STRIPE_API_VERSION"),
            livemode: settings.parsed("STRIPE_LIVEMODE", false),
            clock,
            account: settings.parsed("STRIPE_ACCOUNT_ID", AccountId::default()).expected(),
        }
    }

    /// Creates an unconfirmed intent, with the payment method attached if it is known. Without `payment_method_types[]=card`
    /// a later confirmation would require a `return_url`.
    pub(crate) async fn create_intent(
        &self,
        new: &NewIntent<'_>,
        key: &IdempotencyKey,
    ) -> Result<IntentId, ProviderError> {
        let mut form = vec![
            ("amount", charged(new.amount, new.currency)?),
            ("currency", new.currency.as_str().to_ascii_lowercase()),
            ("payment_method_types[]", "card".to_owned()),
            ("metadata[order_id]", new.order.to_string()),
            ("metadata[stack]", new.stack.to_owned()),
        ];
        form.extend(new.payment_method.map(|method| ("payment_method", method.to_owned())));
        let intent: PaymentIntent =
            self.post("/v1/payment_intents", &form, key).await.map_err(|error| match new.payment_method {
                Some(method) => choice::refused_for(method, error),
                None => error,
            })?;
        self.check_livemode(intent.livemode)?;
        intent_id(&intent.id).map_err(ProviderError::Unclear)
    }

    /// Confirms an intent: money moves. Everything it needs was attached when it was created.
    pub(crate) async fn confirm(&self, id: &str, key: &IdempotencyKey) -> Result<IntentState, ProviderError> {
        let intent: PaymentIntent = self.post(&format!("/v1/payment_intents/{id}/confirm"), &[], key).await?;
        state_of(&intent)
    }

    /// Cancels an intent.
    pub(crate) async fn cancel(&self, id: &str, key: &IdempotencyKey) -> Result<IntentState, ProviderError> {
        let intent: PaymentIntent = self.post(&format!("/v1/payment_intents/{id}/cancel"), &[], key).await?;
        state_of(&intent)
    }

    /// Asks for an intent's state.
    pub(crate) async fn state(&self, id: &str) -> Result<IntentState, ProviderError> {
        state_of(&self.intent(id).await?)
    }

    /// Asks for the secret with which the customer's browser confirms the intent or takes the bank's further step; `None` unless the
    /// intent waits for that.
    pub(crate) async fn client_secret(&self, id: &str) -> Result<Option<String>, ProviderError> {
        let intent = self.intent(id).await?;
        let is_waiting = matches!(intent.state(), Ok(IntentState::ActionRequired | IntentState::Unconfirmed));
        Ok(intent.client_secret.filter(|_| is_waiting))
    }

    async fn intent(&self, id: &str) -> Result<PaymentIntent, ProviderError> {
        self.get(&format!("/v1/payment_intents/{id}"), &[]).await
    }

    /// Refunds a part of what an intent took.
    pub(crate) async fn create_refund(
        &self,
        new: &NewRefund<'_>,
        key: &IdempotencyKey,
    ) -> Result<RefundReport, ProviderError> {
        let form = [
            ("payment_intent", new.intent_id.to_owned()),
            ("amount", charged(new.amount, new.currency)?),
            ("metadata[order_id]", new.order.to_string()),
            ("metadata[stack]", new.stack.to_owned()),
            ("metadata[refund_id]", new.refund_id.to_string()),
        ];
        let refund: Refund = self.post("/v1/refunds", &form, key).await?;
        refund.report(new.currency).map_err(ProviderError::InexactAmount)
    }

    /// Asks for all refunds of an intent, every page of them. `currency` is the payment's.
    pub(crate) async fn refunds(
        &self,
        intent_id: &str,
        currency: Currency,
    ) -> Result<Vec<RefundReport>, ProviderError> {
        let mut refunds: Vec<Refund> = Vec::new();
        loop {
            let mut query = vec![("payment_intent", intent_id.to_owned()), ("limit", PAGE.to_owned())];
            query.extend(refunds.last().map(|last| ("starting_after", last.id.clone())));
            let page: RefundPage = self.get("/v1/refunds", &query).await?;
            let ends = !page.has_more || page.data.is_empty();
            refunds.extend(page.data);
            if ends {
                let reports = refunds.iter().map(|refund| refund.report(currency)).collect::<Result<_, _>>();
                return reports.map_err(ProviderError::InexactAmount);
            }
        }
    }

    /// Asks for one page of events that could not be delivered to every endpoint, newest first: of the types that mean
    /// something here, not before `since`, and older than the event `after`.
    pub(super) async fn undelivered(
        &self,
        since: Timestamp,
        after: Option<&str>,
    ) -> Result<EventPage, ProviderError> {
        let mut query = vec![
            ("delivery_success", "false".to_owned()),
            ("created[gte]", since.as_second().to_string()),
            ("limit", PAGE.to_owned()),
        ];
        query.extend(MEANINGFUL.iter().map(|kind| ("types[]", (*kind).to_owned())));
        query.extend(after.map(|after| ("starting_after", after.to_owned())));
        self.get("/v1/events", &query).await
    }

    async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T, ProviderError> {
        let query = encode(query)?;
        let url = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        self.call(Method::Get, &url, Vec::new(), Vec::new()).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        form: &[(&str, String)],
        key: &IdempotencyKey,
    ) -> Result<T, ProviderError> {
        let key = key.as_str();
        if key.len() > LONGEST_KEY {
            return Err(refused(0, "idempotency_key_too_long"));
        }
        let headers = vec![
            ("idempotency-key".to_owned(), key.to_owned()),
            ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
        ];
        self.call(Method::Post, path, headers, encode(form)?.into_bytes()).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    ) -> Result<T, ProviderError> {
        let call = self.prepared(method, path, headers, body);
        let mut attempt = 1;
        loop {
            let outcome = self.send(&call).await?;
            if attempt >= TRIES || !is_worth_repeating(&outcome) {
                return understand(outcome);
            }
            self.clock.sleep(BETWEEN_TRIES.wait(attempt, &RandomJitter)).await;
            attempt += 1;
        }
    }

    /// The call, without its key.
    pub(super) fn prepared(
        &self,
        method: Method,
        path: &str,
        mut headers: Vec<(String, String)>,
        body: Vec<u8>,
    ) -> Call {
        headers.push(("stripe-version".to_owned(), self.api_version.as_str().to_owned()));
        Call { method, url: format!("{}{path}", self.base_url), headers, body, timeout: TIMEOUT }
    }
}

fn state_of(intent: &PaymentIntent) -> Result<IntentState, ProviderError> {
    intent.state().map_err(|error| ProviderError::InexactAmount(error.to_string()))
}

/// An amount as the calls have it. Checkout admits none that has no counterpart at Stripe; an order of an older version may have one.
fn charged(amount: Amount, currency: Currency) -> Result<String, ProviderError> {
    to_stripe(amount, currency).map(|units| units.to_string()).map_err(|_| ProviderError::Refused {
        status: 0,
        code: "amount_not_representable".to_owned(),
        is_customers_choice: true,
    })
}

fn encode(pairs: &[(&str, String)]) -> Result<String, ProviderError> {
    serde_urlencoded::to_string(pairs).map_err(|_| refused(0, "not_encodable"))
}

fn refused(status: u16, code: &str) -> ProviderError {
    ProviderError::Refused { status, code: code.to_owned(), is_customers_choice: false }
}

/// Whether the same call, under the same idempotency key, may succeed. Stripe's own header decides first.
fn is_worth_repeating(outcome: &Result<Answer, CallError>) -> bool {
    match outcome {
        Ok(answer) => match answer.header("stripe-should-retry") {
            Some("true") => true,
            Some("false") => false,
            Some(_) | None => matches!(answer.status, 409 | 424 | 429 | 500..),
        },
        Err(CallError::Connection(_)) => true,
        Err(
            CallError::TimedOut(_) | CallError::CutShort(_) | CallError::Invalid(_) | CallError::Paused(_),
        ) => false,
    }
}

pub(super) fn understand<T: DeserializeOwned>(
    outcome: Result<Answer, CallError>,
) -> Result<T, ProviderError> {
    let answer = outcome.map_err(|error| match error {
        CallError::TimedOut(_) | CallError::CutShort(_) | CallError::Connection(_) => {
            ProviderError::Unclear(error.to_string())
        }
        CallError::Invalid(_) => refused(0, "unsound_call"),
        CallError::Paused(after) => ProviderError::Paused { after },
    })?;
    if (200..300).contains(&answer.status) {
        return json::from_slice(&answer.body).map_err(|error| {
            ProviderError::Unclear(format!("the answer of {} cannot be read: {error}", answer.status))
        });
    }
    let ErrorBody { error: ErrorDetail { kind, code, decline_code, param, message } } =
        serde_json::from_slice(&answer.body).unwrap_or_default();
    let (code, decline_code) = (code.map(|code| bounded(&code)), decline_code.map(|code| bounded(&code)));
    let is_repeated = answer.header("idempotent-replayed") == Some("true");
    match answer.status {
        402 => Err(ProviderError::Declined {
            code: decline_code.or(code).unwrap_or_else(|| "card_declined".to_owned()),
        }),
        // An API key that is wrong or lacks a permission is ours to fix: nothing happened, and the message waits.
        401 | 403 => Err(ProviderError::Unclear(format!(
            "the API key is refused with {}; check the secret",
            answer.status
        ))),
        408 | 409 | 424 | 429 => Err(ProviderError::Unclear(format!("status {}", answer.status))),
        status @ 400..=499 => {
            // A 404 in Stripe's own shape means that an object is missing, unless the path is wrong.
            let is_missing =
                status == 404 && message.is_some_and(|text| !text.starts_with("Unrecognized request URL"));
            let code =
                code.unwrap_or_else(|| if is_missing { "resource_missing" } else { "refused" }.to_owned());
            let is_customers_choice =
                matches!(status, 400 | 404) && choice::is_blamed(kind.as_deref(), &code, param.as_deref());
            Err(ProviderError::Refused { status, code, is_customers_choice })
        }
        status @ 500.. if is_repeated => Err(ProviderError::KeySpent { status }),
        status => Err(ProviderError::Unclear(format!("status {status}"))),
    }
}

#[cfg(test)]
mod tests;
