//! EasyPost's shapes, as they are on the wire: only what is used, and nothing that may be missing is asked for.

use serde::{Deserialize, Serialize};

/// A shipment. Its label is bought once it has a tracking code and a postage label.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ShipmentObject {
    /// `shp_…`
    pub(crate) id: String,
    /// What carriers would take.
    #[serde(default)]
    pub(crate) rates: Option<Vec<RateObject>>,
    pub(crate) selected_rate: Option<RateObject>,
    pub(crate) tracking_code: Option<String>,
    pub(crate) postage_label: Option<PostageLabelObject>,
    pub(crate) tracker: Option<TrackerObject>,
    /// `submitted`, `refunded`, `rejected`, `not_applicable`; none where no refund was asked for.
    pub(crate) refund_status: Option<String>,
}

/// A rate: a price of one service.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct RateObject {
    /// `rate_…`
    pub(crate) id: String,
    pub(crate) carrier: Option<String>,
    pub(crate) service: Option<String>,
    /// A decimal number as text, for example `8.20`.
    pub(crate) rate: Option<String>,
}

/// The rates of a shipment, asked for anew.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct RatesObject {
    pub(crate) rates: Vec<RateObject>,
}

/// A printable label, in whichever format the account asks for.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PostageLabelObject {
    #[serde(rename = "label_url")]
    pub(crate) image: Option<String>,
    #[serde(rename = "label_pdf_url")]
    pub(crate) pdf: Option<String>,
    #[serde(rename = "label_zpl_url")]
    pub(crate) zpl: Option<String>,
}

/// A tracker: what the carrier said of a code.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct TrackerObject {
    pub(crate) carrier: Option<String>,
    pub(crate) tracking_code: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) status_detail: Option<String>,
    pub(crate) tracking_details: Option<Vec<TrackingDetailObject>>,
}

/// One scan.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct TrackingDetailObject {
    pub(crate) status: Option<String>,
    pub(crate) status_detail: Option<String>,
    /// RFC 3339.
    pub(crate) datetime: Option<String>,
}

/// What every webhook has, whatever it speaks of.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct EventHead {
    /// `evt_…`: the same for every repeat.
    pub(crate) id: String,
    /// For example `tracker.updated`.
    pub(crate) description: String,
}

/// A webhook that speaks of a tracker.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct TrackerEvent {
    pub(crate) result: TrackerObject,
}

/// An error's body.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ErrorBody {
    pub(crate) error: ErrorObject,
}

/// An error. Its message may quote an address, so only its code is read.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ErrorObject {
    pub(crate) code: Option<String>,
}

/// Asks for a shipment.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CreateShipment<'a> {
    pub(crate) shipment: NewShipment<'a>,
}

/// A shipment to be created.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NewShipment<'a> {
    /// The order, for a person who looks at the carrier's dashboard.
    pub(crate) reference: &'a str,
    pub(crate) to_address: NewAddress<'a>,
    pub(crate) from_address: NewAddress<'a>,
    pub(crate) parcel: NewParcel,
}

/// An address.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NewAddress<'a> {
    pub(crate) name: &'a str,
    pub(crate) street1: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) street2: Option<&'a str>,
    pub(crate) city: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) zip: Option<&'a str>,
    pub(crate) country: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) phone: Option<&'a str>,
}

/// A parcel: inches and ounces, decimal numbers as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct NewParcel {
    pub(crate) length: String,
    pub(crate) width: String,
    pub(crate) height: String,
    pub(crate) weight: String,
}

/// Buys one of a shipment's rates.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct BuyShipment<'a> {
    pub(crate) rate: RateRef<'a>,
}

/// A rate, by its id.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RateRef<'a> {
    pub(crate) id: &'a str,
}
