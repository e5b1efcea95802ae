//! Which of several contradicting scans decides where a parcel is, and which scans are of an earlier parcel.
//!
//! Scans arrive late and reordered, so the carrier's time of the scan decides, and not the order of arrival. Only equal
//! or missing times leave it to the order of the stream. What the warehouse or an operator records counts like a scan of
//! the moment at which it was recorded.

use super::Shipment;
use crate::carrier::{Parcel, Scan, TrackingReport};
use events::{ShipmentTracked, TrackingStatus};
use jiff::{SignedDuration, Timestamp};

/// How much older than the shipment a scan of an issued code may seem: carriers' clocks and time zones differ.
const CLOCKS_DIFFER_BY: SignedDuration = SignedDuration::from_hours(24);

/// How a parcel's journey ends, or fails to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JourneyEnd {
    /// At the customer.
    Delivered,
    /// On its way back.
    SentBack,
    /// The carrier failed to deliver it.
    Failed,
}

/// The report on the journey's end that decides for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decisive {
    pub(super) end: JourneyEnd,
    /// When it happened; `None` if the carrier reports no time.
    at: Option<Timestamp>,
}

impl Decisive {
    fn scanned(scan: &Scan) -> Option<Self> {
        let end = match scan.status {
            TrackingStatus::Delivered => JourneyEnd::Delivered,
            TrackingStatus::ReturnToSender => JourneyEnd::SentBack,
            TrackingStatus::Failure => JourneyEnd::Failed,
            TrackingStatus::PreTransit
            | TrackingStatus::InTransit
            | TrackingStatus::OutForDelivery
            | TrackingStatus::AvailableForPickup
            | TrackingStatus::Other => return None,
        };
        Some(Self { end, at: scan.occurred_at })
    }

    /// Which one decides after `next` is reported too. A failed delivery and a return do not contradict each other.
    fn and_then(self, next: Self) -> Self {
        let is_later = self.at.zip(next.at).is_none_or(|(before, after)| before <= after);
        let later = if is_later { next } else { self };
        if (self.end == JourneyEnd::Delivered) == (next.end == JourneyEnd::Delivered) {
            let is_sent_back = [self.end, next.end].contains(&JourneyEnd::SentBack);
            return Self { end: if is_sent_back { JourneyEnd::SentBack } else { later.end }, at: later.at };
        }
        later
    }
}

impl Shipment {
    /// Takes a scan of the parcel that left into account.
    pub(super) fn decide_by_scan(&mut self, scan: &Scan) {
        if let Some(next) = Decisive::scanned(scan) {
            self.decisive = Some(self.decisive.map_or(next, |before| before.and_then(next)));
        }
    }

    /// Takes an event into account that states the journey's end: it follows its scan, or it was recorded by hand.
    pub(super) fn decide_by_record(&mut self, end: JourneyEnd, recorded_at: Timestamp) {
        if self.decisive.is_none_or(|decisive| decisive.end != end) {
            self.decisive = Some(Decisive { end, at: Some(recorded_at) });
        }
    }

    /// The report's scans that can be of this parcel. A code may have had an earlier parcel.
    ///
    /// A scan that is older than the dispatch is not of this parcel. A report that waited for the dispatch is: the
    /// carrier may be quicker than the person who records it, so only the shipment's request bounds it. A hand-over that
    /// a scan proves has no dispatch.
    pub(crate) fn own_scans<'a>(
        &self,
        report: &'a TrackingReport,
        waited: bool,
    ) -> impl Iterator<Item = &'a Scan> + use<'a> {
        let not_before = match self.dispatched_at {
            Some(dispatched_at) if !waited => Some(dispatched_at),
            Some(_) | None => self.requested_at.map(|at| self.earliest(at, &report.parcel)),
        };
        report.scans.iter().filter(move |scan| {
            let bounds = scan.occurred_at.zip(not_before);
            // Carriers report whole seconds, so a scan in the second of the dispatch may seem older by a fraction.
            bounds.is_none_or(|(occurred_at, not_before)| not_before.as_second() <= occurred_at.as_second())
        })
    }

    fn earliest(&self, requested_at: Timestamp, parcel: &Parcel) -> Timestamp {
        let is_issued = self.label.as_ref().is_some_and(|label| label.parcel.is(parcel));
        let slack = if is_issued { CLOCKS_DIFFER_BY } else { SignedDuration::ZERO };
        requested_at.saturating_sub(slack).unwrap_or(Timestamp::MIN)
    }
}

impl From<&ShipmentTracked> for Scan {
    fn from(tracked: &ShipmentTracked) -> Self {
        Self {
            status: tracked.status,
            status_detail: tracked.status_detail.clone(),
            occurred_at: tracked.occurred_at,
        }
    }
}
