//! [`EventScan`] of the in-memory twin. Its order is that of the keys.

use super::Memory;
use crate::{EventScan, Key, Scanned, StoreError};
use async_trait::async_trait;
use events::Envelope;
use std::collections::BTreeMap;

/// The bytes that half a read unit reads of a table.
const HALF_UNIT: usize = 4096;

#[async_trait]
impl EventScan for Memory {
    async fn scan(&self, position: Option<&Key>, limit: u32) -> Result<Scanned, StoreError> {
        let table = self.table();
        let documents = table.documents.iter().map(|(key, document)| {
            let bytes = document.body.to_string().len();
            (key.clone(), (None, bytes))
        });
        let events = table.streams.iter().flat_map(|(stream, envelopes)| {
            envelopes.iter().map(move |envelope| {
                (Key::of_event(stream, envelope), (Some(envelope), envelope.stored().len()))
            })
        });
        let all: BTreeMap<Key, (Option<&Envelope>, usize)> = documents.chain(events).collect();
        let rest = all.iter().filter(|(key, _)| position.is_none_or(|position| *key > position));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let page: Vec<_> = rest.take(limit).collect();
        let bytes: usize = page.iter().map(|(_, (_, bytes))| bytes).sum();
        let next = page.last().filter(|_| page.len() == limit).map(|(key, _)| (*key).clone());
        Ok(Scanned {
            events: page.iter().filter_map(|(_, (envelope, _))| envelope.cloned()).collect(),
            unreadable: Vec::new(),
            items: u32::try_from(page.len()).unwrap_or(u32::MAX),
            half_units: u64::try_from(bytes.div_ceil(HALF_UNIT)).unwrap_or(u64::MAX),
            next,
        })
    }
}
