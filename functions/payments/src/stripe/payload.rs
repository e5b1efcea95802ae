//! What Stripe answers and sends, as far as it is read here. Fields that an older version, a newer one or a trimmed
//! object lacks are optional; statuses that are not known read as `Other`.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// A `PaymentIntent`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PaymentIntent {
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
    pub last_payment_error: Option<ProviderError>,
    #[serde(default)]
    pub metadata: Metadata,
}

/// Where an intent stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IntentStatus {
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

/// What we told Stripe about an object. All texts; an object made elsewhere has none of them.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Metadata {
    #[serde(default)]
    pub order_id: Option<String>,
    #[serde(default)]
    pub stack: Option<String>,
    #[serde(default)]
    pub refund_id: Option<String>,
}

/// A refund.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Refund {
    pub id: String,
    #[serde(default)]
    pub amount: u64,
    #[serde(default)]
    pub status: Option<RefundStatus>,
    #[serde(default)]
    pub payment_intent: Option<String>,
    #[serde(default)]
    pub failure_reason: Option<String>,
    #[serde(default)]
    pub metadata: Metadata,
}

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefundStatus {
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
pub(crate) struct RefundPage {
    pub data: Vec<Refund>,
    #[serde(default)]
    pub has_more: bool,
}

/// A page of events, each in its own spelling. (Stripe's newest come first.)
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct EventPage {
    pub data: Vec<Box<RawValue>>,
    #[serde(default)]
    pub has_more: bool,
}

impl EventPage {
    /// The id of its last event, where the next page begins.
    pub(crate) fn last_id(&self) -> Option<String> {
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
pub(crate) struct Dispute {
    pub id: String,
    #[serde(default)]
    pub amount: u64,
    #[serde(default)]
    pub payment_intent: Option<String>,
    pub status: DisputeStatus,
}

/// Where a dispute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DisputeStatus {
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

/// What Stripe says went wrong.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct ProviderError {
    #[serde(default)]
    pub code: Option<String>,
    #[serde(default)]
    pub decline_code: Option<String>,
    #[serde(default)]
    pub param: Option<String>,
    /// For a person; it is looked at, and never told on.
    #[serde(default)]
    pub message: Option<String>,
}

/// The body of an error.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct ErrorBody {
    #[serde(default)]
    pub error: ProviderError,
}

/// A webhook's envelope.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Event {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub livemode: bool,
    pub data: EventData,
}

/// What a webhook is about.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct EventData {
    pub object: Value,
}
