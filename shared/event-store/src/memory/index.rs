//! [`Pages`] of the in-memory twin. An index is kept in order as documents are written, as a table's is: to look for its
//! documents at each read would make a long simulation quadratic.

use super::Memory;
use crate::{Document, Key, Page, Pages, Position, StoreError, Walk};
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

/// The names of the attributes by which an index partitions and sorts.
type Attributes = (&'static str, &'static str);

/// The value of the sort attribute, and the key of the document.
type Entry = (String, Key);

/// Every index that was asked for, by its attributes; then by partition.
#[derive(Debug, Default, Clone)]
pub(super) struct Indexes(BTreeMap<Attributes, BTreeMap<String, BTreeSet<Entry>>>);

impl Indexes {
    /// The document at `key` is another now, or gone.
    pub(super) fn replace(&mut self, key: &Key, before: Option<&Document>, after: Option<&Document>) {
        for (attributes, partitions) in &mut self.0 {
            if let Some((partition, order)) = before.and_then(|document| place(key, document, *attributes))
                && let Some(entries) = partitions.get_mut(partition)
            {
                entries.remove(&(order.to_owned(), key.clone()));
            }
            if let Some((partition, order)) = after.and_then(|document| place(key, document, *attributes)) {
                let entries = partitions.entry(partition.to_owned()).or_default();
                entries.insert((order.to_owned(), key.clone()));
            }
        }
    }
}

/// Partition and order of a document in an index; `None` if it lacks one of the attributes.
fn place<'a>(
    key: &'a Key,
    document: &'a Document,
    (partition, order): Attributes,
) -> Option<(&'a str, &'a str)> {
    let value = |name: &str| match name {
        "pk" => Some(key.pk.as_str()),
        "sk" => Some(key.sk.as_str()),
        _ => {
            let found = document.attributes.iter().find(|(attribute, _)| *attribute == name);
            found.map(|(_, value)| value.as_str())
        }
    };
    value(partition).zip(value(order))
}

/// The twin of an index over a [`Memory`].
#[derive(Debug, Clone)]
pub struct MemoryIndex {
    memory: Arc<Memory>,
    attributes: Attributes,
}

impl MemoryIndex {
    pub(super) fn new(memory: &Arc<Memory>, partition: &'static str, order: &'static str) -> Self {
        let attributes = (partition, order);
        let mut table = memory.table();
        if !table.indexes.0.contains_key(&attributes) {
            let mut partitions: BTreeMap<String, BTreeSet<Entry>> = BTreeMap::new();
            for (key, document) in &table.documents {
                if let Some((partition, order)) = place(key, document, attributes) {
                    let entries = partitions.entry(partition.to_owned()).or_default();
                    entries.insert((order.to_owned(), key.clone()));
                }
            }
            table.indexes.0.insert(attributes, partitions);
        }
        drop(table);
        Self { memory: Arc::clone(memory), attributes }
    }
}

#[async_trait]
impl Pages for MemoryIndex {
    async fn page(
        &self,
        partition: &str,
        walk: Walk<'_>,
        limit: u32,
        position: Option<&Position>,
    ) -> Result<Page, StoreError> {
        let table = self.memory.table();
        let entries = table.indexes.0.get(&self.attributes).and_then(|index| index.get(partition));
        let start = position.map(|at| (at.order.clone(), Key::new(&at.pk, &at.sk)));
        let start = start.map_or(Unbounded, Excluded);
        let found: Box<dyn Iterator<Item = &Entry> + Send> = match (entries, walk) {
            (None, _) => Box::new(std::iter::empty()),
            (Some(entries), Walk::Forward) => Box::new(entries.range((start, Unbounded))),
            (Some(entries), Walk::Backward) => Box::new(entries.range((Unbounded, start)).rev()),
            (Some(entries), Walk::UpTo(last)) => {
                let found = entries.range((start, Unbounded));
                Box::new(found.take_while(move |(order, _)| order.as_str() <= last))
            }
            (Some(entries), Walk::Below(first)) => {
                // The smallest key that an entry with this value could have.
                let first = Excluded((first.to_owned(), Key::new("", "")));
                let start = if position.is_some() { start } else { first };
                Box::new(entries.range((Unbounded, start)).rev())
            }
        };
        let mut found = found;
        let page: Vec<&Entry> = found.by_ref().take(usize::try_from(limit).unwrap_or(usize::MAX)).collect();
        let next = match (found.next(), page.last()) {
            (Some(_), Some((order, key))) => {
                Some(Position { pk: key.pk.clone(), sk: key.sk.clone(), order: order.clone() })
            }
            _ => None,
        };
        let document = |(_, key): &Entry| Some((key.clone(), table.documents.get(key)?.clone()));
        Ok(Page { documents: page.into_iter().filter_map(document).collect(), next })
    }
}
