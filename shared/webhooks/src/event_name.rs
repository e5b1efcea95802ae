//! How a sender names one of its events: the id for deduplication, and the type.

/// The longest event id and type that are kept.
const LONGEST_NAME: usize = 200;

/// The id and type of an event, read from its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventName {
    /// The source's id of the event, the same for every repeat.
    pub id: String,
    /// The source's type of the event.
    pub event_type: String,
}

impl EventName {
    /// Whether both can be part of a key.
    pub fn is_valid(&self) -> bool {
        is_name(&self.id) && is_name(&self.event_type)
    }
}

/// Whether a text can be an event's id or type: both become parts of keys and of URLs.
pub fn is_name(text: &str) -> bool {
    (1..=LONGEST_NAME).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}
