//! The payment and the shipment as the order's page shows them.

use super::Facts;
use events::Because;

/// The state of the payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    None,
    Requested,
    ActionRequired,
    Paid,
    Failed,
    Cancelled,
}

/// The state of the shipment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ShipmentState {
    None,
    Requested,
    Labelled,
    Shipped,
    Delivered,
    Failed,
    Cancelled,
    Returned,
}

impl Facts {
    /// The state of the payment.
    pub fn payment(&self) -> PaymentState {
        if self.late_capture || self.has(Because::PaymentCancelled) {
            PaymentState::Cancelled
        } else if self.has(Because::OrderPaid) {
            PaymentState::Paid
        } else if self.has(Because::PaymentFailed) {
            PaymentState::Failed
        } else if self.has(Because::PaymentActionRequired) {
            PaymentState::ActionRequired
        } else if self.has(Because::PaymentRequested) {
            PaymentState::Requested
        } else {
            PaymentState::None
        }
    }

    /// The state of the shipment: the furthest one that is known.
    pub fn shipment(&self) -> ShipmentState {
        [
            (Because::ReturnReceived, ShipmentState::Returned),
            (Because::Delivered, ShipmentState::Delivered),
            (Because::Shipped, ShipmentState::Shipped),
            (Because::ShippingFailed, ShipmentState::Failed),
            (Because::ShipmentCancelled, ShipmentState::Cancelled),
            (Because::LabelPurchased, ShipmentState::Labelled),
            (Because::ShipmentRequested, ShipmentState::Requested),
        ]
        .into_iter()
        .find_map(|(because, state)| self.has(because).then_some(state))
        .unwrap_or(ShipmentState::None)
    }
}
