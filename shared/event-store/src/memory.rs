//! The in-memory twin of a table. It keeps the same promises as DynamoDB, for tests, the model and the simulation.

use crate::limits::{check_document, check_event, check_key, check_pk};
use crate::stream::state_of;
use crate::{
    Aggregate, AppendError, Counters, Counts, Document, Documents, EventStore, Key, Marks, Move, Redaction,
    StoreError, StreamId, Transaction, TransactionError,
};
use async_trait::async_trait;
use events::Envelope;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

mod index;
mod marks;
mod scan;

pub use index::MemoryIndex;

/// A new item, as the table's stream carries it. A change of an item is not a new item.
#[derive(Debug, Clone, PartialEq)]
pub enum Written {
    /// An event.
    Event(Envelope),
    /// A document at a key that was free.
    Document(Key, Document),
}

/// A table in memory.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Table>);

#[derive(Debug, Default, Clone)]
struct Table {
    streams: HashMap<StreamId, Vec<Envelope>>,
    /// Every new item, oldest first: what the table's stream would carry.
    written: Vec<Written>,
    documents: BTreeMap<Key, Document>,
    counters: BTreeMap<Key, Counts>,
    marks: BTreeMap<Key, Marks>,
    indexes: index::Indexes,
}

/// A copy is independent: the model keeps the table's earlier states.
impl Clone for Memory {
    fn clone(&self) -> Self {
        Self(Mutex::new(self.table().clone()))
    }
}

impl Table {
    fn has_place(&self, stream: &StreamId, envelope: &Envelope) -> bool {
        let length = self.streams.get(stream).map_or(0, Vec::len);
        usize::try_from(envelope.sequence.number()).is_ok_and(|place| place == length + 1)
    }

    /// A written event as the table holds it now: an erasure may have redacted it since.
    fn present<'a>(&'a self, written: &'a Envelope) -> &'a Envelope {
        let stream = StreamId::of(written).ok().and_then(|stream| self.streams.get(&stream));
        let place = usize::try_from(written.sequence.number()).unwrap_or(usize::MAX);
        stream.and_then(|events| events.get(place.wrapping_sub(1))).unwrap_or(written)
    }

    fn push(&mut self, stream: &StreamId, envelope: &Envelope) {
        self.streams.entry(stream.clone()).or_default().push(envelope.clone());
        self.written.push(Written::Event(envelope.clone()));
    }

    fn insert(&mut self, key: &Key, document: &Document) {
        let before = self.documents.insert(key.clone(), document.clone());
        self.indexes.replace(key, before.as_ref(), Some(document));
        if before.is_none() {
            self.written.push(Written::Document(key.clone(), document.clone()));
        }
    }
}

impl Memory {
    /// The new items after the first `seen`, oldest first.
    pub fn stream_since(&self, seen: usize) -> Vec<Written> {
        self.table().written.get(seen..).unwrap_or_default().to_vec()
    }

    /// Up to `most` new items after the first `seen`, oldest first.
    pub fn stream_next(&self, seen: usize, most: usize) -> Vec<Written> {
        self.table().written.iter().skip(seen).take(most).cloned().collect()
    }

    /// How many new items were written so far.
    pub fn stream_length(&self) -> usize {
        self.table().written.len()
    }

    /// Every event, oldest first, as the table holds it.
    pub fn all_events(&self) -> Vec<Envelope> {
        self.written_since(0)
    }

    /// The events after the first `seen`, oldest first.
    pub fn written_since(&self, seen: usize) -> Vec<Envelope> {
        let table = self.table();
        let events = table.written.iter().filter_map(|written| match written {
            Written::Event(envelope) => Some(table.present(envelope)),
            Written::Document(..) => None,
        });
        events.skip(seen).cloned().collect()
    }

    /// The state of a stream, for a look from outside of every step. It copies no event.
    pub fn state<A: Aggregate>(&self, stream: &StreamId) -> Result<A, StoreError> {
        state_of(self.table().streams.get(stream).map_or(&[], Vec::as_slice))
    }

    /// Shows every event, oldest first, without copying it.
    pub fn visit_events(&self, mut see: impl FnMut(&Envelope)) {
        let table = self.table();
        for written in &table.written {
            if let Written::Event(envelope) = written {
                see(table.present(envelope));
            }
        }
    }

    /// All documents, by key.
    pub fn all_documents(&self) -> Vec<(Key, Document)> {
        self.table().documents.iter().map(|(key, document)| (key.clone(), document.clone())).collect()
    }

    /// All counters, by key.
    pub fn all_counts(&self) -> Vec<(Key, Counts)> {
        self.table().counters.iter().map(|(key, counts)| (key.clone(), counts.clone())).collect()
    }

    /// The twin of an index: the documents that have both attributes, partitioned by the first and ordered by the second. `pk` and
    /// `sk` are those of the table itself.
    pub fn index(self: &Arc<Self>, partition: &'static str, order: &'static str) -> MemoryIndex {
        MemoryIndex::new(self, partition, order)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl EventStore for Memory {
    async fn read(&self, stream: &StreamId) -> Result<Vec<Envelope>, StoreError> {
        check_pk(&stream.to_string())?;
        Ok(self.table().streams.get(stream).cloned().unwrap_or_default())
    }

    async fn append(&self, stream: &StreamId, envelope: &Envelope) -> Result<(), AppendError> {
        check_event(stream, envelope)?;
        let mut table = self.table();
        if !table.has_place(stream, envelope) {
            return Err(AppendError::Conflict);
        }
        table.push(stream, envelope);
        Ok(())
    }
}

#[async_trait]
impl Redaction for Memory {
    async fn redact(&self, stream: &StreamId, redacted: &Envelope) -> Result<bool, StoreError> {
        check_event(stream, redacted)?;
        let place = usize::try_from(redacted.sequence.number()).unwrap_or(usize::MAX).wrapping_sub(1);
        let mut table = self.table();
        let stored = table.streams.get_mut(stream).and_then(|events| events.get_mut(place));
        let Some(stored) = stored.filter(|stored| stored.event_type == redacted.event_type) else {
            return Ok(false);
        };
        *stored = redacted.clone();
        Ok(true)
    }
}

#[async_trait]
impl Documents for Memory {
    async fn get(&self, key: &Key) -> Result<Option<Document>, StoreError> {
        check_key(key)?;
        Ok(self.table().documents.get(key).cloned())
    }

    async fn get_many(&self, keys: &[Key]) -> Result<Vec<(Key, Document)>, StoreError> {
        keys.iter().try_for_each(check_key)?;
        let table = self.table();
        Ok(keys.iter().filter_map(|key| Some((key.clone(), table.documents.get(key)?.clone()))).collect())
    }

    async fn put(&self, key: &Key, document: &Document) -> Result<(), StoreError> {
        check_document(key, document)?;
        self.table().insert(key, document);
        Ok(())
    }

    async fn put_new(&self, key: &Key, document: &Document) -> Result<bool, StoreError> {
        check_document(key, document)?;
        let mut table = self.table();
        if table.documents.contains_key(key) {
            return Ok(false);
        }
        table.insert(key, document);
        Ok(true)
    }

    async fn put_newer(&self, key: &Key, document: &Document) -> Result<bool, StoreError> {
        check_document(key, document)?;
        let mut table = self.table();
        if table.documents.get(key).is_some_and(|there| there.version >= document.version) {
            return Ok(false);
        }
        table.insert(key, document);
        Ok(true)
    }

    async fn list(&self, pk: &str, prefix: &str) -> Result<Vec<(Key, Document)>, StoreError> {
        check_pk(pk)?;
        let table = self.table();
        let from = table.documents.range(Key::new(pk, prefix)..);
        let found = from.take_while(|(key, _)| key.pk == pk && key.sk.starts_with(prefix));
        Ok(found.map(|(key, document)| (key.clone(), document.clone())).collect())
    }

    async fn delete(&self, key: &Key) -> Result<(), StoreError> {
        check_key(key)?;
        let mut table = self.table();
        let before = table.documents.remove(key);
        table.indexes.replace(key, before.as_ref(), None);
        Ok(())
    }
}

#[async_trait]
impl Counters for Memory {
    async fn counts(&self, key: &Key) -> Result<Option<Counts>, StoreError> {
        check_key(key)?;
        Ok(self.table().counters.get(key).cloned())
    }

    async fn set(
        &self,
        key: &Key,
        expected: Option<u64>,
        values: &[(&'static str, i64)],
    ) -> Result<bool, StoreError> {
        check_key(key)?;
        let mut table = self.table();
        if table.counters.get(key).map(|counts| counts.version) != expected {
            return Ok(false);
        }
        let version = expected.map_or(1, |version| version + 1);
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        table.counters.insert(key.clone(), Counts { values, version });
        Ok(true)
    }

    async fn commit(&self, transaction: &Transaction) -> Result<(), TransactionError> {
        transaction.check()?;
        let mut table = self.table();
        let event_fits =
            transaction.event.as_ref().is_none_or(|(stream, envelope)| table.has_place(stream, envelope));
        let document_fits =
            transaction.document.as_ref().is_none_or(|(key, _)| !table.documents.contains_key(key));
        if !(event_fits && document_fits) {
            return Err(TransactionError::Conflict);
        }
        let mut moved = Vec::new();
        let mut refused = Vec::new();
        for Move { key, changes, only_if } in &transaction.moves {
            let found = table.counters.get(key).cloned().unwrap_or_default();
            let mut counts = found.clone();
            counts.version += 1;
            for (name, change) in changes {
                *counts.values.entry((*name).to_owned()).or_default() += change;
            }
            if changes.iter().any(|(name, _)| counts.get(name) < 0) || !found.meets(only_if) {
                refused.push((key.clone(), found));
            }
            if !changes.is_empty() {
                moved.push((key.clone(), counts));
            }
        }
        if !refused.is_empty() {
            return Err(TransactionError::Refused(refused));
        }
        table.counters.extend(moved);
        if let Some((stream, envelope)) = &transaction.event {
            table.push(stream, envelope);
        }
        if let Some((key, document)) = &transaction.document {
            table.insert(key, document);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
