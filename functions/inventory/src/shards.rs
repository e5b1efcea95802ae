//! A SKU's pieces on several items, for a SKU that is ordered more often than one item can be written.
//!
//! Shard 0 is the item that every SKU has. Two of its numbers describe the shards:
//! - [`SPREAD`]: over how many shards new orders are spread; missing or 0 for a SKU that is not hot.
//! - [`SHARDS`]: how many shards may hold pieces. It never falls, because an order that allocated pieces of a shard releases,
//!   commits and returns them there.
//!
//! An order allocates the pieces of a SKU in one shard, its home. If its home has too few, the same transaction draws pieces from
//! other shards. So each SKU of an order costs one action of later transactions, as without shards.

use event_store::{Counters, Counts, Key, Move, StoreError};
use events::{OrderId, Sku};
use futures_util::future::try_join_all;

/// The name of the number of pieces that can be sold.
pub const AVAILABLE: &str = "available";
/// The name of the number of pieces that are reserved for orders.
pub const ALLOCATED: &str = "allocated";

/// The name of the number of shards over which new orders are spread.
pub(crate) const SPREAD: &str = "spread";
/// The name of the number of shards that may hold pieces.
pub(crate) const SHARDS: &str = "shards";
/// The most shards of a SKU.
pub(crate) const MOST_SHARDS: u8 = 8;

const PREFIX: &str = "sku#";

/// The key of one shard of a SKU. A SKU has no `#`.
pub(crate) fn shard_key(sku: &Sku, shard: u8) -> Key {
    let pk = if shard == 0 { format!("{PREFIX}{sku}") } else { format!("{PREFIX}{sku}#{shard}") };
    Key::new(pk, "stock")
}

/// The SKU and the shard of a key.
pub(crate) fn shard_at(key: &Key) -> Option<(Sku, u8)> {
    let rest = key.pk.strip_prefix(PREFIX)?;
    let (sku, shard) = rest
        .split_once('#')
        .map_or(Some((rest, 0)), |(sku, shard)| shard.parse().ok().map(|shard| (sku, shard)))?;
    Some((Sku::try_from(sku).ok()?, shard))
}

/// How many shards may hold pieces of the SKU with this item. 1 if it was never hot.
pub(crate) fn shards_of(item: &Counts) -> u8 {
    u8::try_from(item.get(SHARDS)).unwrap_or(MOST_SHARDS).clamp(1, MOST_SHARDS)
}

/// Over how many shards new orders of the SKU with this item are spread. 1 if it is not hot.
pub(crate) fn spread_of(item: &Counts) -> u8 {
    u8::try_from(item.get(SPREAD)).unwrap_or(MOST_SHARDS).clamp(1, MOST_SHARDS)
}

/// The shard in which an order allocates. An order id is a digest, so orders are spread evenly.
pub(crate) fn home(order: &OrderId, spread: u8) -> u8 {
    let sum = order.as_str().bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    u8::try_from(sum % u32::from(spread.max(1))).unwrap_or_default()
}

/// All items of one SKU, in the order of their shards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shelf {
    items: Vec<Counts>,
}

impl Shelf {
    pub(crate) fn new(items: Vec<Counts>) -> Self {
        Self { items }
    }

    #[cfg(test)]
    pub(crate) fn items(&self) -> &[Counts] {
        &self.items
    }

    /// Over how many shards new orders are spread.
    pub(crate) fn spread(&self) -> u8 {
        self.items.first().map_or(1, spread_of)
    }

    /// Whether the SKU has more items than one.
    pub(crate) fn is_sharded(&self) -> bool {
        self.items.len() > 1
    }

    /// The numbers of one shard.
    pub(crate) fn item(&self, shard: usize) -> Counts {
        self.items.get(shard).cloned().unwrap_or_default()
    }

    /// The sum of a number over all shards.
    pub(crate) fn total(&self, name: &str) -> i64 {
        self.items.iter().map(|item| item.get(name)).sum()
    }

    /// The sum of the versions: it grows with each change of any shard.
    pub(crate) fn version(&self) -> u64 {
        self.items.iter().map(|item| item.version).sum()
    }

    fn available(&self) -> impl Iterator<Item = (u8, i64)> {
        (0_u8..).zip(self.items.iter().map(|item| item.get(AVAILABLE)))
    }

    /// The pieces to draw from other shards, so that `home` has `quantity` available; `None` if all shards together have fewer.
    ///
    /// It draws up to an even share, so that the next orders of the same home need not draw. The fullest shards give first.
    pub(crate) fn draw(&self, home: u8, quantity: i64) -> Option<Vec<(u8, i64)>> {
        let total = self.total(AVAILABLE);
        if total < quantity {
            return None;
        }
        let here = self.available().find(|(shard, _)| *shard == home).map_or(0, |(_, pieces)| pieces);
        if here >= quantity {
            return Some(Vec::new());
        }
        let mut missing = quantity.max(total / i64::from(self.spread())) - here;
        let mut others: Vec<(u8, i64)> = self.available().filter(|(shard, _)| *shard != home).collect();
        others.sort_by_key(|(_, pieces)| std::cmp::Reverse(*pieces));
        let mut draws = Vec::new();
        for (shard, pieces) in others {
            let given = pieces.min(missing);
            if given > 0 {
                draws.push((shard, given));
                missing -= given;
            }
        }
        Some(draws)
    }

    /// Moves without effect that refuse a transaction if a shard has changed since it was read.
    pub(crate) fn unchanged(&self, sku: &Sku) -> Vec<Move> {
        (0_u8..)
            .zip(&self.items)
            .map(|(shard, item)| Move {
                key: shard_key(sku, shard),
                changes: Vec::new(),
                only_if: vec![version_is(item)],
            })
            .collect()
    }

    /// The moves that spread `available` pieces evenly over the first `spread` shards, one for each shard.
    pub(crate) fn spread_over(&self, sku: &Sku, spread: u8, available: i64) -> Vec<Move> {
        let many = i64::from(spread);
        let shards = spread.max(shards_of(&self.item(0)));
        let described = |number: u8| if number > 1 { i64::from(number) } else { 0 };
        let change = |shard: u8| {
            let (item, place) = (self.item(usize::from(shard)), i64::from(shard));
            let share =
                if shard < spread { available / many + i64::from(place < available % many) } else { 0 };
            let mut changes = vec![(AVAILABLE, share - item.get(AVAILABLE))];
            if shard == 0 {
                changes.push((SPREAD, described(spread) - item.get(SPREAD)));
                changes.push((SHARDS, described(shards) - item.get(SHARDS)));
            }
            changes.retain(|(_, change)| *change != 0);
            Move::new(shard_key(sku, shard), changes)
        };
        (0..shards).map(change).collect()
    }
}

/// The condition that an item is as it was read.
pub(crate) fn version_is(item: &Counts) -> (&'static str, i64) {
    (event_store::VERSION, i64::try_from(item.version).unwrap_or(i64::MAX))
}

/// The keys of all items that a SKU can have.
pub fn stock_keys(sku: &Sku) -> Vec<Key> {
    (0..MOST_SHARDS).map(|shard| shard_key(sku, shard)).collect()
}

/// Reads every item of a SKU. They are read at once, and not as of one moment: a transaction that depends on them checks them.
pub(crate) async fn read_shelf(counters: &dyn Counters, sku: &Sku) -> Result<Shelf, StoreError> {
    let first = counters.counts(&shard_key(sku, 0)).await?.unwrap_or_default();
    let others =
        (1..shards_of(&first)).map(|shard| async move { counters.counts(&shard_key(sku, shard)).await });
    let others: Vec<Option<Counts>> = try_join_all(others).await?;
    Ok(Shelf::new(std::iter::once(first).chain(others.into_iter().map(Option::unwrap_or_default)).collect()))
}

#[cfg(test)]
mod tests;
