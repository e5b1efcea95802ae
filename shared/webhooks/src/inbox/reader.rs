//! Applies inbox items to the service that owns them: once, for every service that has an inbox.
//!
//! [`InboxReader`] reads a record of the table's stream (a new inbox item, or a [`replay`] of one), has the service parse and
//! apply it ([`Handler`]), and writes the [`Verdict`] next to it. A report that matches nothing yet is parked under a key that
//! will be known later: `<partition>` / `parked#<event id>`, a pointer into the inbox. [`InboxReader::drain`] applies what is
//! parked once the event that carries the key is in the stream.
//!
//! No report is missed, because both sides write first and read afterwards. This side parks, records `Parked`, then looks once
//! more. The writer of the event writes it first, then drains. `Parked` is recorded before that last look, so that a
//! concurrent drain overwrites it with the final verdict and never the reverse. Applying an item again changes nothing.

use super::verdict::{Verdict, conclude};
use super::{InboxItem, forgotten_at, key, open, replay};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use event_store::{Document, Documents, Key, StoreError};
use events::{Cause, EventId};
use jiff::SignedDuration;
use resilience::{Clock, Failure};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;

/// The longest id of an event that the id of a cause keeps whole.
const LONGEST_CAUSE: usize = 200;

/// What the sort key of every parked pointer begins with.
pub const PARKED: &str = "parked#";

/// An inbox item with its body unpacked.
#[derive(Debug)]
pub struct Webhook<'a> {
    /// The sender it came from (`stripe`, `standard-payments`).
    pub source: &'a str,
    /// Its inbox item.
    pub item: &'a InboxItem,
    /// The body's exact bytes.
    pub body: &'a [u8],
}

impl Webhook<'_> {
    /// The cause that events of this webhook name: `<kind>/<event id>`, under the trace of its request.
    pub fn cause(&self, kind: &str) -> Cause {
        let id = EventId::outside(kind, &shortened(&self.item.event_id));
        Cause { id, traceparent: self.item.traceparent.clone(), actor: None }
    }
}

/// The id of an event in the id of a cause, which keeps 200 characters. The end of a longer one is replaced by a digest of the
/// whole, because two webhooks with the same cause would be one.
fn shortened(event_id: &str) -> Cow<'_, str> {
    if event_id.len() <= LONGEST_CAUSE {
        return event_id.into();
    }
    let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(event_id));
    let begin: String = event_id.chars().take(LONGEST_CAUSE - digest.len() - 1).collect();
    format!("{begin}~{digest}").into()
}

/// What a service does with the webhooks of its inbox.
#[async_trait]
pub trait Handler: Send + Sync {
    /// What a body is parsed into.
    type Report: Send + Sync;

    /// The sources of this inbox. A parked pointer that names no source belongs to the first.
    const SOURCES: &'static [&'static str];

    /// Why a webhook that reports nothing of use here is ignored.
    const NOTHING_REPORTED: &'static str;

    /// Parses a webhook; `None` if it reports nothing of use here. Reject: the body is not of its shape.
    fn parse(&self, webhook: &Webhook<'_>) -> Result<Option<Self::Report>, Failure>;

    /// The partition under which a report is parked while nothing matches it.
    fn partition(&self, report: &Self::Report) -> String;

    /// How long a report waits for its match, and why it cannot have one afterwards. `None`: until it expires. Its pointer stays
    /// even then, so a match that comes later still applies it.
    fn waits(&self, _report: &Self::Report) -> Option<(SignedDuration, &'static str)> {
        None
    }

    /// Applies a report. Applying it again must change nothing and give the same verdict.
    async fn apply(&self, webhook: &Webhook<'_>, report: &Self::Report) -> Result<Outcome, Failure>;
}

/// What became of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was applied, or needs nothing.
    Resolved(Verdict),
    /// Nothing matches it yet.
    Unmatched,
}

/// A pointer to a parked inbox item.
#[derive(Serialize, Deserialize)]
pub(super) struct Parked {
    pub(super) event_id: String,
    /// Pointers of older versions lack it.
    #[serde(default)]
    pub(super) source: Option<String>,
}

/// The source and the event id to which a parked pointer points. `sources` are those of its service.
pub fn parked(pointer: &Key, document: &Document, sources: &[&str]) -> Result<(String, String), StoreError> {
    let Parked { event_id, source } = document.read(pointer)?;
    let source = source.or_else(|| sources.first().map(|first| (*first).to_owned())).unwrap_or_default();
    Ok((source, event_id))
}

/// Reads the inbox of one service. See the module.
pub struct InboxReader<'a, H> {
    /// The table of the inbox.
    pub documents: &'a dyn Documents,
    /// Dates parked pointers.
    pub clock: &'a dyn Clock,
    /// The service.
    pub handler: H,
}

impl<H: Handler> InboxReader<'_, H> {
    /// Handles a document of the table's stream: applies a new inbox item, or one that is replayed; ignores all others.
    /// Reject: the item cannot be applied; its verdict says why.
    pub async fn read(&self, record: &Key, document: &Document) -> Result<(), Failure> {
        let requested = |source: &&'static str| Some((*source, replay::asks_for(record, source)?));
        let Some((source, key)) = H::SOURCES.iter().find_map(requested) else { return Ok(()) };
        if key == *record {
            self.process(source, &key, document).await
        } else {
            self.process_stored(source, &key).await
        }
    }

    /// Applies everything that is parked under `partition`, whose key is known now. Pointers stay until they expire.
    pub async fn drain(&self, partition: &str) -> Result<(), Failure> {
        let mut rejected = Vec::new();
        for (key, document) in self.documents.list(partition, PARKED).await? {
            match self.drain_one(&key, &document).await {
                Ok(()) => {}
                // An item that can never be applied must not block the others.
                Err(Failure::Reject { reason }) => rejected.push(format!("{key}: {reason}")),
                Err(retry @ Failure::Retry { .. }) => return Err(retry),
            }
        }
        if rejected.is_empty() { Ok(()) } else { Err(Failure::reject(rejected.join("; "))) }
    }

    async fn drain_one(&self, pointer: &Key, document: &Document) -> Result<(), Failure> {
        let (source, event_id) = parked(pointer, document, H::SOURCES)?;
        self.process_stored(&source, &key(&source, &event_id)).await
    }

    /// An item that has expired meanwhile is too old to be applied. Tables delete what has expired within days, the verdict perhaps
    /// before the item.
    async fn process_stored(&self, source: &str, key: &Key) -> Result<(), Failure> {
        match self.documents.get(key).await? {
            Some(document) if document.has_expired(self.clock.now()) => {
                tracing::warn!(webhook = %key, "ignored: the webhook has expired, and is too old to be applied again");
                Ok(())
            }
            Some(document) => self.process(source, key, &document).await,
            None => Ok(()),
        }
    }

    async fn process(&self, source: &str, key: &Key, document: &Document) -> Result<(), Failure> {
        let (item, body) = open(document, key)?;
        if item.is_erased() {
            tracing::info!(webhook = %key, "ignored: the webhook was erased");
            return Ok(());
        }
        let webhook = Webhook { source, item: &item, body: &body };
        match self.resolve(&webhook).await {
            Ok(Outcome::Resolved(verdict)) => self.conclude(&webhook, verdict).await,
            // `Parked` is recorded already, and a concurrent drain may have overwritten it.
            Ok(Outcome::Unmatched) => Ok(()),
            Err(Failure::Reject { reason }) => {
                self.conclude(&webhook, Verdict::Failed { reason: reason.clone() }).await?;
                Err(Failure::reject(reason))
            }
            Err(retry @ Failure::Retry { .. }) => Err(retry),
        }
    }

    async fn resolve(&self, webhook: &Webhook<'_>) -> Result<Outcome, Failure> {
        let Some(report) = self.handler.parse(webhook)? else {
            return Ok(Outcome::Resolved(Verdict::Ignored { reason: H::NOTHING_REPORTED.to_owned() }));
        };
        if let resolved @ Outcome::Resolved(_) = self.handler.apply(webhook, &report).await? {
            return Ok(resolved);
        }
        self.park(webhook, self.handler.partition(&report)).await?;
        // The match may have appeared between the first look and the parking, and its drain may have run before it.
        let outcome = self.handler.apply(webhook, &report).await?;
        if outcome == Outcome::Unmatched {
            let waited = self.clock.now().duration_since(webhook.item.received_at);
            if let Some((_, reason)) = self.handler.waits(&report).filter(|(longest, _)| waited > *longest) {
                return Err(Failure::reject(reason));
            }
            tracing::info!(webhook.id = webhook.item.event_id, "parked until its order is known");
        }
        Ok(outcome)
    }

    async fn park(&self, webhook: &Webhook<'_>, partition: String) -> Result<(), Failure> {
        let event_id = webhook.item.event_id.clone();
        let pointer = Key::new(partition, format!("{PARKED}{event_id}"));
        let parked = Parked { event_id, source: Some(webhook.source.to_owned()) };
        let parked = Document::of(&parked).until(forgotten_at(webhook.item.received_at));
        self.documents.put(&pointer, &parked).await?;
        self.conclude(webhook, Verdict::Parked { key: pointer.pk }).await
    }

    async fn conclude(&self, webhook: &Webhook<'_>, verdict: Verdict) -> Result<(), Failure> {
        Ok(conclude(self.documents, webhook.source, webhook.item, verdict).await?)
    }
}

#[cfg(test)]
mod tests;
