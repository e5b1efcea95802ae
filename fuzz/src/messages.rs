//! Any message of a queue is read as an event or refused, and an event that was read is written unchanged.

use runtime::queue::Message;

/// The bytes are the body of a message.
pub fn messages(data: &[u8]) -> bool {
    let Ok(body) = std::str::from_utf8(data) else { return false };
    let Ok(message) = Message::read(body, 1) else { return false };
    let written = serde_json::to_string(&message.envelope).expect("an envelope is JSON");
    let again = Message::read(&written, 1).expect("a written envelope can be read back");
    assert_eq!(again.envelope, message.envelope, "the envelope changed");
    assert_eq!(again.event, message.event, "the event changed");
    true
}
