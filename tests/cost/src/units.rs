//! What DynamoDB charges for a request, from the sizes of its items.
//!
//! - A write: one unit for each started KiB of the larger of the item before and after; twice as many in a transaction. A
//!   refused write costs as much as the write.
//! - An index: one write for an entry that appears, disappears or changes what is projected, two for one whose key changes.
//! - A consistent read: one unit for each started 4 KiB, half of it if the read need not be consistent; at least one unit,
//!   or half.
//!
//! [DynamoDB, "Read and write operations"](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html),
//! [DynamoDB, "Using global secondary indexes"](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations)

use aws::size::Attributes;
use event_store::{Document, Key};
use events::Service;
use std::collections::BTreeSet;
use steps::Table;

/// An index of a table, as the template declares it.
#[derive(Debug, Clone, Copy)]
pub struct Index {
    /// The table.
    pub table: Table,
    /// The attribute that partitions it.
    pub partition: &'static str,
    /// The attribute that orders it.
    pub order: &'static str,
    /// Whether its entries hold the document, or only keys.
    pub has_document: bool,
    /// Whether it exists for the search alone.
    pub is_for_search: bool,
}

/// Every index of the template. A test compares them with it.
pub const INDEXES: [Index; 6] = [
    Index::of(Table::OrderViews, "open_shard", "deadline").with_documents(),
    Index::of(Table::OrderViews, "attention", "sk").for_search(),
    Index::of(Table::Of(Service::Payments), "inbox", "received_at"),
    Index::of(Table::Of(Service::Shipping), "inbox", "received_at"),
    Index::of(Table::Callbacks, "endpoint", "created_at").with_documents(),
    Index::of(Table::Callbacks, "pending_shard", "overdue_at").with_documents(),
];

/// Whether an item exists for the search alone.
pub(crate) fn is_look_up(key: &Key) -> bool {
    key.pk.starts_with("find#")
}

/// An item as an index sees it: its attributes that partition and order, and what is projected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    key: (String, String),
    document: String,
    bytes: usize,
}

impl Index {
    const fn of(table: Table, partition: &'static str, order: &'static str) -> Self {
        Self { table, partition, order, has_document: false, is_for_search: false }
    }

    const fn with_documents(mut self) -> Self {
        self.has_document = true;
        self
    }

    const fn for_search(mut self) -> Self {
        self.is_for_search = true;
        self
    }

    /// The item's entry in this index; `None` if an attribute of its key is missing.
    pub fn entry(&self, key: &Key, document: &Document, sizes: &Attributes) -> Option<Entry> {
        let value = |name: &str| {
            if name == "sk" {
                return Some(key.sk.clone());
            }
            let found = document.attributes.iter().find(|(attribute, _)| *attribute == name);
            found.map(|(_, value)| value.clone())
        };
        let projected: BTreeSet<&str> = ["pk", "sk", self.partition, self.order].into();
        let projected = projected.into_iter().chain(self.has_document.then_some("document"));
        Some(Entry {
            key: (value(self.partition)?, value(self.order)?),
            document: if self.has_document { document.body.to_string() } else { String::new() },
            bytes: projected.filter_map(|name| sizes.get(name)).sum(),
        })
    }
}

impl Entry {
    /// The bytes of what is projected.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

/// The bytes of a whole item.
pub(crate) fn total(sizes: &Attributes) -> usize {
    sizes.values().sum()
}

/// The units of a write whose larger image has these bytes.
pub(crate) fn write(bytes: usize) -> u64 {
    started(bytes, 1024)
}

/// The units of the change of an index's entry.
pub(crate) fn index_write(before: Option<&Entry>, after: Option<&Entry>) -> u64 {
    match (before, after) {
        (None, None) => 0,
        (Some(entry), None) | (None, Some(entry)) => write(entry.bytes),
        (Some(before), Some(after)) if before.key != after.key => write(before.bytes) + write(after.bytes),
        (Some(before), Some(after)) if before == after => 0,
        (Some(before), Some(after)) => write(before.bytes.max(after.bytes)),
    }
}

/// Half read units of a read of this many bytes.
pub(crate) fn read_halves(bytes: usize, is_consistent: bool) -> u64 {
    started(bytes, 4096) * if is_consistent { 2 } else { 1 }
}

fn started(bytes: usize, of: usize) -> u64 {
    u64::try_from(bytes.div_ceil(of).max(1)).unwrap_or(u64::MAX)
}
