//! The attentions: why an operator must act on an order.

use serde::{Deserialize, Serialize};

/// Why the operator must act on an order, independent of its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attention {
    /// A refund failed.
    RefundFailed,
    /// The carrier refused to void a label.
    VoidFailed,
    /// The customer's bank disputes the payment.
    Disputed,
    /// The customer's bank inquires about the payment. It becomes a dispute unless the shop answers.
    Inquiry,
    /// The carrier could not deliver the parcel.
    DeliveryFailed,
    /// The parcel moves although the order was cancelled or had failed.
    ScannedAfterCancel,
    /// All money was refunded outside of Conveyor, and the goods were not back, or not yet sent.
    RefundedUnshipped,
    /// The order stayed in one status for longer than its deadline.
    Stuck,
}

impl Attention {
    /// Every attention.
    pub const ALL: [Self; 8] = [
        Self::RefundFailed,
        Self::VoidFailed,
        Self::Disputed,
        Self::Inquiry,
        Self::DeliveryFailed,
        Self::ScannedAfterCancel,
        Self::RefundedUnshipped,
        Self::Stuck,
    ];

    /// The name on the wire, for example `refund_failed`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RefundFailed => "refund_failed",
            Self::VoidFailed => "void_failed",
            Self::Disputed => "disputed",
            Self::Inquiry => "inquiry",
            Self::DeliveryFailed => "delivery_failed",
            Self::ScannedAfterCancel => "scanned_after_cancel",
            Self::RefundedUnshipped => "refunded_unshipped",
            Self::Stuck => "stuck",
        }
    }
}
