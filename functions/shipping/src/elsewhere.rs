//! What carriers tell that are not EasyPost, by Standard Webhooks.
//!
//! | type | data | means |
//! |---|---|---|
//! | `parcel.tracked` | `{"carrier", "tracking_code", "status", "status_detail"?, "occurred_at"?}` | one scan, in EasyPost's words: `pre_transit`, `in_transit`, `out_for_delivery`, `available_for_pickup`, `delivered`, `return_to_sender`, `failure` |
//! | `parcel.delivered` | `{"carrier", "tracking_code", "occurred_at"?}` | the same with the status `delivered` |
//!
//! A parcel is named as its dispatch named it. One whose code nobody knows yet is parked until it is known.

use crate::Tracked;
use crate::easypost::{TrackerObject, TrackingDetailObject, tracked};
use jiff::Timestamp;
use serde::Deserialize;
use webhooks::Topic;

/// The source of the inbox's items.
pub(crate) const SOURCE: &str = Topic::Parcels.source();

/// What a status may be: EasyPost's words. EasyPost itself may add some; who maps their own to these may not.
const WORDS: [&str; 10] = [
    "unknown",
    "pre_transit",
    "in_transit",
    "out_for_delivery",
    "available_for_pickup",
    "delivered",
    "return_to_sender",
    "failure",
    "cancelled",
    "error",
];

#[derive(Deserialize)]
struct Body {
    r#type: String,
    data: Data,
}

/// What both types have; texts of no use here are not read.
#[derive(Deserialize)]
struct Data {
    #[serde(default)]
    carrier: Option<String>,
    #[serde(default)]
    tracking_code: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    status_detail: Option<String>,
    #[serde(default)]
    occurred_at: Option<String>,
}

/// What a webhook tells of a parcel; `None` for other types. An error names what is wrong, without values.
pub(crate) fn told(event_type: &str, body: &[u8]) -> Result<Option<Tracked>, String> {
    let delivered = match event_type {
        "parcel.tracked" => None,
        "parcel.delivered" => Some("delivered".to_owned()),
        _ => return Ok(None),
    };
    let Body { r#type, data } = serde_json::from_slice(body)
        .map_err(|error| format!("the webhook's data are not of their shape: {:?}", error.classify()))?;
    if r#type != event_type {
        return Err("the inbox and the body name different types".to_owned());
    }
    let status = delivered.or(data.status);
    if !status.as_deref().is_some_and(|status| WORDS.contains(&status)) {
        return Err("the webhook tells no status, or none of EasyPost's words".to_owned());
    }
    if data.occurred_at.as_ref().is_some_and(|at| at.parse::<Timestamp>().is_err()) {
        return Err("occurred_at is no time as RFC 3339 has it".to_owned());
    }
    let scan = TrackingDetailObject { status, status_detail: data.status_detail, datetime: data.occurred_at };
    let tracker = TrackerObject {
        carrier: data.carrier,
        tracking_code: data.tracking_code,
        status: None,
        status_detail: None,
        tracking_details: Some(vec![scan]),
    };
    tracked(&tracker).map(Some).ok_or_else(|| "the webhook names no carrier or no tracking code".to_owned())
}

#[cfg(test)]
mod tests;
