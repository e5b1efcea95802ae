//! EasyPost's shapes on the wire: only the fields that are used, and optional wherever EasyPost may omit them.

use serde::{Deserialize, Serialize};

/// A shipment. Its label is bought once it has a tracking code and a postage label.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct ShipmentObject {
    /// `shp_…`
    pub(super) id: String,
    /// The carriers' prices.
    #[serde(default)]
    pub(super) rates: Option<Vec<RateObject>>,
    pub(super) selected_rate: Option<RateObject>,
    pub(super) tracking_code: Option<String>,
    pub(super) postage_label: Option<PostageLabelObject>,
    pub(super) tracker: Option<TrackerObject>,
    /// `submitted`, `refunded`, `rejected`, `not_applicable`; `None` if no refund was requested.
    pub(super) refund_status: Option<String>,
}

/// A rate: a price of one service.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct RateObject {
    /// `rate_…`
    pub(super) id: String,
    pub(super) carrier: Option<String>,
    pub(super) service: Option<String>,
    /// A decimal number as text, for example `8.20`.
    pub(super) rate: Option<String>,
}

/// Fresh rates of a shipment.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct RatesObject {
    pub(super) rates: Vec<RateObject>,
}

/// A printable label, in the account's format.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct PostageLabelObject {
    #[serde(rename = "label_url")]
    pub(super) image: Option<String>,
    #[serde(rename = "label_pdf_url")]
    pub(super) pdf: Option<String>,
    #[serde(rename = "label_zpl_url")]
    pub(super) zpl: Option<String>,
}

/// A tracker: what the carrier reports on a tracking code.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct TrackerObject {
    pub(super) carrier: Option<String>,
    pub(super) tracking_code: Option<String>,
    pub(super) status: Option<String>,
    pub(super) status_detail: Option<String>,
    pub(super) tracking_details: Option<Vec<TrackingDetailObject>>,
}

/// One scan.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct TrackingDetailObject {
    pub(super) status: Option<String>,
    pub(super) status_detail: Option<String>,
    /// RFC 3339.
    pub(super) datetime: Option<String>,
}

/// The fields of every webhook.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct EventHead {
    /// `evt_…`: the same when the webhook is sent again.
    pub(super) id: String,
    /// For example `tracker.updated`.
    pub(super) description: String,
}

/// A webhook about a tracker.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct TrackerEvent {
    pub(super) result: TrackerObject,
}

/// An error's body.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct ErrorBody {
    pub(super) error: ErrorObject,
}

/// An error. Its message may quote an address, so only its code is read.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct ErrorObject {
    pub(super) code: Option<String>,
}

/// The body that creates a shipment.
#[derive(Debug, Clone, Serialize)]
pub(super) struct CreateShipment<'a> {
    pub(super) shipment: NewShipment<'a>,
}

/// A shipment to be created.
#[derive(Debug, Clone, Serialize)]
pub(super) struct NewShipment<'a> {
    /// The order's id, shown in EasyPost's dashboard.
    pub(super) reference: &'a str,
    pub(super) to_address: NewAddress<'a>,
    pub(super) from_address: NewAddress<'a>,
    pub(super) parcel: NewParcel,
}

/// An address.
#[derive(Debug, Clone, Serialize)]
pub(super) struct NewAddress<'a> {
    pub(super) name: &'a str,
    pub(super) street1: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) street2: Option<&'a str>,
    pub(super) city: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) state: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) zip: Option<&'a str>,
    pub(super) country: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) phone: Option<&'a str>,
}

/// A parcel: inches and ounces, decimal numbers as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct NewParcel {
    pub(super) length: String,
    pub(super) width: String,
    pub(super) height: String,
    pub(super) weight: String,
}

/// The body that buys one of a shipment's rates.
#[derive(Debug, Clone, Serialize)]
pub(super) struct BuyShipment<'a> {
    pub(super) rate: RateRef<'a>,
}

/// A rate, by its id.
#[derive(Debug, Clone, Serialize)]
pub(super) struct RateRef<'a> {
    pub(super) id: &'a str,
}
