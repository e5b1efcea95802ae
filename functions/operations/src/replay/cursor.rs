//! The cursor of a replay: where the request goes on. It holds keys and a time, and no content.

use event_store::Key;
use jiff::Timestamp;
use resilience::Failure;
use runtime::cursor;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cursor {
    /// A digest of the request, so that the cursor of another one is refused.
    of: String,
    /// The key behind which the request goes on; `None` is the beginning.
    after: Option<(String, String)>,
    /// The end of the line of messages, see `pace`.
    pub(super) paced_until: Timestamp,
}

impl Cursor {
    pub(super) fn start(of: &str, now: Timestamp) -> Self {
        Self { of: of.to_owned(), after: None, paced_until: now }
    }

    pub(super) fn position(&self) -> Option<Key> {
        self.after.as_ref().map(|(pk, sk)| Key::new(pk, sk))
    }

    pub(super) fn move_to(&mut self, key: &Key) {
        self.after = Some((key.pk.clone(), key.sk.clone()));
    }

    pub(super) fn encode(&self) -> String {
        cursor::encode(self)
    }

    pub(super) fn decode(text: &str, of: &str) -> Result<Self, Failure> {
        cursor::decode::<Self>(text).filter(|cursor| cursor.of == of).ok_or_else(|| {
            Failure::reject(
                "the cursor does not belong to this request: repeat service, to, do and selection, or leave it out",
            )
        })
    }
}
