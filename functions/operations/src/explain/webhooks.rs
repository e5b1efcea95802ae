//! The webhooks of an order: those that led to its events, those that wait for it, and those that failed or are parked and name it.
//!
//! The first are found by the causes of the events, the second by the pointers under the order's intent and parcels, the third in
//! the inbox index: of each source the newest that failed, and the newest that are parked, searched for the order's own ids. The
//! body never leaves this file.

use super::known::Known;
use crate::inbox::{InboxSource, Summary};
use event_store::{Key, StoreError, Walk};
use events::{Envelope, OrderId};
use futures_util::future::try_join_all;
use std::collections::{BTreeMap, BTreeSet};
use webhooks::carriers::{parcel_partition, plain_code};
use webhooks::inbox::reader::{PARKED, parked};
use webhooks::inbox::verdict::{self, Conclusion, Status};
use webhooks::inbox::{self, InboxItem};

/// How many failed, and how many parked webhooks of a source are searched.
const SEARCHED: u32 = 25;
/// The kind of the causes of shipping's events that a webhook led to: `webhook/<source>/<event id>`.
const SHIPPING_KIND: &str = "webhook/";
/// A shorter text is in many bodies.
const SHORTEST_NAME: usize = 8;

/// The webhooks, oldest first, and whether more of them failed or are parked than were searched.
pub(super) struct Found {
    pub(super) webhooks: Vec<Summary>,
    pub(super) is_cut_off: bool,
}

/// Reads them.
pub(super) async fn of_order(
    sources: &[InboxSource],
    order: &OrderId,
    known: &Known,
    events: &[Envelope],
) -> Result<Found, StoreError> {
    let names = names(order, known);
    let pointers =
        try_join_all(partitions(sources, known).map(|(source, partition)| waiting(source, partition)));
    let searched = try_join_all(sources.iter().map(|source| search(source, &names)));
    let (pointers, searched) = futures_util::try_join!(pointers, searched)?;
    let mut ids: BTreeSet<(String, String)> = pointers.into_iter().flatten().collect();
    ids.extend(events.iter().filter_map(|event| webhook_of(sources, event)));
    let is_cut_off = searched.iter().any(|(_, has_more)| *has_more);
    for (source, (found, _)) in sources.iter().zip(searched) {
        ids.extend(found.into_iter().map(|id| (source.source.to_owned(), id)));
    }
    let summaries = try_join_all(sources.iter().map(|source| {
        let ids = ids.iter().filter(|(of, _)| of == source.source).map(|(_, id)| id.as_str()).collect();
        summaries(source, ids)
    }));
    let mut webhooks: Vec<Summary> = summaries.await?.into_iter().flatten().collect();
    webhooks.sort_by(|left, right| left.order().cmp(&right.order()));
    Ok(Found { webhooks, is_cut_off })
}

/// What a body holds that names the order.
fn names(order: &OrderId, known: &Known) -> Vec<String> {
    let codes = known.parcels.iter().flat_map(|(_, code)| [code.clone(), plain_code(code)]);
    let names: BTreeSet<String> =
        known.intent.clone().into_iter().chain(codes).filter(|name| name.len() >= SHORTEST_NAME).collect();
    std::iter::once(order.to_string()).chain(names).collect()
}

/// The source whose webhook caused the event, and the webhook's id.
fn webhook_of(sources: &[InboxSource], event: &Envelope) -> Option<(String, String)> {
    let cause = event.causationid.as_str();
    let (source, id) = cause.strip_prefix(SHIPPING_KIND).unwrap_or(cause).split_once('/')?;
    sources.iter().any(|known| known.source == source).then(|| (source.to_owned(), id.to_owned()))
}

/// The partitions under which webhooks wait for this order, each in the table of a source.
fn partitions<'a>(
    sources: &'a [InboxSource],
    known: &Known,
) -> impl Iterator<Item = (&'a InboxSource, String)> {
    let intents = known.intent.iter().map(|intent| ("stripe", format!("intent#{intent}")));
    let parcels = known.parcels.iter().map(|(carrier, code)| ("easypost", parcel_partition(carrier, code)));
    let partitions: Vec<(&str, String)> = intents.chain(parcels).collect();
    partitions.into_iter().filter_map(|(source, partition)| {
        sources.iter().find(|known| known.source == source).map(|known| (known, partition))
    })
}

async fn waiting(source: &InboxSource, partition: String) -> Result<Vec<(String, String)>, StoreError> {
    let pointers = source.documents.list(&partition, PARKED).await?;
    pointers.iter().map(|(key, document)| parked(key, document, &[source.source])).collect()
}

/// The ids of the source's newest failed and parked webhooks that name the order, and whether there are more than were searched.
async fn search(source: &InboxSource, names: &[String]) -> Result<(Vec<String>, bool), StoreError> {
    let partitions = [Status::Failed, Status::Parked].map(|status| status.partition(source.source));
    let pages = partitions
        .iter()
        .flatten()
        .map(|partition| async { source.index.page(partition, Walk::Backward, SEARCHED, None).await });
    let pages = try_join_all(pages).await?;
    let has_more = pages.iter().any(|page| page.next.is_some());
    let keys = pages.into_iter().flat_map(|page| page.documents);
    let keys: BTreeSet<Key> = keys.map(|(key, _)| Key::new(key.pk, inbox::SORT_KEY)).collect();
    let mut found = Vec::new();
    for (key, document) in read(source, &keys).await? {
        let (item, body) = inbox::open(&document, &key)?;
        if names.iter().any(|name| holds(&body, name.as_bytes())) {
            found.push(item.event_id);
        }
    }
    Ok((found, has_more))
}

fn holds(body: &[u8], name: &[u8]) -> bool {
    body.windows(name.len()).any(|part| part == name)
}

/// The verdicts on these webhooks; without one, the webhook itself.
async fn summaries(source: &InboxSource, ids: Vec<&str>) -> Result<Vec<Summary>, StoreError> {
    let at = |sk: &str| -> BTreeSet<Key> {
        ids.iter().map(|id| Key::new(inbox::key(source.source, id).pk, sk)).collect()
    };
    let mut found = BTreeMap::new();
    for (key, document) in read(source, &at(verdict::SORT_KEY)).await? {
        let conclusion: Conclusion = document.read(&key)?;
        found.insert(key.pk, Summary::concluded(source.source, conclusion));
    }
    let without: BTreeSet<Key> =
        at(inbox::SORT_KEY).into_iter().filter(|key| !found.contains_key(&key.pk)).collect();
    for (key, document) in read(source, &without).await? {
        let item: InboxItem = document.read(&key)?;
        found.insert(key.pk, Summary::of(source.source, &item, None));
    }
    Ok(found.into_values().collect())
}

async fn read(
    source: &InboxSource,
    keys: &BTreeSet<Key>,
) -> Result<Vec<(Key, event_store::Document)>, StoreError> {
    let keys: Vec<Key> = keys.iter().cloned().collect();
    let read = try_join_all(keys.chunks(100).map(|keys| source.documents.get_many(keys))).await?;
    Ok(read.into_iter().flatten().collect())
}
