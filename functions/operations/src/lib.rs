//! Operations: what those who run the stack need beside the order's way.

mod health;
mod inbox;

pub use health::Health;
pub use inbox::{Tray, WebhookInbox};
