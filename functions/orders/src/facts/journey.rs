//! The parcel's journey, as the facts of shipping's stream report it.
//!
//! These facts contradict each other: a parcel is delivered, then it is on its way back, then it arrives after all. The set
//! has no order of its own, so each of them is kept under its place in shipping's stream, and read in that order.

use events::{Detail, TrackingStatus};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// One fact about where the parcel is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// The carrier scanned it. A scan may be older than one before it.
    Scanned(TrackingStatus, Option<Timestamp>),
    /// Shipping records that it was delivered, when it learned so.
    Delivered(Option<Timestamp>),
    /// Shipping records that it is on its way back, when it learned so.
    SentBack(Option<Timestamp>),
    /// The carrier and the code were mistyped until now. The scans before are of another parcel.
    Corrected((String, String)),
}

/// All facts about where the parcel is, by their place in shipping's stream.
#[derive(Debug, Clone, Default)]
pub(super) struct Journey(BTreeMap<u32, Step>);

/// The report that decides for now.
#[derive(Debug, Clone, Copy)]
struct Decisive {
    is_delivered: bool,
    at: Option<Timestamp>,
}

impl Journey {
    pub(super) fn add_scan(&mut self, place: u32, status: Option<TrackingStatus>, at: Option<Timestamp>) {
        if let Some(status) = status {
            self.0.insert(place, Step::Scanned(status, at));
        }
    }

    pub(super) fn add_delivery(&mut self, place: u32, recorded_at: Option<Timestamp>) {
        self.0.insert(place, Step::Delivered(recorded_at));
    }

    pub(super) fn add_return(&mut self, place: u32, recorded_at: Option<Timestamp>) {
        self.0.insert(place, Step::SentBack(recorded_at));
    }

    pub(super) fn add_correction(&mut self, place: u32, detail: &Detail) {
        if let (Some(carrier), Some(code)) = (&detail.carrier, &detail.tracking_code) {
            self.0.insert(place, Step::Corrected((carrier.clone(), code.clone())));
        }
    }

    /// The last correction of carrier and code.
    pub(super) fn corrected(&self) -> Option<&(String, String)> {
        self.0.values().rev().find_map(|step| match step {
            Step::Corrected(parcel) => Some(parcel),
            Step::Scanned(..) | Step::Delivered(_) | Step::SentBack(_) => None,
        })
    }

    /// Whether the parcel did not reach the customer, as far as is known: a delivery failed, or it is on its way back.
    ///
    /// Of contradicting scans the later one decides; equal or missing times leave it to the order of the stream.
    pub(super) fn has_failed(&self) -> bool {
        let mut decisive: Option<Decisive> = None;
        let mut is_recorded: Option<bool> = None;
        for step in self.0.values() {
            let next = match step {
                Step::Scanned(TrackingStatus::Delivered, at) => Decisive { is_delivered: true, at: *at },
                Step::Scanned(TrackingStatus::ReturnToSender | TrackingStatus::Failure, at) => {
                    Decisive { is_delivered: false, at: *at }
                }
                Step::Scanned(
                    TrackingStatus::PreTransit
                    | TrackingStatus::InTransit
                    | TrackingStatus::OutForDelivery
                    | TrackingStatus::AvailableForPickup
                    | TrackingStatus::Other,
                    _,
                ) => continue,
                Step::Corrected(_) => {
                    decisive = is_recorded.map(|is_delivered| Decisive { is_delivered, at: None });
                    continue;
                }
                // What shipping records about a scan follows it. What it records against the scans was recorded by hand.
                Step::Delivered(at) | Step::SentBack(at) => {
                    let is_delivered = matches!(step, Step::Delivered(_));
                    is_recorded = Some(is_delivered);
                    if decisive.is_none_or(|decisive| decisive.is_delivered != is_delivered) {
                        decisive = Some(Decisive { is_delivered, at: *at });
                    }
                    continue;
                }
            };
            let is_later =
                |before: Decisive| before.at.zip(next.at).is_none_or(|(before, after)| before <= after);
            if decisive.is_none_or(is_later) {
                decisive = Some(next);
            }
        }
        decisive.is_some_and(|decisive| !decisive.is_delivered)
    }
}
