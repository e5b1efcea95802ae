//! The part of EasyPost's API that is used: one call a method, no retries. After an unclear answer the caller reads the
//! shipment to learn whether the call had an effect.

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

/// For a read: EasyPost answers from its own data.
const READ_TIMEOUT: Duration = Duration::from_secs(3);
/// For prices: EasyPost asks every carrier.
const RATES_TIMEOUT: Duration = Duration::from_secs(6);
/// For a change at a carrier. All three calls, one after the other, fit into the function's 20 seconds.
const CHANGE_TIMEOUT: Duration = Duration::from_secs(8);

/// Refusals that leave open whether a label is bought: the carrier did not answer EasyPost, or another process's
/// purchase is done or under way.
const UNCLEAR: [&str; 4] = [
    "SHIPMENT.POSTAGE.EXISTS",
    "SHIPMENT.PURCHASE.IN_PROGRESS",
    "SHIPMENT.POSTAGE.TIMED_OUT",
    "SHIPMENT.POSTAGE.NO_RESPONSE",
];

/// Why a call to EasyPost has no usable answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum EasyPostError {
    /// The effect is unknown: read the shipment later.
    #[error("EasyPost gave no clear answer: {reason}")]
    Unclear {
        /// What is unclear.
        reason: String,
        /// When to retry, if EasyPost said so.
        after: Option<Duration>,
    },
    /// EasyPost is down and was not called, so the call had no effect.
    #[error("EasyPost is down, and is called again in {} s", after.as_secs())]
    Paused {
        /// When to retry.
        after: Duration,
    },
    /// The call had no effect. The operator has to fix the account, the key or the base URL.
    #[error(
        "EasyPost does not admit us (status {status}, {code}); check the API key, the account and its balance"
    )]
    NotAdmitted {
        /// HTTP status.
        status: u16,
        /// EasyPost's code.
        code: String,
    },
    /// The call had no effect, and the same call would be refused again.
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
            CallError::TimedOut(_)
            | CallError::CutShort(_)
            | CallError::Connection(_)
            | CallError::Invalid(_) => unclear(error),
        }
    }
}

impl From<SecretError> for EasyPostError {
    fn from(error: SecretError) -> Self {
        Self::Unclear { reason: error.to_string(), after: None }
    }
}

/// The longest id of a shipment that is kept.
const LONGEST_ID: usize = 100;

/// A client of EasyPost's API.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) transport: Arc<dyn Transport>,
    /// Hold the API key.
    pub(super) secrets: Arc<dyn Secrets>,
    /// The name of the API key's secret.
    pub(super) api_key: String,
    /// The API's base URL without a slash at its end, for example `https://api.easypost.com`.
    pub(super) base: String,
}

impl Client {
    /// Creates a shipment, which is free.
    pub(super) async fn create(&self, shipment: NewShipment<'_>) -> Result<ShipmentObject, EasyPostError> {
        let created: ShipmentObject = self.post("/v2/shipments", &CreateShipment { shipment }).await?;
        // The id becomes part of an event and of the paths of later calls.
        if !(1..=LONGEST_ID).contains(&created.id.len())
            || !created.id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        {
            return Err(unclear("the new shipment's id is malformed"));
        }
        Ok(created)
    }

    /// Reads a shipment.
    pub(super) async fn retrieve(&self, id: &str) -> Result<ShipmentObject, EasyPostError> {
        self.send(Method::Get, &format!("/v2/shipments/{id}"), Vec::new(), READ_TIMEOUT).await
    }

    /// Fetches fresh rates. Old ones cannot be bought.
    pub(super) async fn rerate(&self, id: &str) -> Result<Vec<RateObject>, EasyPostError> {
        let fresh: RatesObject =
            self.send(Method::Post, &format!("/v2/shipments/{id}/rerate"), Vec::new(), RATES_TIMEOUT).await?;
        Ok(fresh.rates)
    }

    /// Buys the label. EasyPost refuses a second purchase of one shipment.
    pub(super) async fn buy(&self, id: &str, rate: &str) -> Result<ShipmentObject, EasyPostError> {
        self.post(&format!("/v2/shipments/{id}/buy"), &BuyShipment { rate: RateRef { id: rate } }).await
    }

    /// Requests the refund of the label.
    pub(super) async fn refund(&self, id: &str) -> Result<ShipmentObject, EasyPostError> {
        self.send(Method::Post, &format!("/v2/shipments/{id}/refund"), Vec::new(), CHANGE_TIMEOUT).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl serde::Serialize + Sync),
    ) -> Result<T, EasyPostError> {
        // Serializing our own structs cannot fail.
        self.send(Method::Post, path, serde_json::to_vec(body).unwrap_or_default(), CHANGE_TIMEOUT).await
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
        return json::from_slice(&answer.body)
            .map_err(|error| unclear(format!("its answer cannot be read: {error}")));
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

/// The error's code, reduced to the characters of a code because it goes into events and logs.
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
