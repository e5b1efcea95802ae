//! What EasyPost's answers and webhooks mean here.

use super::payload::{RateObject, ShipmentObject, TrackerObject};
use crate::{Parcel, Scan, Tracked};
use events::{LabelPurchased, TrackingStatus};
use jiff::Timestamp;

/// The newest scans that are read of one webhook. Carriers scan a parcel a few dozen times.
const MOST_SCANS: usize = 100;

/// What a shipment's `refund_status` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refunded {
    /// No refund was asked for, or it was rejected: EasyPost lets a rejected one be asked for again.
    Open {
        /// It was asked for and rejected.
        rejected: bool,
    },
    /// The carrier takes the label back. It may take weeks to say so (`submitted`), or charge labels only when
    /// they are scanned (`not_applicable`), so that an unused one costs nothing. A scan would raise an alarm.
    Accepted,
}

/// The label of a shipment, if it is bought.
pub(crate) fn label(shipment: &ShipmentObject) -> Option<LabelPurchased> {
    let url = shipment
        .postage_label
        .as_ref()
        .and_then(|label| label.image.clone().or_else(|| label.pdf.clone()).or_else(|| label.zpl.clone()))?;
    // The tracker's name of the carrier is the one that webhooks come with.
    let carrier = shipment
        .tracker
        .as_ref()
        .and_then(|tracker| tracker.carrier.clone())
        .or_else(|| shipment.selected_rate.as_ref().and_then(|rate| rate.carrier.clone()))?;
    let tracking_code = shipment.tracking_code.clone().filter(|code| !code.is_empty())?;
    Some(LabelPurchased { carrier, tracking_code, label_url: url })
}

/// The lowest rate of the service that is set, or of all.
pub(crate) fn lowest<'a>(rates: &'a [RateObject], service: Option<&str>) -> Option<&'a RateObject> {
    let wanted = |rate: &RateObject| service.is_none_or(|service| rate.service.as_deref() == Some(service));
    let priced = rates.iter().filter(|rate| wanted(rate)).filter_map(|rate| Some((price(rate)?, rate)));
    priced.min_by_key(|(price, _)| *price).map(|(_, rate)| rate)
}

/// The price in hundred-thousandths, EasyPost's finest.
fn price(rate: &RateObject) -> Option<u64> {
    let text = rate.rate.as_deref()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction: String = fraction.chars().chain(std::iter::repeat('0')).take(5).collect();
    whole.parse::<u64>().ok()?.checked_mul(100_000)?.checked_add(fraction.parse().ok()?)
}

/// Where a label's refund stands.
pub(crate) fn refunded(shipment: &ShipmentObject) -> Refunded {
    match shipment.refund_status.as_deref() {
        Some("submitted" | "refunded" | "not_applicable") => Refunded::Accepted,
        status => Refunded::Open { rejected: status == Some("rejected") },
    }
}

/// What a tracker says; `None` where it does not name its parcel.
pub(crate) fn tracked(tracker: &TrackerObject) -> Option<Tracked> {
    let parcel = Parcel {
        carrier: tracker
            .carrier
            .clone()
            .filter(|carrier| carrier.bytes().any(|b| b.is_ascii_alphanumeric()))?,
        tracking_code: tracker.tracking_code.clone().filter(|code| (1..=128).contains(&code.len()))?,
    };
    let mut scans: Vec<Scan> = Vec::new();
    for detail in tracker.tracking_details.iter().flatten() {
        let occurred_at = detail.datetime.as_deref().and_then(|time| time.parse::<Timestamp>().ok());
        let scan = scan(detail.status.as_deref(), detail.status_detail.as_deref(), occurred_at);
        if !scans.contains(&scan) {
            scans.push(scan);
        }
    }
    scans.sort_by_key(|scan| scan.occurred_at);
    // Some carriers' trackers name a status that none of their scans has.
    let now = scan(tracker.status.as_deref(), tracker.status_detail.as_deref(), None);
    if now.status != TrackingStatus::Other && scans.iter().all(|scan| scan.status != now.status) {
        scans.push(now);
    }
    let old = scans.len().saturating_sub(MOST_SCANS);
    scans.drain(..old);
    Some(Tracked { parcel, scans })
}

fn scan(status: Option<&str>, detail: Option<&str>, occurred_at: Option<Timestamp>) -> Scan {
    let is_word =
        |text: &&str| text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let status_detail = detail.filter(is_word).filter(|text| !text.is_empty() && *text != "unknown");
    Scan { status: status_of(status), status_detail: status_detail.map(str::to_owned), occurred_at }
}

fn status_of(status: Option<&str>) -> TrackingStatus {
    match status.unwrap_or_default() {
        "pre_transit" => TrackingStatus::PreTransit,
        "in_transit" => TrackingStatus::InTransit,
        "out_for_delivery" => TrackingStatus::OutForDelivery,
        "available_for_pickup" => TrackingStatus::AvailableForPickup,
        "delivered" => TrackingStatus::Delivered,
        "return_to_sender" => TrackingStatus::ReturnToSender,
        "failure" => TrackingStatus::Failure,
        // `unknown`, `cancelled` (of a label), `error`, and what EasyPost may add.
        _ => TrackingStatus::Other,
    }
}

#[cfg(test)]
mod tests;
