//! What an operator must act on, as a function of the facts. An attention stands beside the status and ends by itself when
//! its reason is gone, except `scanned_after_cancel`.

use super::Facts;
use events::{Attention, Because, TrackingStatus};
use std::collections::BTreeSet;

impl Facts {
    /// Every attention that holds now.
    pub fn attention(&self) -> BTreeSet<Attention> {
        let delivery_failed = self.has(Because::ReturnedToSender)
            || self.tracked.contains(&TrackingStatus::Failure)
            || self.tracked.contains(&TrackingStatus::ReturnToSender);
        let arrived = self.has(Because::Delivered) || self.has(Because::ReturnReceived);
        [
            (Attention::RefundFailed, self.money.has_abandoned_refund()),
            (Attention::VoidFailed, self.has(Because::LabelVoidFailed) && !self.has(Because::LabelVoided)),
            (Attention::Disputed, self.money.is_disputed()),
            (Attention::DeliveryFailed, delivery_failed && !arrived),
            (Attention::ScannedAfterCancel, self.scanned_after_cancellation),
            (Attention::Stuck, self.is_stuck()),
        ]
        .into_iter()
        .filter_map(|(attention, holds)| holds.then_some(attention))
        .collect()
    }
}
