//! The shapes of Stripe's answers and events, as far as we read them. Fields that another API version or a trimmed object may
//! lack, or may send as `null`, are optional; unknown statuses read as `Other`. Fields that are not read cannot make an object
//! unreadable, whatever they hold. Where API versions differ, both shapes are read.

use super::LONGEST_ID;
use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::fmt;
use std::marker::PhantomData;

/// A `PaymentIntent`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct PaymentIntent {
    pub id: String,
    pub status: IntentStatus,
    /// What was taken, which can be less than what was asked for.
    #[serde(default)]
    pub amount_received: Option<u64>,
    #[serde(default, deserialize_with = "or_default")]
    pub currency: String,
    #[serde(default)]
    pub client_secret: Option<String>,
    #[serde(default)]
    pub last_payment_error: Option<ErrorDetail>,
    #[serde(default)]
    pub livemode: Option<bool>,
    #[serde(default, deserialize_with = "or_default")]
    pub metadata: Metadata,
}

/// The status of an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum IntentStatus {
    #[serde(alias = "requires_source")]
    RequiresPaymentMethod,
    RequiresConfirmation,
    #[serde(alias = "requires_source_action")]
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
    #[serde(deserialize_with = "short_id")]
    pub id: String,
    #[serde(default, deserialize_with = "or_default")]
    pub amount: u64,
    #[serde(default)]
    pub status: Option<RefundStatus>,
    #[serde(default, deserialize_with = "id")]
    pub payment_intent: Option<String>,
    #[serde(default)]
    pub currency: Option<String>,
    #[serde(default)]
    pub failure_reason: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
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

/// The account that a key belongs to.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct OwnAccount {
    pub id: String,
}

/// A page of refunds.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct RefundPage {
    #[serde(default, deserialize_with = "or_default")]
    pub data: Vec<Refund>,
    #[serde(default, deserialize_with = "or_default")]
    pub has_more: bool,
}

/// A page of events, each as its exact bytes. The newest come first.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct EventPage {
    pub data: Vec<Box<RawValue>>,
    #[serde(default, deserialize_with = "or_default")]
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

/// A charge, as far as a report of its refunds needs it. Only API versions before 2022-11-15 list its refunds.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Charge {
    #[serde(default, deserialize_with = "id")]
    pub payment_intent: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub refunds: RefundPage,
    #[serde(default, deserialize_with = "or_default")]
    pub metadata: Metadata,
}

/// A dispute.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Dispute {
    #[serde(deserialize_with = "short_id")]
    pub id: String,
    #[serde(default)]
    pub currency: Option<String>,
    /// The charge, where it is expanded: it names the intent, if the dispute does not.
    #[serde(default, deserialize_with = "intent_of_charge")]
    pub charge: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub evidence_details: EvidenceDetails,
    #[serde(default, deserialize_with = "or_default")]
    pub amount: u64,
    #[serde(default, deserialize_with = "id")]
    pub payment_intent: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub metadata: Metadata,
    pub status: DisputeStatus,
}

/// What the bank wants of the shop.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct EvidenceDetails {
    /// Seconds since 1970.
    #[serde(default)]
    pub due_by: Option<i64>,
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
    /// The charge was refunded, and the bank holds nothing. Old API versions only.
    ChargeRefunded,
    #[serde(other)]
    Other,
}

/// What went wrong.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct ErrorDetail {
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
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

/// An event, without its object.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Event {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub livemode: bool,
    /// The version of its object.
    #[serde(default)]
    pub api_version: Option<String>,
    /// An event has an object, which is read once the type is known.
    #[serde(rename = "data")]
    _data: EventData<IgnoredAny>,
}

/// The object of an event, as it was when the event happened.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct EventObject<T> {
    pub data: EventData<T>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct EventData<T> {
    pub object: T,
}

/// Reads `null` as the default.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// An id that an event of ours holds.
fn short_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let id = String::deserialize(deserializer)?;
    if id.len() > LONGEST_ID {
        return Err(D::Error::custom(format!("an id of more than {LONGEST_ID} bytes")));
    }
    Ok(id)
}

/// Reads a reference to another object: its id, or the object itself, or `null`.
fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_any(Reference(PhantomData::<Identified>))
}

/// Reads the intent that an expanded charge names. The id of a charge names none.
fn intent_of_charge<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_any(Reference(PhantomData::<OfIntent>))
}

/// Which text a reference gives.
trait Gives {
    /// What it gives if it is only an id.
    fn of_id(id: &str) -> Option<String>;
    /// The field that gives it, if it is an object.
    fn of_object<'de, A: MapAccess<'de>>(map: A) -> Result<Option<String>, A::Error>;
}

struct Identified;
struct OfIntent;

impl Gives for Identified {
    fn of_id(id: &str) -> Option<String> {
        Some(id.to_owned())
    }

    fn of_object<'de, A: MapAccess<'de>>(map: A) -> Result<Option<String>, A::Error> {
        #[derive(Deserialize)]
        struct Object {
            #[serde(default)]
            id: Option<String>,
        }
        Ok(Object::deserialize(serde::de::value::MapAccessDeserializer::new(map))?.id)
    }
}

impl Gives for OfIntent {
    fn of_id(_: &str) -> Option<String> {
        None
    }

    fn of_object<'de, A: MapAccess<'de>>(map: A) -> Result<Option<String>, A::Error> {
        #[derive(Deserialize)]
        struct Object {
            #[serde(default, deserialize_with = "id")]
            payment_intent: Option<String>,
        }
        Ok(Object::deserialize(serde::de::value::MapAccessDeserializer::new(map))?.payment_intent)
    }
}

struct Reference<G>(PhantomData<G>);

impl<'de, G: Gives> Visitor<'de> for Reference<G> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id, an object with one, or null")
    }

    fn visit_unit<E>(self) -> Result<Option<String>, E> {
        Ok(None)
    }

    fn visit_str<E>(self, id: &str) -> Result<Option<String>, E> {
        Ok(G::of_id(id))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Option<String>, A::Error> {
        G::of_object(map)
    }
}
