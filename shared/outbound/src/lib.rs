//! The ports to everything outside a service's own table: HTTP, host names, secrets, mail, text messages, topics, queues.
//!
//! Each port is narrow and named for the need; `shared/aws` has one adapter file for each file here. Beside the ports are the
//! parts that every adapter shares: the circuit [`Breaker`], cached secrets, calls under an API key that may be rotated.

mod addresses;
mod api_key;
mod batches;
mod breaker;
mod deploys;
mod functions;
mod gauges;
mod http;
mod letters;
mod mail;
mod queue;
mod random;
mod secrets;
mod sockets;
mod topic;
mod work;

pub use addresses::{NameError, Names, Networks, is_public};
pub use api_key::send_with_key;
pub use batches::{BatchError, BatchStore, StoredBatch};
pub use breaker::Breaker;
pub use deploys::{DeployError, DeployTarget, Deploys};
pub use functions::{ALIAS, Functions, NotAnswered, Versions};
pub use gauges::{Depth, GaugeError, Metric, Metrics, QueueGauge, Reading};
pub use http::{Answer, Call, CallError, Method, Transport, answer_within};
pub use letters::{DeadLetterQueue, DeadLetteredBy, Letter, MOST_AT_ONCE};
pub use mail::{Mail, MailError, Mailer, Text, Texter};
pub use queue::{DeadLetter, Queue, QueueError};
pub use random::{RANDOM_BYTES, RandomBytes, SystemRandomBytes};
pub use secrets::{CachedSecrets, Secret, SecretError, SecretStore, Secrets};
pub use sockets::{LARGEST_FRAME, SocketError, Sockets};
pub use topic::{LARGEST_PUBLICATION, Publication, PublishError, Topic, Undeliverable};
pub use work::{LONGEST_DELAY, Work, WorkQueue};
