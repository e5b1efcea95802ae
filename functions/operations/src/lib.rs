//! Operations: what those who run the stack need beside the order's way.

mod health;
mod inbox;
mod redrive;
mod standard;

pub use health::Health;
pub use inbox::{Tray, WebhookInbox};
pub use redrive::{Do, InvalidPlaces, LetterBox, Places, Redrive, RedriveDeadLetters};
pub use standard::StandardWebhook;
