//! The rules of a shipment: each function returns the event to append, if any.
//!
//! `None` (or `Ok(None)`) means that the event is there already, or that an earlier event excludes it. All functions
//! are pure.

use super::scans::JourneyEnd;
use super::{Hold, Label, LabelState, Shipment, ShipmentStatus, Stage, Whereabouts};
use crate::carrier::{Parcel, Scan, TrackingReport, VoidOutcome};
use events::{
    CancellationRejected, Customer, Delivered, LabelPurchased, LabelVoidFailed, LabelVoidRequested,
    LabelVoided, Line, Provider, RefundId, RejectedBecause, ReturnReceived, ReturnedToSender,
    ShipmentCancelled, ShipmentDataErased, ShipmentHeld, ShipmentReleased, ShipmentRequested,
    ShipmentTracked, Shipped, ShippingEvent, ShippingFailed, TrackingCorrected,
};

/// Why a command of the warehouse is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The shipment's status does not allow it.
    Status(ShipmentStatus),
    /// The code of the parcel is the one that the carrier issued for its label.
    IssuedCode,
    /// It is not held.
    NotHeld,
    /// There is no label, and the command has no tracking code.
    NoCode,
    /// No label has to be voided.
    NothingToVoid,
    /// No parcel moves although the shipment has ended, or it was settled otherwise.
    NotStray,
}

impl Shipment {
    /// The stock is allocated. Requests the shipment, unless it began or ended already.
    pub(crate) fn decide_request(
        &self,
        provider: Provider,
        shipment_id: Option<&str>,
        lines: &[Line],
    ) -> Option<ShippingEvent> {
        self.is_absent().then(|| {
            let shipment_id = shipment_id.map(str::to_owned);
            ShipmentRequested { provider, shipment_id, lines: lines.to_vec() }.into()
        })
    }

    /// The carrier refuses the address, so the shipment fails before it is requested.
    pub(crate) fn decide_undeliverable(&self, reason: &str) -> Option<ShippingEvent> {
        self.is_absent().then(|| ShippingFailed { reason: reason.to_owned() }.into())
    }

    /// A label is bought. It is recorded in every stage: an unrecorded label is paid for and never voided.
    pub(crate) fn decide_label(&self, label: &LabelPurchased) -> Option<ShippingEvent> {
        self.label.is_none().then(|| label.clone().into())
    }

    /// Shipping has erased its personal data of the order. Reported once.
    pub(crate) fn decide_erased(&self, pseudonym: &str) -> Option<ShippingEvent> {
        self.pseudonym.is_none().then(|| ShipmentDataErased { pseudonym: pseudonym.to_owned() }.into())
    }

    /// The carrier permanently sells no label.
    pub(crate) fn decide_no_label(&self, reason: &str) -> Option<ShippingEvent> {
        let needs_label = self.is_open() && self.label.is_none();
        needs_label.then(|| ShippingFailed { reason: reason.to_owned() }.into())
    }

    /// The order's cancellation: it wins here, or it is too late (I4).
    pub(crate) fn decide_cancellation(&self) -> Option<ShippingEvent> {
        let too_late =
            |because| (!self.cancellation_rejected).then(|| CancellationRejected { because }.into());
        match &self.stage {
            Stage::Absent | Stage::Requested => Some(ShipmentCancelled {}.into()),
            Stage::Left { .. } => too_late(RejectedBecause::Shipped),
            Stage::Failed { .. } => too_late(RejectedBecause::ShippingFailed),
            Stage::Cancelled => None,
        }
    }

    /// The label to void, if the shipment ended or its parcel left under another code. It stays one after the carrier refused to
    /// void it.
    pub(crate) fn unused_label(&self) -> Option<&Label> {
        self.label.as_ref().filter(|label| {
            let used = match &self.stage {
                Stage::Absent | Stage::Requested => true,
                Stage::Left { parcel, .. } => parcel.is(&label.parcel),
                Stage::Failed { .. } | Stage::Cancelled => false,
            };
            !used && label.state != LabelState::Voided
        })
    }

    /// The carrier answered to the void of an unused label.
    pub(crate) fn decide_void(&self, outcome: &VoidOutcome) -> Option<ShippingEvent> {
        let label = self.unused_label()?;
        match (outcome, &label.state) {
            (VoidOutcome::Voided, _) => Some(LabelVoided {}.into()),
            (VoidOutcome::Refused { reason }, LabelState::Held) => {
                Some(LabelVoidFailed { reason: reason.clone() }.into())
            }
            (VoidOutcome::Refused { .. }, LabelState::Voided | LabelState::VoidFailed) => None,
        }
    }

    /// The operator requests another void after the carrier refused one. No event while the first is under way.
    pub(crate) fn decide_void_again(&self) -> Result<Option<ShippingEvent>, Refusal> {
        let label = self.unused_label().ok_or(Refusal::NothingToVoid)?;
        match label.state {
            LabelState::VoidFailed => Ok(Some(LabelVoidRequested {}.into())),
            LabelState::Held => Ok(None),
            LabelState::Voided => Err(Refusal::NothingToVoid),
        }
    }

    /// The next event that a carrier's report leads to. The caller repeats it until it is `None`. `waited`: the report
    /// was parked until its code was known.
    ///
    /// The hand-over is first. Then each new scan, oldest first, each followed by what it means for a parcel that
    /// left. A parcel that moves although its order ended is never `Shipped`.
    pub(crate) fn decide_tracking(&self, report: &TrackingReport, waited: bool) -> Option<ShippingEvent> {
        let mut scans = self.own_scans(report, waited);
        let ended = match &self.stage {
            // Only a requested shipment has a code.
            Stage::Absent => return None,
            Stage::Requested if self.own_scans(report, waited).any(Scan::moved) => {
                let Parcel { carrier, tracking_code } = report.parcel.clone();
                return Some(Shipped { carrier, tracking_code }.into());
            }
            // A report on an unused label is not about the parcel that left.
            Stage::Left { parcel, .. } if !parcel.is(&report.parcel) => return None,
            Stage::Requested | Stage::Left { .. } => false,
            Stage::Failed { .. } | Stage::Cancelled => true,
        };
        let meaning = self.decide_journey();
        if meaning.is_some() {
            return meaning;
        }
        scans.find(|scan| !self.scans.contains(scan)).map(|scan| {
            let tracked = ShipmentTracked {
                status: scan.status,
                status_detail: scan.status_detail.clone(),
                occurred_at: scan.occurred_at,
                after_cancellation: ended && scan.moved(),
            };
            tracked.into()
        })
    }

    /// What the decisive scan means for the parcel, if no event states it yet. A parcel that is back stays back.
    fn decide_journey(&self) -> Option<ShippingEvent> {
        let (Stage::Left { whereabouts, .. }, Some(decisive)) = (&self.stage, self.decisive) else {
            return None;
        };
        match (decisive.end, whereabouts) {
            (JourneyEnd::Delivered, Whereabouts::UnderWay | Whereabouts::SentBack) => {
                Some(Delivered {}.into())
            }
            (JourneyEnd::SentBack, Whereabouts::UnderWay | Whereabouts::Delivered) => {
                Some(ReturnedToSender {}.into())
            }
            (JourneyEnd::Delivered, Whereabouts::Delivered | Whereabouts::Returned { .. })
            | (JourneyEnd::SentBack, Whereabouts::SentBack | Whereabouts::Returned { .. })
            | (JourneyEnd::Failed, _) => None,
        }
    }

    /// The warehouse hands the parcel over. The code of a bought label takes precedence over the given one.
    pub(crate) fn decide_dispatch(&self, given: Option<&Parcel>) -> Result<Option<ShippingEvent>, Refusal> {
        let label = self.held_label().map(|label| &label.parcel);
        match &self.stage {
            Stage::Requested if self.is_held() => Err(self.refusal()),
            Stage::Requested => {
                let Parcel { carrier, tracking_code } = label.or(given).ok_or(Refusal::NoCode)?.clone();
                Ok(Some(Shipped { carrier, tracking_code }.into()))
            }
            Stage::Left { parcel, .. } => {
                let same =
                    given.is_none_or(|given| given.is(parcel)) || label.is_some_and(|label| label.is(parcel));
                if same { Ok(None) } else { Err(self.refusal()) }
            }
            Stage::Absent | Stage::Failed { .. } | Stage::Cancelled => Err(self.refusal()),
        }
    }

    /// An operator corrects the code under which the parcel left. The code of a label needs no correction.
    pub(crate) fn decide_correction(
        &self,
        given: &Parcel,
        corrected_by: &Customer,
    ) -> Result<Option<ShippingEvent>, Refusal> {
        let Stage::Left { parcel, .. } = &self.stage else { return Err(self.refusal()) };
        if parcel == given {
            return Ok(None);
        }
        if self.held_label().is_some_and(|label| label.parcel.is(parcel)) {
            return Err(Refusal::IssuedCode);
        }
        let corrected = TrackingCorrected {
            carrier: given.carrier.clone(),
            tracking_code: given.tracking_code.clone(),
            previous_carrier: parcel.carrier.clone(),
            previous_tracking_code: parcel.tracking_code.clone(),
            corrected_by: corrected_by.clone(),
        };
        Ok(Some(corrected.into()))
    }

    /// All money was refunded outside of Conveyor: the goods stay until an operator decides. A parcel that left before
    /// this was known is held too, in name: the operator must know of it. Each refund holds once.
    pub(crate) fn decide_hold(&self, refund_id: &RefundId) -> Option<ShippingEvent> {
        let may_be_held = match &self.stage {
            Stage::Absent | Stage::Requested => true,
            Stage::Left { whereabouts, .. } => match whereabouts {
                Whereabouts::UnderWay | Whereabouts::SentBack => true,
                Whereabouts::Delivered | Whereabouts::Returned { .. } => false,
            },
            Stage::Failed { .. } | Stage::Cancelled => false,
        };
        let is_new = !self.held_for.contains(refund_id);
        (may_be_held && is_new).then(|| ShipmentHeld { refund_id: refund_id.clone() }.into())
    }

    /// An operator decides that the held shipment is sent, or that nothing is to be done about the parcel that left.
    pub(crate) fn decide_release(&self, released_by: &Customer) -> Result<Option<ShippingEvent>, Refusal> {
        if let Stage::Failed { .. } | Stage::Cancelled = &self.stage {
            return Err(self.refusal());
        }
        match self.hold {
            Hold::Held => Ok(Some(ShipmentReleased { released_by: released_by.clone() }.into())),
            Hold::Released => Ok(None),
            Hold::Never => Err(Refusal::NotHeld),
        }
    }

    /// The warehouse knows that the parcel is delivered: also one whose return was called off.
    pub(crate) fn decide_delivered(&self) -> Result<Option<ShippingEvent>, Refusal> {
        match self.whereabouts()? {
            Whereabouts::UnderWay | Whereabouts::SentBack => Ok(Some(Delivered {}.into())),
            Whereabouts::Delivered => Ok(None),
            Whereabouts::Returned { .. } => Err(self.refusal()),
        }
    }

    /// The warehouse cannot ship it.
    pub(crate) fn decide_failed(&self, given: &str) -> Result<Option<ShippingEvent>, Refusal> {
        match &self.stage {
            Stage::Requested => Ok(Some(ShippingFailed { reason: given.to_owned() }.into())),
            Stage::Failed { reason } if reason == given => Ok(None),
            Stage::Absent | Stage::Left { .. } | Stage::Failed { .. } | Stage::Cancelled => {
                Err(self.refusal())
            }
        }
    }

    /// The warehouse received the parcel back.
    pub(crate) fn decide_returned(&self, given: bool) -> Result<Option<ShippingEvent>, Refusal> {
        match self.whereabouts()? {
            Whereabouts::UnderWay | Whereabouts::Delivered | Whereabouts::SentBack => {
                Ok(Some(ReturnReceived { restock: given }.into()))
            }
            Whereabouts::Returned { restock } if restock == given => Ok(None),
            Whereabouts::Returned { .. } => Err(self.refusal()),
        }
    }

    fn is_absent(&self) -> bool {
        matches!(self.stage, Stage::Absent)
    }

    fn whereabouts(&self) -> Result<Whereabouts, Refusal> {
        match &self.stage {
            Stage::Left { whereabouts, .. } => Ok(*whereabouts),
            Stage::Absent | Stage::Requested | Stage::Failed { .. } | Stage::Cancelled => Err(self.refusal()),
        }
    }

    fn refusal(&self) -> Refusal {
        Refusal::Status(self.status())
    }
}
