//! The cursor of a list: the position at which a page ended, opaque to the client.
//!
//! It also contains a digest of the list's name, so that a cursor of another list is refused.

use crate::Summary;
use crate::summary::OPEN_SHARDS;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use event_store::{Key, Position};
use jiff::Timestamp;
use runtime::cursor;
use runtime::http::Problem;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cursor {
    /// A digest of the list's name.
    list: String,
    /// The partition of the list in which the page ended.
    pub(crate) shard: u8,
    /// The position in the partition; `None` is its beginning.
    pub(crate) position: Option<Position>,
}

impl Cursor {
    pub(crate) fn start(list: &str) -> Self {
        Self::at(list, 0, None)
    }

    pub(crate) fn at(list: &str, shard: u8, position: Option<Position>) -> Self {
        Self { list: digest(list), shard, position }
    }

    pub(crate) fn encode(&self) -> String {
        cursor::encode(self)
    }

    pub(crate) fn decode(text: &str, list: &str) -> Result<Self, Problem> {
        cursor::decode::<Self>(text)
            .filter(|cursor| cursor.list == digest(list) && cursor.shard < OPEN_SHARDS)
            .filter(|cursor| cursor.position.as_ref().is_none_or(is_a_view))
            .ok_or_else(|| {
                Problem::bad_request("the cursor does not belong to this list; start without a cursor")
            })
    }
}

/// Whether the position is that of a view. A client can forge a cursor, and the table rejects any other position.
fn is_a_view(position: &Position) -> bool {
    let key = Key::new(&position.pk, &position.sk);
    let is_order = position.order == position.sk || position.order.parse::<Timestamp>().is_ok();
    Summary::order_of(&key).is_some() && is_order
}

fn digest(list: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(list)[..9])
}

#[cfg(test)]
mod tests;
