//! Carriers and couriers that report by Standard Webhooks.
//!
//! | type | data | meaning |
//! |---|---|---|
//! | `parcel.tracked` | `{"carrier", "tracking_code", "status", "status_detail"?, "occurred_at"?}` | one scan; the statuses are in `status_of` |
//! | `parcel.delivered` | `{"carrier", "tracking_code", "occurred_at"?}` | the same with the status `delivered` |
//!
//! `carrier` and `tracking_code` are those of the parcel's dispatch. A report on a code that is not known yet is
//! parked until it is.

use super::{Parcel, Scan, TrackingReport};
use events::TrackingStatus;
use jiff::Timestamp;
use serde::Deserialize;
use webhooks::Topic;

/// The source of the inbox items.
pub(crate) const SOURCE: &str = Topic::Parcels.source();

#[derive(Deserialize)]
struct Body {
    r#type: String,
    data: Data,
}

/// The data of both types. Other fields are ignored.
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

/// Reads a webhook. `None` for other types. An error names what is wrong, without values.
pub(super) fn report(event_type: &str, body: &[u8]) -> Result<Option<TrackingReport>, String> {
    let delivered = match event_type {
        "parcel.tracked" => None,
        "parcel.delivered" => Some(TrackingStatus::Delivered),
        _ => return Ok(None),
    };
    let Body { r#type, data } =
        json::from_slice(body).map_err(|error| format!("the webhook's data cannot be read: {error}"))?;
    if r#type != event_type {
        return Err("the inbox item and the body have different types".to_owned());
    }
    let status = delivered
        .or_else(|| status_of(data.status.as_deref()?))
        .ok_or("the status is missing or not an accepted word")?;
    let occurred_at = data.occurred_at.map(|at| at.parse::<Timestamp>()).transpose();
    let occurred_at = occurred_at.map_err(|_| "occurred_at is not an RFC 3339 time")?;
    let parcel = Parcel::reported(data.carrier.as_deref(), data.tracking_code.as_deref())
        .ok_or("the webhook names no parcel: a carrier or a tracking code is missing or malformed")?;
    let scan = Scan::reported(status, data.status_detail.as_deref(), occurred_at);
    Ok(Some(TrackingReport { parcel, scans: vec![scan] }))
}

/// The accepted words. A sender maps its own statuses to them, so any other word is an error.
fn status_of(word: &str) -> Option<TrackingStatus> {
    match word {
        "pre_transit" => Some(TrackingStatus::PreTransit),
        "in_transit" => Some(TrackingStatus::InTransit),
        "out_for_delivery" => Some(TrackingStatus::OutForDelivery),
        "available_for_pickup" => Some(TrackingStatus::AvailableForPickup),
        "delivered" => Some(TrackingStatus::Delivered),
        "return_to_sender" => Some(TrackingStatus::ReturnToSender),
        "failure" => Some(TrackingStatus::Failure),
        "unknown" | "cancelled" | "error" => Some(TrackingStatus::Other),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
