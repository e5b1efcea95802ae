//! What an operator must act on, as a function of the facts. An attention stands beside the status and ends by itself when
//! its reason is gone.

use super::Facts;
use events::{Attention, Because};
use std::collections::BTreeSet;

impl Facts {
    /// Every attention that holds now.
    pub fn attention(&self) -> BTreeSet<Attention> {
        [
            (Attention::RefundFailed, self.money.has_abandoned_refund()),
            (Attention::VoidFailed, self.has(Because::LabelVoidFailed) && !self.has(Because::LabelVoided)),
            (Attention::Disputed, self.money.is_disputed()),
            (Attention::Inquiry, self.money.has_inquiry()),
            (Attention::DeliveryFailed, self.is_delivery_failed()),
            (Attention::ScannedAfterCancel, self.strays.values().next_back() == Some(&true)),
            (Attention::RefundedUnshipped, self.is_refunded_unshipped()),
            (Attention::Stuck, self.is_stuck()),
        ]
        .into_iter()
        .filter_map(|(attention, holds)| holds.then_some(attention))
        .collect()
    }
    /// Whether an operator must decide about goods whose money is refunded: until the shipment is released, ends without
    /// a parcel, or is back.
    fn is_refunded_unshipped(&self) -> bool {
        let ends = [
            Because::ShipmentCancelled,
            Because::ShippingFailed,
            Because::OutOfStock,
            Because::ReturnReceived,
        ];
        self.holds.values().next_back() == Some(&true) && !ends.into_iter().any(|because| self.has(because))
    }

    /// Whether an operator must find out what becomes of the parcel: until it is back, or arrives later.
    fn is_delivery_failed(&self) -> bool {
        self.journey.has_failed() && !self.has(Because::ReturnReceived)
    }
}
