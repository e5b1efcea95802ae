//! The inbox: a verified webhook is stored with one conditional write, and applied later by the reader of the table's stream.
//!
//! The item is `webhook#<source>#<event id>` / `inbox`. The write's condition is on the sender's event id, so a duplicate changes
//! nothing. The body is compressed because the largest events come near the 400 KB limit of an item; the item expires after 30
//! days, long after any sender has stopped retrying.
//!
//! Next to it are its verdict ([`verdict`]) and the requests to apply it again ([`replay`]); [`reader`] applies it. Items and
//! verdicts are in the table's index `inbox` (by source, and by source and status; in the order of item), which holds keys
//! only. All webhooks of a source are one partition of it, which takes a thousand writes a second.

pub mod erasure;
pub mod reader;
pub mod replay;
pub mod verdict;

use crate::{EventName, Verified};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use event_store::{Document, Documents, Key, StoreError};
use events::{Cause, Traceparent};
use flate2::read::GzDecoder;
use flate2::{Compress, Compression, FlushCompress, Status};
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Read as _;

/// The sort key of every inbox item.
pub const SORT_KEY: &str = "inbox";

/// The index over inbox items and verdicts.
pub const INDEX: &str = "inbox";
/// The index's partition key: `<source>` for the items, `<source>#<status>` for the verdicts.
pub const INDEX_ATTRIBUTE: &str = "inbox";
/// The index's sort key.
pub const ORDER_ATTRIBUTE: &str = "received_at";

const KEPT_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The largest size of a body, compressed and as text; the rest of the 400 KB is for the attributes.
const LARGEST_PACKED: usize = 380_000;

/// The largest size of an unpacked body: more than the gateway accepts.
const LARGEST_BODY: u64 = 16 * 1024 * 1024;

/// A stored webhook. The body is read by [`open`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxItem {
    /// The sender's id of the event: the same for every duplicate.
    pub event_id: String,
    /// The sender's type of the event.
    pub event_type: String,
    /// When it arrived first.
    pub received_at: Timestamp,
    /// The trace of its request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<Traceparent>,
    /// The headers that help to trace it, by lower-case name. None of them is a proof or a secret.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// How it arrived.
    #[serde(default)]
    pub by: ReceivedBy,
    /// Gzip, then base64.
    body: String,
}

/// How a webhook arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceivedBy {
    /// The sender delivered it, signed.
    #[default]
    Delivery,
    /// We fetched it from the sender's API.
    Api,
}

impl InboxItem {
    /// An item of which only the index entry was read.
    pub fn without_body(event_id: String, event_type: String, received_at: Timestamp) -> Self {
        Self {
            event_id,
            event_type,
            received_at,
            traceparent: None,
            headers: BTreeMap::new(),
            by: ReceivedBy::Delivery,
            body: String::new(),
        }
    }
}

/// The headers that are kept, to investigate a delivery. Signatures are not kept, because a known signature can be sent again
/// while it is fresh.
const KEPT_HEADERS: [&str; 5] =
    ["user-agent", "webhook-id", "webhook-timestamp", "x-request-id", "x-webhook-user-id"];
/// How many characters are kept of a header's value: the longest id of an event.
const LONGEST_HEADER: usize = 255;

/// A webhook to keep: its sender, its event, and how it arrived.
#[derive(Debug, Clone, Copy)]
pub struct NewItem<'a> {
    /// The sender, for example `stripe`.
    pub source: &'a str,
    /// How it arrived.
    pub by: ReceivedBy,
    /// The id and type of its event.
    pub name: &'a EventName,
    /// All headers of its request.
    pub headers: &'a HeaderMap,
    /// The request.
    pub cause: &'a Cause,
}

/// The result of keeping a webhook. Both mean that it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is in the inbox now.
    New,
    /// It was in the inbox already.
    Seen,
}

/// The key of the event `event_id` of `source` (`stripe`, `easypost`).
pub fn key(source: &str, event_id: &str) -> Key {
    Key::new(format!("webhook#{source}#{event_id}"), SORT_KEY)
}

/// Stores a verified webhook, unless it is stored already. Invalid: the compressed body is too large for an item.
pub async fn keep(
    documents: &dyn Documents,
    arriving: &NewItem<'_>,
    body: &Verified<&[u8]>,
    now: Timestamp,
) -> Result<Kept, StoreError> {
    let NewItem { source, by, name, headers, cause } = arriving;
    let packed = pack(body.get());
    if packed.len() > LARGEST_PACKED {
        return Err(StoreError::Invalid(format!(
            "a webhook's body takes {} bytes compressed, and an item holds {LARGEST_PACKED}",
            packed.len()
        )));
    }
    let item = InboxItem {
        event_id: name.id.clone(),
        event_type: name.event_type.clone(),
        received_at: now,
        traceparent: cause.traceparent.clone(),
        headers: kept_headers(headers),
        by: *by,
        body: packed,
    };
    let document = Document::of(&item)
        .until(forgotten_at(now))
        .with(INDEX_ATTRIBUTE, *source)
        .with(ORDER_ATTRIBUTE, place_in_order(now));
    let new = documents.put_new(&key(source, &name.id), &document).await?;
    Ok(if new { Kept::New } else { Kept::Seen })
}

/// Reads an inbox item: its fields, and the body's exact bytes; none if it was erased.
pub fn open(document: &Document, key: &Key) -> Result<(InboxItem, Vec<u8>), StoreError> {
    let item: InboxItem = document.read(key)?;
    if item.is_erased() {
        return Ok((item, Vec::new()));
    }
    let body = unpack(&item.body).map_err(|reason| StoreError::Corrupt {
        pk: key.pk.clone(),
        sk: key.sk.clone(),
        attribute: "document",
        reason: reason.to_owned(),
    })?;
    Ok((item, body))
}

fn forgotten_at(since: Timestamp) -> Timestamp {
    since.saturating_add(KEPT_FOR).unwrap_or(Timestamp::MAX)
}

/// A time as text that sorts like the time: always with six digits of the second's fraction.
pub fn place_in_order(time: Timestamp) -> String {
    format!("{time:.6}")
}

fn kept_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::to_owned);
    let kept = KEPT_HEADERS.iter().filter_map(|name| Some(((*name).to_owned(), text(name)?)));
    kept.map(|(name, value)| (name, value.chars().take(LONGEST_HEADER).collect())).collect()
}

thread_local! {
    /// To set a compressor up takes longer than to compress a webhook, so each thread keeps one.
    static COMPRESSOR: RefCell<Compress> = RefCell::new(Compress::new_gzip(Compression::fast(), WINDOW_BITS));
}

/// The largest window that gzip has.
const WINDOW_BITS: u8 = 15;

#[expect(clippy::expect_used, reason = "writing to memory cannot fail")]
fn pack(body: &[u8]) -> String {
    let capacity = body.len() / 2 + 64;
    let mut packed = Vec::with_capacity(capacity);
    COMPRESSOR.with_borrow_mut(|compressor| {
        compressor.reset();
        loop {
            let read = usize::try_from(compressor.total_in()).expect("a length in memory");
            let rest = body.get(read..).unwrap_or_default();
            let status = compressor.compress_vec(rest, &mut packed, FlushCompress::Finish);
            if status.expect("memory takes every byte") == Status::StreamEnd {
                break;
            }
            packed.reserve(capacity);
        }
    });
    STANDARD.encode(packed)
}

fn unpack(text: &str) -> Result<Vec<u8>, &'static str> {
    let compressed = STANDARD.decode(text).map_err(|_| "the body is not base64")?;
    let mut body = Vec::new();
    GzDecoder::new(compressed.as_slice())
        .take(LARGEST_BODY)
        .read_to_end(&mut body)
        .map_err(|_| "the body is not gzip")?;
    Ok(body)
}

#[cfg(test)]
mod tests;
