//! Operations: functions for the operators of the stack. They own no data.

mod explain;
mod health;
mod inbox;
mod place_canary;
mod probe_version;
mod queue_urls;
mod readiness;
mod redrive;
mod replay;
mod run_command;
mod standard;
pub mod subscriptions;
mod sweep_inbox;
#[cfg(test)]
mod testing;
mod write_heartbeats;

pub use explain::{ExplainOrder, LastsAtMost};
pub use health::Health;
pub use inbox::{InboxSource, InboxTable, WebhookInbox};
pub use place_canary::PlaceCanary;
pub use probe_version::{Asked, ProbeVersion};
pub use queue_urls::{DeadLetterUrls, InvalidQueueUrls, QueueUrls};
pub use readiness::{Build, GetReadiness, Queue, READERS, ReadinessTable, TABLES, table_setting};
pub use redrive::{Do, FunctionQueues, Redrive, RedriveDeadLetters};
pub use replay::{PlanOrSend, Replay, ReplayEvents, ServiceEvents};
pub use run_command::RunCommand;
pub use standard::StandardWebhook;
pub use sweep_inbox::SweepInbox;
pub use write_heartbeats::WriteHeartbeats;
