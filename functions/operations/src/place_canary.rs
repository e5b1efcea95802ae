//! `place-canary`: orders as a customer does, so that a dead checkout is noticed when no customer orders.
//!
//! - Trigger: a schedule, every ten minutes by default, if the stack has a canary (`CanarySku`).
//! - Effect: signs in at the user pool, orders one piece through the HTTP API, and follows the order to its end. Its payment method is
//!   unknown to the provider, so the order ends as `payment_failed`: nothing is charged, reserved, shipped or mailed. On the way it needs the API
//!   with its authorizer, orders, payments with their key at the provider, the topics, the queues and the streams.
//! - Publishes: nothing. A log line counts the order that ended as it should. The alarm rings when that line is absent, so it also
//!   rings when this function does not run.
//! - Idempotent: the idempotency key is the time in steps of five minutes, so a run that is repeated follows the same order.

use async_trait::async_trait;
use jiff::Timestamp;
use outbound::{Answer, Call, CallError, Method, SecretError, Secrets, Transport};
use resilience::{Clock, Failure};
use runtime::schedule::Task;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// The time of one call.
const CALL: Duration = Duration::from_secs(5);
/// A run takes no longer than this and one call more, so that it says itself what is late. The function has 60 s.
const RUN: Duration = Duration::from_secs(45);
const BETWEEN_READS: Duration = Duration::from_secs(1);
/// Seconds in which runs share an order.
const SLOT: i64 = 300;
/// No payment method of the provider has this id.
const PAYMENT_METHOD: &str = "pm_canary";
/// The status of the order before its payment failed.
const UNDER_WAY: &str = "placed";
const EXPECTED_END: &str = "payment_failed";

/// The step. See the module.
pub struct PlaceCanary {
    /// To the user pool and the API.
    pub transport: Arc<dyn Transport>,
    /// Holds the customer's email and password.
    pub secrets: Arc<dyn Secrets>,
    /// The name of that secret: the email, a colon, the password.
    pub secret: String,
    /// The API's address, without a slash at its end.
    pub api: String,
    /// The user pool's address.
    pub user_pool: String,
    /// The pool's client with which customers sign in.
    pub client_id: String,
    /// The product that is ordered; `None` if the stack has no canary.
    pub sku: Option<String>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Why no canary order ended as it should. The texts hold no address, token or body.
#[derive(Debug, thiserror::Error)]
enum Stopped {
    #[error("the stack has no canary: set CanarySku to an active product")]
    NoCanary,
    #[error(transparent)]
    NoSecret(#[from] SecretError),
    #[error("the secret {0} is not an email and a password with a colon between them")]
    UnreadableSecret(String),
    #[error("{step}: {error}")]
    NotAnswered { step: &'static str, error: CallError },
    #[error("{step}: answered {status}")]
    Refused { step: &'static str, status: u16 },
    #[error("{step}: the answer cannot be read: {error}")]
    Unreadable { step: &'static str, error: json::JsonError },
    #[error("{0} is not sold: set CanarySku to an active product")]
    NotSold(String),
    #[error("the order {order} ended as {status}, not as {EXPECTED_END}")]
    EndedOtherwise { order: String, status: String },
    #[error("the order {order} is still {status} after {} s", RUN.as_secs())]
    NotEnded { order: String, status: String },
}

#[derive(Deserialize)]
struct SignedIn {
    #[serde(rename = "AuthenticationResult")]
    result: Tokens,
}

#[derive(Deserialize)]
struct Tokens {
    #[serde(rename = "AccessToken")]
    access: String,
}

#[derive(Deserialize)]
struct Product {
    currency: String,
    active: bool,
}

#[derive(Deserialize)]
struct Order {
    order_id: String,
    status: String,
}

#[async_trait]
impl Task for PlaceCanary {
    async fn run(&self) -> Result<Value, Failure> {
        let order = self.order().await.map_err(|why| Failure::retry(why.to_string()))?;
        tracing::info!(metric = "CanaryOrders", order.id = order, "the canary order ended as it should");
        Ok(json!({ "order": order }))
    }
}

impl PlaceCanary {
    /// The id of the order that ended as it should.
    async fn order(&self) -> Result<String, Stopped> {
        let until = self.clock.now().saturating_add(RUN).unwrap_or(Timestamp::MAX);
        let sku = self.sku.as_ref().ok_or(Stopped::NoCanary)?;
        let (email, password) = self.credentials().await?;
        let token = self.sign_in(&email, &password).await?;
        let product: Product = self.get("read the product", &token, &format!("/products/{sku}")).await?;
        if !product.active {
            return Err(Stopped::NotSold(sku.clone()));
        }
        let placed = self.place(&token, &email, sku, &product.currency).await?;
        let mut status = placed.status;
        while self.clock.now() < until {
            let page: Order =
                self.get("read the order", &token, &format!("/orders/{}", placed.order_id)).await?;
            status = page.status;
            if status == EXPECTED_END {
                return Ok(placed.order_id);
            }
            if status != UNDER_WAY {
                return Err(Stopped::EndedOtherwise { order: placed.order_id, status });
            }
            self.clock.sleep(BETWEEN_READS).await;
        }
        Err(Stopped::NotEnded { order: placed.order_id, status })
    }

    async fn credentials(&self) -> Result<(String, String), Stopped> {
        let values = self.secrets.current(&self.secret).await?;
        let pair = values.first().and_then(|value| value.expose().split_once(':'));
        let (email, password) = pair.ok_or_else(|| Stopped::UnreadableSecret(self.secret.clone()))?;
        Ok((email.to_owned(), password.trim().to_owned()))
    }

    /// Signs in as the storefront of a shop does.
    /// [Cognito, `InitiateAuth`](https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html)
    async fn sign_in(&self, email: &str, password: &str) -> Result<String, Stopped> {
        let body = json!({
            "AuthFlow": "USER_PASSWORD_AUTH",
            "ClientId": self.client_id,
            "AuthParameters": {"USERNAME": email, "PASSWORD": password},
        });
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", "AWSCognitoIdentityProviderService.InitiateAuth"),
        ];
        let url = format!("{}/", self.user_pool);
        let signed_in: SignedIn = self.call("sign in", Method::Post, url, &headers, Some(&body)).await?;
        Ok(signed_in.result.access)
    }

    async fn place(&self, token: &str, email: &str, sku: &str, currency: &str) -> Result<Order, Stopped> {
        let key = format!("canary-{}", self.clock.now().as_second().div_euclid(SLOT));
        // Nothing is sent to this address: the order is never paid.
        let body = json!({
            "items": [{"sku": sku, "quantity": 1}],
            "currency": currency,
            "payment_method": PAYMENT_METHOD,
            "contact": {"email": email},
            "shipping_address": {"name": "Canary order", "line1": "Not to be shipped", "city": "Nowhere", "country": "CH"},
        });
        let bearer = format!("Bearer {token}");
        let headers =
            [("authorization", &*bearer), ("content-type", "application/json"), ("idempotency-key", &*key)];
        let url = format!("{}/orders", self.api);
        self.call("place the order", Method::Post, url, &headers, Some(&body)).await
    }

    async fn get<T: DeserializeOwned>(
        &self,
        step: &'static str,
        token: &str,
        path: &str,
    ) -> Result<T, Stopped> {
        let bearer = format!("Bearer {token}");
        let url = format!("{}{path}", self.api);
        self.call(step, Method::Get, url, &[("authorization", &bearer)], None).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        step: &'static str,
        method: Method,
        url: String,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<T, Stopped> {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let call = Call { method, url, headers, body, timeout: CALL };
        let answered = self.transport.send(call).await;
        let Answer { status, body, .. } = answered.map_err(|error| Stopped::NotAnswered { step, error })?;
        if !(200..300).contains(&status) {
            return Err(Stopped::Refused { step, status });
        }
        json::from_slice(&body).map_err(|error| Stopped::Unreadable { step, error })
    }
}

#[cfg(test)]
mod tests;
