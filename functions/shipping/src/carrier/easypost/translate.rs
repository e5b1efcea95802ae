//! Translates EasyPost's answers and webhooks into the types of [`crate::carrier`].

use super::payload::{RateObject, ShipmentObject, TrackerEvent, TrackerObject};
use crate::carrier::{Parcel, Scan, TrackingReport};
use events::{LabelPurchased, TrackingStatus};
use jiff::Timestamp;

/// How many scans of one webhook are read, the newest first. Carriers scan a parcel a few dozen times.
const MOST_SCANS: usize = 100;

/// The state of a label's refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refund {
    /// No refund was requested.
    NotRequested,
    /// The refund was rejected. EasyPost allows another request.
    Rejected,
    /// The carrier takes the label back. It may take weeks to confirm (`submitted`), or charge a label only when
    /// it is scanned (`not_applicable`), so that an unused one costs nothing. A scan would raise an alarm.
    Accepted,
}

/// The longest URL of a label that is kept.
const LONGEST_URL: usize = 2000;

/// The label of a shipment, if it is bought. `None` also if a text of it is longer than its bound.
pub(super) fn label(shipment: &ShipmentObject) -> Option<LabelPurchased> {
    let url = shipment
        .postage_label
        .as_ref()
        .and_then(|label| label.image.clone().or_else(|| label.pdf.clone()).or_else(|| label.zpl.clone()))
        .filter(|url| url.len() <= LONGEST_URL)?;
    // Webhooks carry the tracker's name of the carrier.
    let carrier = shipment
        .tracker
        .as_ref()
        .and_then(|tracker| tracker.carrier.as_deref())
        .or_else(|| shipment.selected_rate.as_ref().and_then(|rate| rate.carrier.as_deref()));
    let Parcel { carrier, tracking_code } = Parcel::reported(carrier, shipment.tracking_code.as_deref())?;
    Some(LabelPurchased { carrier, tracking_code, label_url: url })
}

/// The lowest rate of the service, or of all services.
pub(super) fn lowest<'a>(rates: &'a [RateObject], service: Option<&str>) -> Option<&'a RateObject> {
    let wanted = |rate: &RateObject| service.is_none_or(|service| rate.service.as_deref() == Some(service));
    let priced = rates.iter().filter(|rate| wanted(rate)).filter_map(|rate| Some((price(rate)?, rate)));
    priced.min_by_key(|(price, _)| *price).map(|(_, rate)| rate)
}

/// The price in hundred-thousandths, EasyPost's smallest unit.
fn price(rate: &RateObject) -> Option<u64> {
    let text = rate.rate.as_deref()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction: String = fraction.chars().chain(std::iter::repeat('0')).take(5).collect();
    whole.parse::<u64>().ok()?.checked_mul(100_000)?.checked_add(fraction.parse().ok()?)
}

/// Reads `refund_status`.
pub(super) fn refund(shipment: &ShipmentObject) -> Refund {
    match shipment.refund_status.as_deref() {
        Some("submitted" | "refunded" | "not_applicable") => Refund::Accepted,
        Some("rejected") => Refund::Rejected,
        _ => Refund::NotRequested,
    }
}

/// Reads a webhook. `None` if it is not about a tracker. An error names what is wrong, without values.
pub(in crate::carrier) fn report(event_type: &str, body: &[u8]) -> Result<Option<TrackingReport>, String> {
    if !event_type.starts_with("tracker.") {
        return Ok(None);
    }
    let event: TrackerEvent =
        json::from_slice(body).map_err(|error| format!("the webhook's tracker cannot be read: {error}"))?;
    tracking_report(event.result).map(Some).ok_or_else(|| {
        "the tracker names no parcel: a carrier or a tracking code is missing or malformed".to_owned()
    })
}

/// A tracker's report. `None` if the tracker does not name its parcel.
fn tracking_report(tracker: TrackerObject) -> Option<TrackingReport> {
    let parcel = Parcel::reported(tracker.carrier.as_deref(), tracker.tracking_code.as_deref())?;
    let mut scans: Vec<Scan> = Vec::new();
    for detail in tracker.tracking_details.into_iter().flatten() {
        let occurred_at = detail.datetime.and_then(|time| time.parse::<Timestamp>().ok());
        let scan = scan(detail.status.as_deref(), detail.status_detail.as_deref(), occurred_at);
        if !scans.contains(&scan) {
            scans.push(scan);
        }
    }
    scans.sort_by_key(|scan| scan.occurred_at);
    // Some carriers' trackers have a status that none of their scans has.
    let current = scan(tracker.status.as_deref(), tracker.status_detail.as_deref(), None);
    if current.status != TrackingStatus::Other && scans.iter().all(|scan| scan.status != current.status) {
        scans.push(current);
    }
    let old = scans.len().saturating_sub(MOST_SCANS);
    scans.drain(..old);
    Some(TrackingReport { parcel, scans })
}

fn scan(status: Option<&str>, detail: Option<&str>, occurred_at: Option<Timestamp>) -> Scan {
    let status = match status.unwrap_or_default() {
        "pre_transit" => TrackingStatus::PreTransit,
        "in_transit" => TrackingStatus::InTransit,
        "out_for_delivery" => TrackingStatus::OutForDelivery,
        "available_for_pickup" => TrackingStatus::AvailableForPickup,
        "delivered" => TrackingStatus::Delivered,
        "return_to_sender" => TrackingStatus::ReturnToSender,
        "failure" => TrackingStatus::Failure,
        // `unknown`, `cancelled` (of a label), `error`, and what EasyPost may add.
        _ => TrackingStatus::Other,
    };
    Scan::reported(status, detail, occurred_at)
}

#[cfg(test)]
mod tests;
