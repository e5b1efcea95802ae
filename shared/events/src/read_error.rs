//! Why an envelope cannot be read.

/// Why this build cannot read an envelope, and what its consumer does with the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The service emits no such type. The message is rejected.
    #[error("{emitter} emits no event of the type {event_type}")]
    UnknownType {
        /// The envelope's `source`.
        emitter: String,
        /// The unknown type.
        event_type: String,
    },
    /// A newer writer is being rolled out. The message is retried later.
    #[error("{event_type} has data version {found}, and this build reads up to {known}")]
    NewerVersion {
        /// The event's type.
        event_type: String,
        /// The envelope's data version.
        found: u32,
        /// The newest version that this build reads.
        known: u32,
    },
    /// The data does not have the shape of its type. The message is rejected.
    #[error("the data of {event_type} is malformed: {reason}")]
    Malformed {
        /// The event's type.
        event_type: String,
        /// The parser's complaint, without values.
        reason: String,
    },
}
