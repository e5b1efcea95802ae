//! The ids of webhooks that we send: each is derived from what it reports, so every duplicate and every attempt has the same.

use events::OrderId;
use sha2::{Digest as _, Sha256};

/// The two ends that several facts complete: each has a webhook of its own, sent once an order.
pub const ENDS: [&str; 2] = ["order.cancelled", "order.expired"];

/// The `webhook-id` of what is reported: `msg_` and 32 hexadecimal digits. Standard Webhooks joins the signed parts with dots, so
/// the id has none. `source` is the id of an event, or [`of_end`].
pub fn webhook_id(source: &str) -> String {
    format!("msg_{}", digest(source))
}

/// The source of the webhook that announces an end of the order, one of [`ENDS`].
pub fn of_end(order: &OrderId, kind: &str) -> String {
    format!("{order}/{kind}")
}

/// The first half of a SHA-256, as 32 hexadecimal digits.
pub fn digest(text: &str) -> String {
    let half = Sha256::digest(text).iter().take(16).fold(0_u128, |half, byte| half << 8 | u128::from(*byte));
    format!("{half:032x}")
}
