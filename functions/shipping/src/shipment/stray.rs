//! A parcel that moves although its shipment was cancelled or had failed, until an operator knows what became of it.

use super::{Refusal, Shipment};
use events::{Customer, ShipmentTracked, ShippingEvent, StrayParcel, StrayParcelSettled};

/// Whether a parcel moves although the shipment has ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Stray {
    #[default]
    Never,
    Moving,
    Settled(StrayParcel),
}

impl Stray {
    /// A scan after an answer raises the question again.
    pub(super) fn see(&mut self, tracked: &ShipmentTracked) {
        if tracked.after_cancellation {
            *self = Self::Moving;
        }
    }
}

impl Shipment {
    /// An operator knows what became of a parcel that moved although the shipment has ended.
    pub(crate) fn decide_stray(
        &self,
        outcome: StrayParcel,
        settled_by: &Customer,
    ) -> Result<Option<ShippingEvent>, Refusal> {
        match self.stray {
            Stray::Moving => Ok(Some(StrayParcelSettled { outcome, settled_by: settled_by.clone() }.into())),
            Stray::Settled(before) if before == outcome => Ok(None),
            Stray::Settled(_) | Stray::Never => Err(Refusal::NotStray),
        }
    }
}
