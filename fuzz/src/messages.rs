//! Any message of a queue: read as one of our events, or refused with a reason; and what is read is written the same.

use runtime::queue::Message;

/// The bytes are the body of a message.
pub fn messages(data: &[u8]) -> bool {
    let Ok(body) = std::str::from_utf8(data) else { return false };
    let Ok(message) = Message::read(body, 1) else { return false };
    let written = serde_json::to_string(&message.envelope).expect("an envelope is JSON");
    let again = Message::read(&written, 1).expect("what was written reads back");
    assert_eq!(again.envelope, message.envelope, "an envelope changes when it is passed on");
    assert_eq!(again.event, message.event, "an event changes when it is passed on");
    true
}
