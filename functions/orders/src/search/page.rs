//! One page of several partitions, merged: each is ordered by the sort key of views, the newest first. Pure.

use crate::summary::is_sort_key;
use event_store::{Document, Key, Page};
use runtime::cursor;
use runtime::http::{Problem, digest_of};
use serde::{Deserialize, Serialize};

/// A look-up item, a view, or the key of one.
pub(super) type Found = (Key, Document);

/// Where a page ended: the next one has only what is older. It is the same for every partition, because all are ordered by the
/// same sort key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Below(String);

/// A page: what was found, newest first, and where the next one begins; `None` if this is the last one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Merged {
    pub(super) found: Vec<Found>,
    pub(super) below: Option<Below>,
}

impl Merged {
    /// The newest `limit` entries. What is older than the end of an unfinished partition is left to the next page, because
    /// that partition may have entries in between. The same order in two partitions counts once.
    pub(super) fn of(pages: Vec<Page>, limit: u32) -> Self {
        let horizon = pages.iter().filter_map(|page| page.next.as_ref()).map(|next| next.sk.clone()).max();
        let mut found: Vec<Found> = pages.into_iter().flat_map(|page| page.documents).collect();
        found.retain(|(key, _)| horizon.as_ref().is_none_or(|horizon| key.sk >= *horizon));
        found.sort_by(|(one, _), (other, _)| other.sk.cmp(&one.sk));
        found.dedup_by(|(one, _), (other, _)| one.sk == other.sk);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let rest = found.split_off(limit.min(found.len()));
        let last = found.last().filter(|_| !rest.is_empty()).map(|(key, _)| key.sk.clone());
        Self { found, below: last.or(horizon).map(Below) }
    }
}

/// What a client sees of it, beside a digest of what was searched for: a cursor of another search is refused.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cursor {
    search: String,
    below: String,
}

impl Below {
    pub(super) fn sort_key(&self) -> &str {
        &self.0
    }

    pub(super) fn encode(self, partitions: &[String]) -> String {
        cursor::encode(&Cursor { search: search(partitions), below: self.0 })
    }

    pub(super) fn decode(text: &str, partitions: &[String]) -> Result<Self, Problem> {
        cursor::decode::<Cursor>(text)
            .filter(|cursor| cursor.search == search(partitions) && is_sort_key(&cursor.below))
            .map(|cursor| Self(cursor.below))
            .ok_or_else(|| {
                Problem::bad_request("the cursor does not belong to this search; start without a cursor")
            })
    }
}

fn search(partitions: &[String]) -> String {
    let parts: Vec<&str> = partitions.iter().map(String::as_str).collect();
    format!("{:016x}", digest_of(&parts) >> 64)
}

#[cfg(test)]
mod tests;
