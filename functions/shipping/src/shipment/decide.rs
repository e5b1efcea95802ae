//! What a shipment says to what happens: each function answers the event to append, or that there is none.
//!
//! `None` (or `Ok(None)`) means that the effect is there already, or that something came first which this must
//! not undo. Pure: the same state and the same question always give the same answer.

use super::{Disposal, Label, Parcel, Shipment, Stage, Standing, Tracked, Whereabouts};
use events::{
    CancellationRejected, Delivered, LabelPurchased, LabelVoidFailed, LabelVoidRequested, LabelVoided, Line,
    Provider, RejectedBecause, ReturnReceived, ReturnedToSender, ShipmentCancelled, ShipmentRequested,
    ShipmentTracked, Shipped, ShippingEvent, ShippingFailed, TrackingStatus,
};

/// Why the warehouse's command cannot be obeyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The shipment stands where the command makes no sense.
    Stands(Standing),
    /// There is no label, and no code was given.
    NoCode,
    /// There is no label that wants to be given back.
    NothingToVoid,
}

/// What the carrier said to a label that was to be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Voiding {
    /// It takes it back.
    Done,
    /// It does not.
    Refused(String),
}

impl Shipment {
    /// The stock is allocated: the shipment is to be packed, unless there is one, or it ended before it began.
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

    /// The carrier refuses the address before there is a request.
    pub(crate) fn decide_undeliverable(&self, reason: &str) -> Option<ShippingEvent> {
        self.is_absent().then(|| ShippingFailed { reason: reason.to_owned() }.into())
    }

    /// A label is bought. It is said whatever came meanwhile: a label that nobody sees is paid for and lost.
    pub(crate) fn decide_label(&self, label: &LabelPurchased) -> Option<ShippingEvent> {
        self.label.is_none().then(|| label.clone().into())
    }

    /// The carrier sells no label.
    pub(crate) fn decide_no_label(&self, reason: &str) -> Option<ShippingEvent> {
        let waits = self.is_open() && self.label.is_none();
        waits.then(|| ShippingFailed { reason: reason.to_owned() }.into())
    }

    /// A customer's cancellation: this is where it wins or comes too late (I4).
    pub(crate) fn decide_cancellation(&self) -> Option<ShippingEvent> {
        let too_late = |because| {
            let told = self.cancellation_rejected;
            (!told).then(|| CancellationRejected { because }.into())
        };
        match &self.stage {
            Stage::Absent | Stage::Requested => Some(ShipmentCancelled {}.into()),
            Stage::Left { .. } => too_late(RejectedBecause::Shipped),
            Stage::Failed { .. } => too_late(RejectedBecause::ShippingFailed),
            Stage::Cancelled => None,
        }
    }

    /// The label that nobody will use, not yet taken back: of a shipment that ended, or whose parcel left under
    /// another code. One that the carrier refused to take back is asked about again.
    pub(crate) fn label_without_future(&self) -> Option<&Label> {
        self.label.as_ref().filter(|label| {
            let used = match &self.stage {
                Stage::Absent | Stage::Requested => true,
                Stage::Left { parcel, .. } => parcel.is(&label.parcel),
                Stage::Failed { .. } | Stage::Cancelled => false,
            };
            !used && label.disposal != Disposal::Voided
        })
    }

    /// The carrier answered for a label without a future.
    pub(crate) fn decide_voiding(&self, voiding: &Voiding) -> Option<ShippingEvent> {
        let label = self.label_without_future()?;
        match (voiding, &label.disposal) {
            (Voiding::Done, _) => Some(LabelVoided {}.into()),
            (Voiding::Refused(reason), Disposal::Held) => {
                Some(LabelVoidFailed { reason: reason.clone() }.into())
            }
            (Voiding::Refused(_), Disposal::Voided | Disposal::VoidFailed) => None,
        }
    }

    /// An operator wants the label given back once more, after the carrier refused it. Nothing while it is being given
    /// back anyway.
    pub(crate) fn decide_void_again(&self) -> Result<Option<ShippingEvent>, Refusal> {
        let label = self.label_without_future().ok_or(Refusal::NothingToVoid)?;
        match label.disposal {
            Disposal::VoidFailed => Ok(Some(LabelVoidRequested {}.into())),
            Disposal::Held => Ok(None),
            Disposal::Voided => Err(Refusal::NothingToVoid),
        }
    }

    /// The next event that the carrier's scans lead to; asked until it is `None`.
    ///
    /// The hand-over comes before anything else. Then each scan that is not known yet, oldest first, and with it
    /// what it means for a parcel that left. A parcel that moves although its order ended is never `Shipped`.
    pub(crate) fn decide_tracking(&self, tracked: &Tracked) -> Option<ShippingEvent> {
        let ended = match &self.stage {
            // A code is known only of a shipment that was asked for.
            Stage::Absent => return None,
            Stage::Requested if tracked.scans.iter().any(super::Scan::moved) => {
                let Parcel { carrier, tracking_code } = tracked.parcel.clone();
                return Some(Shipped { carrier, tracking_code }.into());
            }
            // The code of a label that was not used says nothing about the parcel that left.
            Stage::Left { parcel, .. } if !parcel.is(&tracked.parcel) => return None,
            Stage::Requested | Stage::Left { .. } => false,
            Stage::Failed { .. } | Stage::Cancelled => true,
        };
        tracked.scans.iter().find_map(|scan| {
            if !self.scans.contains(scan) {
                let tracked = ShipmentTracked {
                    status: scan.status,
                    status_detail: scan.status_detail.clone(),
                    occurred_at: scan.occurred_at,
                    after_cancellation: ended && scan.moved(),
                };
                return Some(tracked.into());
            }
            let Stage::Left { whereabouts, .. } = &self.stage else { return None };
            let under_way = *whereabouts == Whereabouts::UnderWay;
            if scan.status == TrackingStatus::Delivered && under_way {
                return Some(Delivered {}.into());
            }
            let turned = scan.status == TrackingStatus::ReturnToSender;
            (turned && (under_way || *whereabouts == Whereabouts::Delivered))
                .then(|| ReturnedToSender {}.into())
        })
    }

    /// The warehouse hands the parcel over. The code of a label that was bought wins over the one given.
    pub(crate) fn decide_dispatch(&self, given: Option<&Parcel>) -> Result<Option<ShippingEvent>, Refusal> {
        let label = self.held_label().map(|label| &label.parcel);
        match &self.stage {
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

    /// The warehouse knows that the parcel arrived.
    pub(crate) fn decide_delivered(&self) -> Result<Option<ShippingEvent>, Refusal> {
        match self.whereabouts()? {
            Whereabouts::UnderWay => Ok(Some(Delivered {}.into())),
            Whereabouts::Delivered => Ok(None),
            Whereabouts::SentBack | Whereabouts::Returned { .. } => Err(self.refusal()),
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

    /// The warehouse has the parcel in its hands again.
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
        Refusal::Stands(self.standing())
    }
}
