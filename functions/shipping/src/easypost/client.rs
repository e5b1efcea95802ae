//! EasyPost's API, as much of it as is used: one call each, no retries. Who calls settles what is unclear by
//! asking for the shipment.

use super::payload::{
    BuyShipment, CreateShipment, ErrorBody, NewShipment, RateObject, RateRef, RatesObject, ShipmentObject,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use outbound::{Answer, Call, CallError, Method, Secret, SecretError, Secrets, Transport, send_with_key};
use resilience::Failure;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;

/// EasyPost answers from its own memory.
const ASKING: Duration = Duration::from_secs(3);
/// It asks every carrier for a price.
const RATING: Duration = Duration::from_secs(6);
/// A carrier has to do something. All three, one after the other, fit into a function's 20 seconds.
const DOING: Duration = Duration::from_secs(8);

/// Refusals that do not say whether anything was done: the carrier did not answer EasyPost, or somebody else's
/// purchase is there or under way.
const UNCLEAR: [&str; 4] = [
    "SHIPMENT.POSTAGE.EXISTS",
    "SHIPMENT.PURCHASE.IN_PROGRESS",
    "SHIPMENT.POSTAGE.TIMED_OUT",
    "SHIPMENT.POSTAGE.NO_RESPONSE",
];

/// Why EasyPost did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EasyPostError {
    /// Nothing is known about the effect: ask for the shipment, later.
    #[error("EasyPost gave no clear answer: {reason}")]
    Unclear {
        /// What came, or did not.
        reason: String,
        /// When to come back, if it said so.
        after: Option<Duration>,
    },
    /// EasyPost is out and was not called: nothing was done, and there is nothing to ask.
    #[error("EasyPost is out, and is called again in {} s", after.as_secs())]
    Paused {
        /// When it is worth coming back.
        after: Duration,
    },
    /// Nothing was done, and nothing will be until somebody mends the account, the key or the base URL.
    #[error(
        "EasyPost does not admit us (status {status}, {code}); look at the API key, the account and its balance"
    )]
    NotAdmitted {
        /// HTTP status.
        status: u16,
        /// EasyPost's code.
        code: String,
    },
    /// Nothing was done, and the same call would be refused again.
    #[error("EasyPost refused: {code}")]
    Refused {
        /// EasyPost's code, for example `ADDRESS.VERIFY.FAILURE`.
        code: String,
    },
}

impl From<EasyPostError> for Failure {
    fn from(error: EasyPostError) -> Self {
        match error {
            EasyPostError::Unclear { after: Some(after), .. } | EasyPostError::Paused { after } => {
                Self::retry_after(error, after)
            }
            EasyPostError::Unclear { after: None, .. } | EasyPostError::NotAdmitted { .. } => {
                Self::retry(error)
            }
            EasyPostError::Refused { .. } => Self::reject(error),
        }
    }
}

impl From<CallError> for EasyPostError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Paused(after) => Self::Paused { after },
            CallError::TimedOut(_) | CallError::Connection(_) | CallError::Unsound(_) => unclear(error),
        }
    }
}

impl From<SecretError> for EasyPostError {
    fn from(error: SecretError) -> Self {
        Self::Unclear { reason: error.to_string(), after: None }
    }
}

/// A client of EasyPost's API.
#[derive(Clone)]
pub struct EasyPost {
    /// Sends.
    pub transport: Arc<dyn Transport>,
    /// Where the API key is.
    pub secrets: Arc<dyn Secrets>,
    /// The key's name there.
    pub api_key: String,
    /// The API's base URL without a slash at its end, for example `https://api.easypost.com`.
    pub base: String,
}

impl EasyPost {
    /// What its breaker, and the alarm on it, call it.
    pub const NAME: &str = "easypost";

    /// Creates a shipment. Free, so one that is forgotten costs nothing.
    pub(crate) async fn create(&self, shipment: NewShipment<'_>) -> Result<ShipmentObject, EasyPostError> {
        let created: ShipmentObject = self.post("/v2/shipments", &CreateShipment { shipment }).await?;
        // The id becomes part of later paths.
        if created.id.is_empty() || !created.id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(unclear("the new shipment's id is not of its shape"));
        }
        Ok(created)
    }

    /// The shipment as it is now.
    pub(crate) async fn retrieve(&self, id: &str) -> Result<ShipmentObject, EasyPostError> {
        self.send(Method::Get, &format!("/v2/shipments/{id}"), Vec::new(), ASKING).await
    }

    /// Fresh rates. Old ones cannot be bought.
    pub(crate) async fn rerate(&self, id: &str) -> Result<Vec<RateObject>, EasyPostError> {
        let fresh: RatesObject =
            self.send(Method::Post, &format!("/v2/shipments/{id}/rerate"), Vec::new(), RATING).await?;
        Ok(fresh.rates)
    }

    /// Buys the label. EasyPost refuses a second purchase of one shipment.
    pub(crate) async fn buy(&self, id: &str, rate: &str) -> Result<ShipmentObject, EasyPostError> {
        self.post(&format!("/v2/shipments/{id}/buy"), &BuyShipment { rate: RateRef { id: rate } }).await
    }

    /// Gives the label back.
    pub(crate) async fn refund(&self, id: &str) -> Result<ShipmentObject, EasyPostError> {
        self.send(Method::Post, &format!("/v2/shipments/{id}/refund"), Vec::new(), DOING).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl serde::Serialize + Sync),
    ) -> Result<T, EasyPostError> {
        // Our own structs hold nothing that JSON cannot.
        self.send(Method::Post, path, serde_json::to_vec(body).unwrap_or_default(), DOING).await
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
        timeout: Duration,
    ) -> Result<T, EasyPostError> {
        let headers = [("content-type", "application/json"), ("accept", "application/json")];
        let call = Call {
            method,
            url: format!("{}{path}", self.base),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            body,
            timeout,
        };
        let basic = |key: &Secret| format!("Basic {}", STANDARD.encode(format!("{}:", key.expose())));
        let sent = send_with_key(&*self.transport, &*self.secrets, &self.api_key, &call, basic).await?;
        read(&sent?)
    }
}

fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, EasyPostError> {
    if (200..300).contains(&answer.status) {
        return serde_json::from_slice(&answer.body)
            .map_err(|error| unclear(format!("its answer has another shape: {:?}", error.classify())));
    }
    let status = answer.status;
    let code = code_of(answer);
    Err(match status {
        408 | 409 | 425 | 429 | 500.. => EasyPostError::Unclear {
            reason: format!("status {status}, {code}"),
            after: answer.header("retry-after").and_then(|text| text.parse().ok()).map(Duration::from_secs),
        },
        400 | 405.. if UNCLEAR.contains(&code.as_str()) => unclear(code),
        400 | 406.. => EasyPostError::Refused { code },
        _ => EasyPostError::NotAdmitted { status, code },
    })
}

/// The error's code, reduced to what a code is made of: it goes into events and logs.
fn code_of(answer: &Answer) -> String {
    let body: Option<ErrorBody> = serde_json::from_slice(&answer.body).ok();
    let code = body.and_then(|body| body.error.code).unwrap_or_else(|| format!("HTTP_{}", answer.status));
    code.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_')).take(64).collect()
}

fn unclear(reason: impl std::fmt::Display) -> EasyPostError {
    EasyPostError::Unclear { reason: reason.to_string(), after: None }
}

#[cfg(test)]
mod tests;
