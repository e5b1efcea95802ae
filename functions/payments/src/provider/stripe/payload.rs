//! The shapes of Stripe's answers and events, as far as we read them. Fields that another API version or a trimmed object may
//! lack are optional; unknown statuses read as `Other`.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// A `PaymentIntent`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct PaymentIntent {
    pub id: String,
    pub status: IntentStatus,
    #[serde(default)]
    pub amount: u64,
    #[serde(default)]
    pub amount_received: Option<u64>,
    #[serde(default)]
    pub currency: String,
    #[serde(default)]
    pub client_secret: Option<String>,
    #[serde(default)]
    pub last_payment_error: Option<ErrorDetail>,
    #[serde(default)]
    pub metadata: Metadata,
}

/// The status of an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum IntentStatus {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction,
    RequiresCapture,
    Processing,
    Succeeded,
    Canceled,
    #[serde(other)]
    Other,
}

/// What we attached to an object when we created it. An object created outside of Conveyor has none of it.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Metadata {
    #[serde(default)]
    pub order_id: Option<String>,
    #[serde(default)]
    pub stack: Option<String>,
    #[serde(default)]
    pub refund_id: Option<String>,
}

/// A refund.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Refund {
    pub id: String,
    #[serde(default)]
    pub amount: u64,
    #[serde(default)]
    pub status: Option<RefundStatus>,
    #[serde(default)]
    pub payment_intent: Option<String>,
    #[serde(default)]
    pub currency: Option<String>,
    #[serde(default)]
    pub failure_reason: Option<String>,
    #[serde(default)]
    pub metadata: Metadata,
}

/// The status of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RefundStatus {
    Pending,
    RequiresAction,
    Succeeded,
    Failed,
    Canceled,
    #[serde(other)]
    Other,
}

/// A page of refunds.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct RefundPage {
    pub data: Vec<Refund>,
    #[serde(default)]
    pub has_more: bool,
}

/// A page of events, each as its exact bytes. The newest come first.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct EventPage {
    pub data: Vec<Box<RawValue>>,
    #[serde(default)]
    pub has_more: bool,
}

impl EventPage {
    /// The id of its last event: the next page begins after it.
    pub(super) fn last_id(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Id {
            id: String,
        }
        let last: Id = serde_json::from_str(self.data.last()?.get()).ok()?;
        Some(last.id)
    }
}

/// A dispute.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Dispute {
    pub id: String,
    #[serde(default)]
    pub amount: u64,
    #[serde(default)]
    pub currency: Option<String>,
    #[serde(default)]
    pub payment_intent: Option<String>,
    pub status: DisputeStatus,
}

/// The status of a dispute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DisputeStatus {
    WarningNeedsResponse,
    WarningUnderReview,
    WarningClosed,
    NeedsResponse,
    UnderReview,
    Won,
    Lost,
    #[serde(other)]
    Other,
}

/// What went wrong.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct ErrorDetail {
    #[serde(default)]
    pub code: Option<String>,
    #[serde(default)]
    pub decline_code: Option<String>,
    #[serde(default)]
    pub param: Option<String>,
    /// For a person. It is read here, and never logged or stored.
    #[serde(default)]
    pub message: Option<String>,
}

/// The body of an error.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct ErrorBody {
    #[serde(default)]
    pub error: ErrorDetail,
}

/// An event.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Event {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub livemode: bool,
    pub data: EventData,
}

/// The event's object, as it was when the event happened.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct EventData {
    pub object: Value,
}
