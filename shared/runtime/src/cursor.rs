//! Cursors: where a list or an operator's command goes on, as a text that the client sends back and need not understand.
//!
//! What the client sends is untrusted: the reader checks that it belongs to the same request, and that it names a place which the table
//! can have.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A place as a text: JSON in base64url.
pub fn encode(place: &impl Serialize) -> String {
    // Our places have only string keys and no fallible serializer, so writing them as JSON cannot fail.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(place).unwrap_or_default())
}

/// The place that a text may stand for; `None` if it is none of this form.
pub fn decode<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}
