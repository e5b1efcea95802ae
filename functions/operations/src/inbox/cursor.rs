//! The cursor of the webhook list: how far each source was read. It holds positions only.

use super::WebhookInbox;
use event_store::Position;
use jiff::Timestamp;
use runtime::cursor;
use runtime::http::Problem;
use serde::{Deserialize, Serialize};
use webhooks::inbox;
use webhooks::inbox::verdict;

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cursor {
    /// The filter of the list. The cursor is valid for the same filter only.
    list: String,
    /// The sources that have more.
    pub(super) places: Vec<Place>,
}

/// How far one source was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    pub(super) source: String,
    /// `None`: nothing was read.
    pub(super) after: Option<Position>,
}

impl Cursor {
    pub(super) fn new(list: String, places: Vec<Place>) -> Self {
        Self { list, places }
    }

    pub(super) fn encode(&self) -> String {
        cursor::encode(self)
    }

    pub(super) fn decode(text: &str, list: &str, of: &WebhookInbox) -> Result<Self, Problem> {
        cursor::decode::<Self>(text)
            .filter(|cursor| cursor.list == list)
            .filter(|cursor| cursor.places.iter().all(|place| place.is_valid(of)))
            .ok_or_else(|| Problem::bad_request("the cursor is not of this list; start without a cursor"))
    }
}

impl Place {
    /// A cursor is untrusted input, and the table fails on a position that is not of the index.
    fn is_valid(&self, of: &WebhookInbox) -> bool {
        let is_of_the_source = |position: &Position| {
            position.pk.starts_with(&inbox::key(&self.source, "").pk)
                && [inbox::SORT_KEY, verdict::SORT_KEY].contains(&position.sk.as_str())
                && position.order.parse::<Timestamp>().is_ok()
        };
        of.sources.iter().any(|inbox_source| inbox_source.source == self.source)
            && self.after.as_ref().is_none_or(is_of_the_source)
    }
}
