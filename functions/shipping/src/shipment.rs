//! The shipment of one order: its state, folded from its events. Pure.
//!
//! What may happen next is decided in `decide`; this file says what a shipment is.

mod decide;
#[cfg(test)]
mod tests;

pub(crate) use decide::{Refusal, Voiding};

use event_store::Aggregate;
use events::{
    Envelope, LabelPurchased, Line, ShipmentRequested, ShipmentTracked, ShippingEvent, TrackingStatus,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A parcel as its carrier knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    /// The carrier's name, as whoever named it spells it.
    pub carrier: String,
    /// Its tracking code.
    pub tracking_code: String,
}

impl Parcel {
    /// The partition of all that is kept about the parcel's code: `tracking#<carrier>#<code>`, the carrier in upper
    /// case and reduced to letters and digits, so that `FedEx` and `FEDEX` are one.
    pub(crate) fn partition(&self) -> String {
        let carrier: String = self.carrier.chars().filter(char::is_ascii_alphanumeric).collect();
        format!("tracking#{}#{}", carrier.to_ascii_uppercase(), self.tracking_code.to_ascii_uppercase())
    }

    /// Whether both are the same parcel, however they are spelled.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.partition() == other.partition()
    }
}

/// What became of a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Disposal {
    /// It can be used, or is to be given back.
    Held,
    /// The carrier took it back.
    Voided,
    /// The carrier would not take it back.
    VoidFailed,
}

/// A label that was bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The parcel it is for.
    pub parcel: Parcel,
    /// Where it can be printed from.
    pub url: String,
    /// What became of it.
    pub disposal: Disposal,
}

/// One scan of the carrier. Two scans that are equal are one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scan {
    /// Where the parcel is.
    pub status: TrackingStatus,
    /// The carrier's finer word.
    pub status_detail: Option<String>,
    /// When the carrier says it happened.
    pub occurred_at: Option<Timestamp>,
}

impl Scan {
    /// Whether the parcel can have been scanned so only after it was handed over: `in_transit` and beyond. A
    /// carrier that fails to deliver, or brings a parcel back, has it.
    pub(crate) fn moved(&self) -> bool {
        match self.status {
            TrackingStatus::InTransit
            | TrackingStatus::OutForDelivery
            | TrackingStatus::AvailableForPickup
            | TrackingStatus::Delivered
            | TrackingStatus::ReturnToSender
            | TrackingStatus::Failure => true,
            TrackingStatus::PreTransit | TrackingStatus::Other => false,
        }
    }
}

/// What a carrier says about a parcel: all scans it knows, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tracked {
    /// Which parcel.
    pub parcel: Parcel,
    /// Its scans.
    pub scans: Vec<Scan>,
}

/// Where a parcel is that has left the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whereabouts {
    /// On its way.
    UnderWay,
    /// With the customer.
    Delivered,
    /// On its way back.
    SentBack,
    /// In the house again.
    Returned {
        /// Whether the goods can be sold again.
        restock: bool,
    },
}

/// How far a shipment is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Stage {
    /// Nothing was said yet.
    #[default]
    Absent,
    /// It is to be packed.
    Requested,
    /// It left the house.
    Left {
        /// Under which code.
        parcel: Parcel,
        /// Where it is now.
        whereabouts: Whereabouts,
    },
    /// It cannot be shipped, for good.
    Failed {
        /// Why, for a person.
        reason: String,
    },
    /// The customer's cancellation won. On a stream without a request it is a tombstone.
    Cancelled,
}

/// A shipment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shipment {
    /// How far it is.
    pub stage: Stage,
    /// What was asked for, and of whom.
    pub request: Option<ShipmentRequested>,
    /// When it was asked for.
    pub requested_at: Option<Timestamp>,
    /// The label, also one without a future.
    pub label: Option<Label>,
    /// The scans, in the order in which they became known.
    pub scans: Vec<Scan>,
    /// A cancellation came too late, and was told so.
    pub cancellation_rejected: bool,
}

/// The stage's name, as the API tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Nothing was said yet.
    Absent,
    /// To be packed.
    Requested,
    /// To be packed, and its label is there.
    Labelled,
    /// Handed over.
    Shipped,
    /// With the customer.
    Delivered,
    /// The carrier brings it back.
    ReturnedToSender,
    /// In the house again.
    Returned,
    /// It cannot be shipped.
    Failed,
    /// Cancelled before the hand-over.
    Cancelled,
}

impl Standing {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Requested => "requested",
            Self::Labelled => "labelled",
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
    /// The stage's name.
    pub fn standing(&self) -> Standing {
        match &self.stage {
            Stage::Absent => Standing::Absent,
            Stage::Requested if self.held_label().is_some() => Standing::Labelled,
            Stage::Requested => Standing::Requested,
            Stage::Left { whereabouts, .. } => match whereabouts {
                Whereabouts::UnderWay => Standing::Shipped,
                Whereabouts::Delivered => Standing::Delivered,
                Whereabouts::SentBack => Standing::ReturnedToSender,
                Whereabouts::Returned { .. } => Standing::Returned,
            },
            Stage::Failed { .. } => Standing::Failed,
            Stage::Cancelled => Standing::Cancelled,
        }
    }

    /// Whether somebody has to pack it still.
    pub fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Requested)
    }

    /// Whether the parcel's code is this shipment's, or may become so: one that is to be packed may be dispatched with it
    /// at this moment.
    pub(crate) fn may_use(&self, parcel: &Parcel) -> bool {
        let is_its_label = self.label.as_ref().is_some_and(|label| label.parcel.is(parcel));
        is_its_label
            || match &self.stage {
                Stage::Absent | Stage::Requested => true,
                Stage::Left { parcel: own, .. } => own.is(parcel),
                Stage::Failed { .. } | Stage::Cancelled => false,
            }
    }

    /// What to pack.
    pub fn lines(&self) -> &[Line] {
        self.request.as_ref().map_or(&[], |request| &request.lines)
    }

    fn held_label(&self) -> Option<&Label> {
        self.label.as_ref().filter(|label| label.disposal == Disposal::Held)
    }

    fn dispose(&mut self, disposal: Disposal) {
        if let Some(label) = &mut self.label {
            label.disposal = disposal;
        }
    }

    fn move_to(&mut self, now: Whereabouts) {
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
                self.label = Some(Label { parcel, url: label_url.clone(), disposal: Disposal::Held });
            }
            ShippingEvent::Shipped(shipped) => {
                let parcel =
                    Parcel { carrier: shipped.carrier.clone(), tracking_code: shipped.tracking_code.clone() };
                self.stage = Stage::Left { parcel, whereabouts: Whereabouts::UnderWay };
            }
            ShippingEvent::ShippingFailed(failed) => {
                self.stage = Stage::Failed { reason: failed.reason.clone() };
            }
            ShippingEvent::ShipmentCancelled(_) => self.stage = Stage::Cancelled,
            ShippingEvent::CancellationRejected(_) => self.cancellation_rejected = true,
            ShippingEvent::LabelVoided(_) => self.dispose(Disposal::Voided),
            // As before the first time.
            ShippingEvent::LabelVoidRequested(_) => self.dispose(Disposal::Held),
            ShippingEvent::LabelVoidFailed(_) => self.dispose(Disposal::VoidFailed),
            ShippingEvent::ShipmentTracked(tracked) => self.scans.push(Scan::from(tracked)),
            ShippingEvent::Delivered(_) => self.move_to(Whereabouts::Delivered),
            ShippingEvent::ReturnedToSender(_) => self.move_to(Whereabouts::SentBack),
            ShippingEvent::ReturnReceived(back) => {
                self.move_to(Whereabouts::Returned { restock: back.restock });
            }
        }
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
