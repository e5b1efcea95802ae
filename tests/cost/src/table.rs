//! A table in memory that counts the requests which the adapter on DynamoDB makes, with their units.

use crate::meter::Meter;
use crate::units::{INDEXES, Index, index_write, is_look_up, read_halves, total, write};
use async_trait::async_trait;
use aws::size;
use event_store::{
    Advance, AppendError, Counters, Counts, Document, Documents, EventStore, Key, MarkMove, Memory,
    MemoryIndex, Page, Pages, Position, RateMarks, Redaction, StoreError, StreamId, Transaction,
    TransactionError, Walk,
};
use events::Envelope;
use jiff::Timestamp;
use std::sync::Arc;
use steps::Table;

/// One table and the meter of its requests.
#[derive(Clone)]
pub(crate) struct MeteredTable {
    /// Which table of the template.
    pub(crate) name: Table,
    /// What it holds.
    pub(crate) memory: Arc<Memory>,
    /// What counts.
    pub(crate) meter: Meter,
}

impl MeteredTable {
    fn reads(&self, operation: &'static str, halves: u64) {
        self.meter.request(operation);
        self.meter.count(|tally| tally.read_halves += halves);
    }

    /// A write of a document that replaces `before`.
    async fn wrote(&self, key: &Key, before: Option<&Document>) {
        let after = Documents::get(&*self.memory, key).await.ok().flatten();
        let [old, new] =
            [before, after.as_ref()].map(|document| document.map(|one| size::document(key, one)));
        let largest = [&old, &new].into_iter().flatten().map(total).max().unwrap_or_default();
        let entry = |index: &Index, document: Option<&Document>, sizes: &Option<size::Attributes>| {
            index.entry(key, document?, sizes.as_ref()?)
        };
        self.meter.count(|tally| {
            *if is_look_up(key) { &mut tally.search_writes } else { &mut tally.item_writes } +=
                write(largest);
            for index in INDEXES.iter().filter(|index| index.table == self.name) {
                let (old, new) = (entry(index, before, &old), entry(index, after.as_ref(), &new));
                let units = index_write(old.as_ref(), new.as_ref());
                *if index.is_for_search { &mut tally.search_writes } else { &mut tally.index_writes } +=
                    units;
            }
        });
    }

    fn wrote_event(&self, stream: &StreamId, envelope: &Envelope, times: u64) {
        let units = times * write(total(&size::event(stream, envelope)));
        self.meter.count(|tally| tally.item_writes += units);
    }

    async fn numbers(&self, key: &Key) -> usize {
        let counts = Counters::counts(&*self.memory, key).await.ok().flatten().unwrap_or_default();
        let values = counts.values.iter().map(|(name, value)| (name.as_str(), *value));
        let version = i64::try_from(counts.version).unwrap_or(i64::MAX);
        total(&size::numbers(key, values.chain([("version", version)])))
    }
}

#[async_trait]
impl EventStore for MeteredTable {
    async fn read(&self, stream: &StreamId) -> Result<Vec<Envelope>, StoreError> {
        let envelopes = EventStore::read(&*self.memory, stream).await?;
        let bytes = envelopes.iter().map(|envelope| total(&size::event(stream, envelope))).sum();
        self.reads("Query", read_halves(bytes, true));
        Ok(envelopes)
    }

    async fn append(&self, stream: &StreamId, envelope: &Envelope) -> Result<(), AppendError> {
        self.meter.request("PutItem");
        self.wrote_event(stream, envelope, 1);
        self.memory.append(stream, envelope).await
    }
}

#[async_trait]
impl Redaction for MeteredTable {
    async fn redact(&self, stream: &StreamId, redacted: &Envelope) -> Result<bool, StoreError> {
        self.meter.request("UpdateItem");
        // The size of the event before or after, whichever is larger: that before names the person.
        let before = EventStore::read(&*self.memory, stream).await?;
        let before = before.iter().find(|event| event.id == redacted.id).unwrap_or(redacted);
        self.wrote_event(stream, before, 1);
        self.memory.redact(stream, redacted).await
    }
}

#[async_trait]
impl Documents for MeteredTable {
    async fn get(&self, key: &Key) -> Result<Option<Document>, StoreError> {
        let found = Documents::get(&*self.memory, key).await?;
        let bytes = found.as_ref().map(|document| total(&size::document(key, document)));
        self.reads("GetItem", read_halves(bytes.unwrap_or_default(), true));
        Ok(found)
    }

    async fn get_many(&self, keys: &[Key]) -> Result<Vec<(Key, Document)>, StoreError> {
        let found = self.memory.get_many(keys).await?;
        let free = keys.len().saturating_sub(found.len());
        let of_free = read_halves(0, true) * u64::try_from(free).unwrap_or(u64::MAX);
        let halves =
            found.iter().map(|(key, document)| read_halves(total(&size::document(key, document)), true));
        self.reads("BatchGetItem", halves.sum::<u64>() + of_free);
        Ok(found)
    }

    async fn put(&self, key: &Key, document: &Document) -> Result<(), StoreError> {
        let before = Documents::get(&*self.memory, key).await?;
        self.meter.request("PutItem");
        self.memory.put(key, document).await?;
        self.wrote(key, before.as_ref()).await;
        Ok(())
    }

    async fn put_new(&self, key: &Key, document: &Document) -> Result<bool, StoreError> {
        let before = Documents::get(&*self.memory, key).await?;
        self.meter.request("PutItem");
        let is_new = self.memory.put_new(key, document).await?;
        self.wrote(key, before.as_ref()).await;
        Ok(is_new)
    }

    async fn put_newer(&self, key: &Key, document: &Document) -> Result<bool, StoreError> {
        let before = Documents::get(&*self.memory, key).await?;
        self.meter.request("PutItem");
        let is_newer = self.memory.put_newer(key, document).await?;
        self.wrote(key, before.as_ref()).await;
        Ok(is_newer)
    }

    async fn list(&self, pk: &str, prefix: &str) -> Result<Vec<(Key, Document)>, StoreError> {
        let found = Documents::list(&*self.memory, pk, prefix).await?;
        let bytes = found.iter().map(|(key, document)| total(&size::document(key, document))).sum();
        self.reads("Query", read_halves(bytes, true));
        Ok(found)
    }

    async fn delete(&self, key: &Key) -> Result<(), StoreError> {
        let before = Documents::get(&*self.memory, key).await?;
        self.meter.request("DeleteItem");
        self.memory.delete(key).await?;
        self.wrote(key, before.as_ref()).await;
        Ok(())
    }
}

#[async_trait]
impl Counters for MeteredTable {
    async fn counts(&self, key: &Key) -> Result<Option<Counts>, StoreError> {
        let bytes = self.numbers(key).await;
        self.reads("GetItem", read_halves(bytes, true));
        Counters::counts(&*self.memory, key).await
    }

    async fn set(
        &self,
        key: &Key,
        expected: Option<u64>,
        values: &[(&'static str, i64)],
    ) -> Result<bool, StoreError> {
        let is_set = Counters::set(&*self.memory, key, expected, values).await?;
        let bytes = self.numbers(key).await;
        self.meter.request("PutItem");
        self.meter.count(|tally| tally.item_writes += write(bytes));
        Ok(is_set)
    }

    async fn commit(&self, transaction: &Transaction) -> Result<(), TransactionError> {
        self.meter.request("TransactWriteItems");
        if let Some((stream, envelope)) = &transaction.event {
            self.wrote_event(stream, envelope, 2);
        }
        if let Some((key, document)) = &transaction.document {
            let units = 2 * write(total(&size::document(key, document)));
            self.meter.count(|tally| tally.item_writes += units);
        }
        for one in &transaction.moves {
            let units = 2 * write(self.numbers(&one.key).await);
            self.meter.count(|tally| tally.item_writes += units);
        }
        self.memory.commit(transaction).await
    }
}

#[async_trait]
impl RateMarks for MeteredTable {
    async fn advance(
        &self,
        key: &Key,
        now: i64,
        moves: &[MarkMove],
        expires_at: Timestamp,
    ) -> Result<Advance, StoreError> {
        let answer = self.memory.advance(key, now, moves, expires_at).await?;
        let (Advance::Done(marks) | Advance::Refused(marks)) = &answer;
        let values = marks.iter().map(|(name, value)| (name.as_str(), *value));
        let bytes = total(&size::numbers(key, values.chain([("expires_at", expires_at.as_second())])));
        self.meter.request("UpdateItem");
        self.meter.count(|tally| tally.item_writes += write(bytes));
        Ok(answer)
    }
}

/// An index of a table, metered.
pub(crate) struct MeteredIndex {
    /// What it is; `None` for the table itself.
    pub(crate) index: Option<Index>,
    /// What it holds.
    pub(crate) memory: MemoryIndex,
    /// What counts.
    pub(crate) meter: Meter,
}

#[async_trait]
impl Pages for MeteredIndex {
    async fn page(
        &self,
        partition: &str,
        walk: Walk<'_>,
        limit: u32,
        position: Option<&Position>,
    ) -> Result<Page, StoreError> {
        let page = self.memory.page(partition, walk, limit, position).await?;
        let entries = page.documents.iter().filter_map(|(key, document)| {
            let sizes = size::document(key, document);
            match &self.index {
                Some(index) => index.entry(key, document, &sizes).map(|entry| entry.bytes()),
                None => Some(total(&sizes)),
            }
        });
        let bytes = entries.sum();
        self.meter.request("Query");
        self.meter.count(|tally| tally.read_halves += read_halves(bytes, false));
        Ok(page)
    }
}
