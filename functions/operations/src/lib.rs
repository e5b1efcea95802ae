//! Operations: what those who run the stack need beside the order's way.

mod health;
mod inbox;
mod redrive;
mod standard;
#[cfg(test)]
mod testing;

pub use health::Health;
pub use inbox::{InboxSource, WebhookInbox};
pub use redrive::{Do, FunctionQueues, InvalidQueueUrls, QueueUrls, Redrive, RedriveDeadLetters};
pub use standard::StandardWebhook;
