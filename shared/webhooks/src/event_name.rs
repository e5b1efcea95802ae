//! How a sender names one of its events: the id for deduplication, and the type.

use crate::senders::LONGEST as LONGEST_SENDER;

/// The longest event type that is kept.
const LONGEST_NAME: usize = 200;
/// The longest id that a sender may give an event.
const LONGEST_ID: usize = 255;
/// The longest id in the inbox: a sender's name, a dot, and its id.
const LONGEST_KEPT_ID: usize = LONGEST_SENDER + 1 + LONGEST_ID;

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
        is_kept_id(&self.id) && is_name(&self.event_type)
    }
}

/// Whether a text can be a sender's id of an event: printable ASCII, for example `urn:uuid:…` or base64. `#` separates the
/// parts of a key, so an id has none.
pub fn is_event_id(text: &str) -> bool {
    text.len() <= LONGEST_ID && is_kept_id(text)
}

/// Whether a text can be the id of an inbox item: that of the event, for some senders after the sender's name.
pub fn is_kept_id(text: &str) -> bool {
    (1..=LONGEST_KEPT_ID).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic() && b != b'#')
}

/// Whether a text is a name without punctuation of URLs and keys, for example an event's type.
pub fn is_name(text: &str) -> bool {
    (1..=LONGEST_NAME).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}
