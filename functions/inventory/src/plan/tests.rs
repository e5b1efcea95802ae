//! One transaction holds every plan, and says that a SKU is missing only with every shard checked.

use super::*;
use crate::shards::{MOST_SHARDS, SHARDS, shard_at};
use event_store::{Counts, VERSION};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn sku(number: usize) -> Sku {
    Sku::try_from(format!("S{number}")).unwrap()
}

fn order(number: u8) -> OrderId {
    OrderId::try_from(format!("{number:032x}")).unwrap()
}

fn shelf(pieces: &[i64]) -> Shelf {
    let shards = i64::try_from(pieces.len()).unwrap();
    let item = |(shard, available): (usize, &i64)| {
        let mut values = vec![(AVAILABLE.to_owned(), *available)];
        if shard == 0 && shards > 1 {
            values.extend([(SPREAD.to_owned(), shards), (SHARDS.to_owned(), shards)]);
        }
        Counts { values: values.into_iter().collect(), version: 7 }
    };
    Shelf::new(pieces.iter().enumerate().map(item).collect())
}

/// Lines of one SKU each: the quantity, and the pieces in the shards if they were read.
fn case() -> impl Strategy<Value = Vec<(u32, Option<Vec<i64>>)>> {
    let pieces = prop::collection::vec(0..4_i64, 1..=usize::from(MOST_SHARDS));
    prop::collection::vec((1..5_u32, prop::option::of(pieces)), 1..=MOST_MOVES)
}

proptest! {
    #[test]
    fn a_plan_fits_into_one_transaction_and_changes_no_item_twice(case in case(), number in any::<u8>()) {
        let (mut lines, mut spreads, mut shelves) = (Vec::new(), Spreads::new(), Shelves::new());
        for (place, (quantity, pieces)) in case.iter().enumerate() {
            lines.push(Line { sku: sku(place), quantity: *quantity, weight_grams: 1 });
            if let Some(pieces) = pieces {
                let shelf = shelf(pieces);
                if shelf.spread() > 1 {
                    spreads.insert(sku(place), shelf.spread());
                }
                shelves.insert(sku(place), shelf);
            }
        }
        let Plan { event, moves } = Plan::of(&order(number), &lines, &spreads, &shelves);
        prop_assert!(moves.len() + usize::from(event.is_some()) <= 100, "{} moves", moves.len());
        let keys: BTreeSet<_> = moves.iter().map(|one| &one.key).collect();
        prop_assert_eq!(keys.len(), moves.len());
        let is_missing = |line: &&Line| {
            shelves.get(&line.sku).is_some_and(|shelf| shelf.total(AVAILABLE) < i64::from(line.quantity))
        };
        let missing: Vec<&Line> = lines.iter().filter(is_missing).collect();
        match event {
            Some(InventoryEvent::OutOfStock(event)) => {
                prop_assert!(!event.missing.is_empty());
                for sku in &event.missing {
                    prop_assert!(missing.iter().any(|line| line.sku == *sku), "{sku} is not missing");
                    let shelf = &shelves[sku];
                    let of_this = moves.iter().filter(|one| shard_at(&one.key).unwrap().0 == *sku);
                    let checks: Vec<_> = of_this.collect();
                    let all = if shelf.is_sharded() { shelf.items().len() } else { 0 };
                    prop_assert_eq!(checks.len(), all, "every shard is checked");
                    prop_assert!(checks.iter().all(|one| one.only_if == [(VERSION, 7)] && one.changes.is_empty()));
                }
            }
            Some(InventoryEvent::InventoryUpdated(event)) => {
                prop_assert!(missing.is_empty());
                for line in &lines {
                    let home = shard_key(&line.sku, event.shards.iter().find(|one| one.sku == line.sku).map_or(0, |one| one.shard));
                    let allocates = (ALLOCATED, i64::from(line.quantity));
                    prop_assert!(moves.iter().any(|one| one.key == home && one.changes.contains(&allocates)));
                }
            }
            Some(other) => prop_assert!(false, "{other:?}"),
            // It only moves pieces between shards.
            None => {
                let sum: i64 = moves.iter().flat_map(|one| &one.changes).map(|(_, change)| change).sum();
                prop_assert_eq!(sum, 0);
                prop_assert!(missing.is_empty() && !moves.is_empty());
            }
        }
    }
}

#[test]
fn a_sku_without_shards_is_one_move_as_before() {
    let lines = [Line { sku: sku(1), quantity: 2, weight_grams: 1 }];
    let plan = Plan::of(&order(1), &lines, &Spreads::new(), &Shelves::new());
    let moves = [Move {
        key: shard_key(&sku(1), 0),
        changes: vec![(AVAILABLE, -2), (ALLOCATED, 2)],
        only_if: vec![(SPREAD, 0)],
    }];
    assert_eq!(plan.moves, moves);
    assert_eq!(plan.event, Some(InventoryUpdated::unsharded(lines.to_vec()).into()));
}
