//! The shipment of one order: its state, folded from its events. Pure.
//!
//! `decide` holds the rules for the next event, `scans` those of contradicting scans, `stray` that of a parcel that moves after the end.

mod decide;
mod scans;
mod stray;
#[cfg(test)]
mod tests;

pub(crate) use decide::Refusal;

use crate::carrier::{Parcel, Scan};
use event_store::Aggregate;
use events::{Envelope, LabelPurchased, Line, RefundId, ShipmentRequested, ShippingEvent, TrackingCorrected};
use jiff::Timestamp;
use scans::{Decisive, JourneyEnd};
use serde::Serialize;
use stray::Stray;

/// What the id of a carrier's webhook as a cause begins with.
pub(crate) const BY_WEBHOOK: &str = "webhook/";

/// Whether a label was voided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelState {
    /// The shop has it: to use, or to void.
    Held,
    /// The carrier took it back.
    Voided,
    /// The carrier refused to take it back.
    VoidFailed,
}

/// A label that is bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The parcel it is for.
    pub parcel: Parcel,
    /// The URL to print it from.
    pub url: String,
    /// Whether it was voided.
    pub state: LabelState,
}

/// Where a parcel is after it left the warehouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whereabouts {
    /// On its way to the customer.
    UnderWay,
    /// At the customer.
    Delivered,
    /// On its way back.
    SentBack,
    /// At the warehouse again.
    Returned {
        /// Whether the goods can be sold again.
        restock: bool,
    },
}

/// Whether a shipment waits for an operator's decision.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Hold {
    #[default]
    Never,
    Held,
    Released,
}

/// The state of a shipment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Stage {
    /// It has no event yet.
    #[default]
    Absent,
    /// The warehouse has to pack it.
    Requested,
    /// It left the warehouse.
    Left {
        /// The parcel that left.
        parcel: Parcel,
        /// Where it is now.
        whereabouts: Whereabouts,
    },
    /// It permanently cannot be shipped.
    Failed {
        /// Why, in words for the operator.
        reason: String,
    },
    /// The customer's cancellation won. Without a request before it, this is a tombstone.
    Cancelled,
}

/// A shipment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shipment {
    /// Its state.
    pub stage: Stage,
    /// What to ship, and by which provider.
    pub request: Option<ShipmentRequested>,
    /// When it was requested.
    pub requested_at: Option<Timestamp>,
    /// The label, even one that will not be used.
    pub label: Option<Label>,
    /// The scans, in the order of their events.
    pub scans: Vec<Scan>,
    /// When a person recorded the dispatch. `None` if a scan proved the hand-over.
    dispatched_at: Option<Timestamp>,
    /// What decides where the parcel that left is.
    decisive: Option<Decisive>,
    /// A cancellation came too late and was rejected.
    pub cancellation_rejected: bool,
    /// Whether an operator must decide before it is sent.
    hold: Hold,
    /// The refunds that held it.
    held_for: Vec<RefundId>,
    /// Whether its parcel moves although it has ended.
    stray: Stray,
    /// The parcels that were corrected.
    mistyped: Vec<Parcel>,
    /// What replaced the customer's subject, if the personal data was erased.
    pseudonym: Option<String>,
}

/// The `state` of a shipment in the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ShipmentStatus {
    /// The order has no shipment.
    Absent,
    /// To be packed, without a label.
    Requested,
    /// To be packed, with a label.
    Labelled,
    /// Not to be packed until an operator decides, because all money was refunded outside of Conveyor.
    Held,
    /// Handed over to the carrier.
    Shipped,
    /// At the customer.
    Delivered,
    /// The carrier brings it back.
    ReturnedToSender,
    /// At the warehouse again.
    Returned,
    /// It cannot be shipped.
    Failed,
    /// Cancelled before the hand-over.
    Cancelled,
}

impl ShipmentStatus {
    /// Its name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Requested => "requested",
            Self::Labelled => "labelled",
            Self::Held => "held",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::ReturnedToSender => "returned_to_sender",
            Self::Returned => "returned",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl Shipment {
    /// The status that follows from the stage and the label.
    pub fn status(&self) -> ShipmentStatus {
        match &self.stage {
            Stage::Absent => ShipmentStatus::Absent,
            Stage::Requested if self.is_held() => ShipmentStatus::Held,
            Stage::Requested if self.held_label().is_some() => ShipmentStatus::Labelled,
            Stage::Requested => ShipmentStatus::Requested,
            Stage::Left { whereabouts, .. } => match whereabouts {
                Whereabouts::UnderWay => ShipmentStatus::Shipped,
                Whereabouts::Delivered => ShipmentStatus::Delivered,
                Whereabouts::SentBack => ShipmentStatus::ReturnedToSender,
                Whereabouts::Returned { .. } => ShipmentStatus::Returned,
            },
            Stage::Failed { .. } => ShipmentStatus::Failed,
            Stage::Cancelled => ShipmentStatus::Cancelled,
        }
    }

    /// Whether the warehouse has to pack it now.
    pub fn is_open(&self) -> bool {
        self.is_waiting() && !self.is_held()
    }

    /// Whether the warehouse has to pack it, now or once it is released.
    pub(crate) fn is_waiting(&self) -> bool {
        matches!(self.stage, Stage::Requested)
    }

    fn is_held(&self) -> bool {
        self.hold == Hold::Held
    }

    /// Whether a report on this code is about another parcel: the code was typed by mistake, and is corrected.
    pub(crate) fn was_corrected_from(&self, parcel: &Parcel) -> bool {
        self.mistyped.iter().any(|mistyped| mistyped.is(parcel))
            && matches!(&self.stage, Stage::Left { parcel: own, .. } if !own.is(parcel))
    }

    /// Whether the shipment uses the parcel's code, or still may: a concurrent dispatch may give the code to a shipment
    /// that is to be packed. A code whose parcel arrived, or is back, is free: carriers reuse codes.
    pub(crate) fn may_use(&self, parcel: &Parcel) -> bool {
        let is_its_label = self.label.as_ref().is_some_and(|label| label.parcel.is(parcel));
        match &self.stage {
            Stage::Absent | Stage::Requested => true,
            Stage::Left { parcel: own, whereabouts } => match whereabouts {
                Whereabouts::UnderWay | Whereabouts::SentBack => own.is(parcel) || is_its_label,
                Whereabouts::Delivered | Whereabouts::Returned { .. } => is_its_label && !own.is(parcel),
            },
            Stage::Failed { .. } | Stage::Cancelled => is_its_label,
        }
    }

    /// What to pack.
    pub fn lines(&self) -> &[Line] {
        self.request.as_ref().map_or(&[], |request| &request.lines)
    }

    /// The scans until now are of another parcel, unless only the spelling changed. What was recorded as the journey's end
    /// stays, until a scan of the right code states another.
    fn correct(&mut self, corrected: &TrackingCorrected) {
        let (carrier, tracking_code) = (corrected.carrier.clone(), corrected.tracking_code.clone());
        if let Stage::Left { parcel, .. } = &mut self.stage {
            let before = std::mem::replace(parcel, Parcel { carrier, tracking_code });
            if !before.is(parcel) {
                self.scans.clear();
                self.decisive = None;
            }
            self.mistyped.push(before);
        }
    }

    fn held_label(&self) -> Option<&Label> {
        self.label.as_ref().filter(|label| label.state == LabelState::Held)
    }

    fn set_label(&mut self, state: LabelState) {
        if let Some(label) = &mut self.label {
            label.state = state;
        }
    }

    fn set_whereabouts(&mut self, now: Whereabouts) {
        if let Stage::Left { whereabouts, .. } = &mut self.stage {
            *whereabouts = now;
        }
    }
}

impl Aggregate for Shipment {
    type Event = ShippingEvent;

    fn evolve(&mut self, event: &ShippingEvent, envelope: &Envelope) {
        match event {
            ShippingEvent::ShipmentRequested(request) => {
                self.request = Some(request.clone());
                self.requested_at = Some(envelope.time);
                self.stage = Stage::Requested;
            }
            ShippingEvent::LabelPurchased(LabelPurchased { carrier, tracking_code, label_url }) => {
                let parcel = Parcel { carrier: carrier.clone(), tracking_code: tracking_code.clone() };
                self.label = Some(Label { parcel, url: label_url.clone(), state: LabelState::Held });
            }
            ShippingEvent::Shipped(shipped) => {
                let parcel =
                    Parcel { carrier: shipped.carrier.clone(), tracking_code: shipped.tracking_code.clone() };
                self.stage = Stage::Left { parcel, whereabouts: Whereabouts::UnderWay };
                let is_by_scan = envelope.causationid.as_str().starts_with(BY_WEBHOOK);
                self.dispatched_at = (!is_by_scan).then_some(envelope.time);
            }
            ShippingEvent::ShippingFailed(failed) => {
                self.stage = Stage::Failed { reason: failed.reason.clone() };
            }
            ShippingEvent::ShipmentCancelled(_) => self.stage = Stage::Cancelled,
            ShippingEvent::CancellationRejected(_) => self.cancellation_rejected = true,
            ShippingEvent::LabelVoided(_) => self.set_label(LabelState::Voided),
            // The label is to be voided again, as before the first attempt.
            ShippingEvent::LabelVoidRequested(_) => self.set_label(LabelState::Held),
            ShippingEvent::LabelVoidFailed(_) => self.set_label(LabelState::VoidFailed),
            ShippingEvent::ShipmentTracked(tracked) => {
                let scan = Scan::from(tracked);
                self.decide_by_scan(&scan);
                self.scans.push(scan);
                self.stray.see(tracked);
            }
            ShippingEvent::Delivered(_) => {
                self.set_whereabouts(Whereabouts::Delivered);
                self.decide_by_record(JourneyEnd::Delivered, envelope.time);
            }
            ShippingEvent::ReturnedToSender(_) => {
                self.set_whereabouts(Whereabouts::SentBack);
                self.decide_by_record(JourneyEnd::SentBack, envelope.time);
            }
            ShippingEvent::ReturnReceived(back) => {
                self.set_whereabouts(Whereabouts::Returned { restock: back.restock });
            }
            ShippingEvent::TrackingCorrected(corrected) => self.correct(corrected),
            ShippingEvent::ShipmentHeld(held) => {
                self.hold = Hold::Held;
                self.held_for.push(held.refund_id.clone());
            }
            ShippingEvent::ShipmentReleased(_) => self.hold = Hold::Released,
            ShippingEvent::StrayParcelSettled(settled) => self.stray = Stray::Settled(settled.outcome),
            ShippingEvent::ShipmentDataErased(erased) => self.pseudonym = Some(erased.pseudonym.clone()),
        }
    }

    fn pseudonym(&self) -> Option<&str> {
        self.pseudonym.as_deref()
    }
}
