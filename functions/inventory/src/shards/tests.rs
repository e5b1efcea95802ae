//! Drawing and spreading pieces: none is lost, none is made, and none is missed.

use super::*;
use crate::shards::ALLOCATED;
use proptest::prelude::*;

fn sku() -> Sku {
    Sku::try_from("TEA").unwrap()
}

/// A shelf with these pieces in its shards, over the first `spread` of which orders are spread.
fn shelf(pieces: &[i64], spread: u8) -> Shelf {
    let item = |(shard, available): (usize, &i64)| {
        let mut item = Counts { version: 1, ..Counts::default() };
        item.values.insert(AVAILABLE.to_owned(), *available);
        item.values.insert(ALLOCATED.to_owned(), 1);
        if shard == 0 {
            item.values.insert(SPREAD.to_owned(), spread.into());
            item.values.insert(SHARDS.to_owned(), i64::try_from(pieces.len()).unwrap());
        }
        item
    };
    Shelf::new(pieces.iter().enumerate().map(item).collect())
}

fn order(number: u64) -> OrderId {
    OrderId::try_from(format!("{number:032x}")).unwrap()
}

proptest! {
    #[test]
    fn an_order_draws_what_there_is_and_misses_nothing(
        pieces in prop::collection::vec(0..50_i64, 1..=8),
        place in 0..8_usize,
        quantity in 1..60_i64,
    ) {
        let most = u8::try_from(pieces.len()).unwrap();
        let shelf = shelf(&pieces, most);
        let home = place % pieces.len();
        let total: i64 = pieces.iter().sum();
        let Some(draws) = shelf.draw(u8::try_from(home).unwrap(), quantity) else {
            prop_assert!(total < quantity, "{pieces:?} are enough for {quantity}");
            return Ok(());
        };
        prop_assert!(total >= quantity);
        let drawn: i64 = draws.iter().map(|(_, pieces)| pieces).sum();
        prop_assert!(pieces[home] + drawn >= quantity);
        for (shard, given) in &draws {
            let place = usize::from(*shard);
            prop_assert!(place != home && *given > 0 && *given <= pieces[place]);
        }
        let mut shards: Vec<u8> = draws.iter().map(|(shard, _)| *shard).collect();
        shards.sort_unstable();
        shards.dedup();
        prop_assert_eq!(shards.len(), draws.len(), "a transaction changes an item only once");
    }

    #[test]
    fn spreading_keeps_every_piece(
        pieces in prop::collection::vec(0..50_i64, 1..=8),
        spread in 1..=8_u8,
        change in -20..20_i64,
    ) {
        let shelf = shelf(&pieces, u8::try_from(pieces.len()).unwrap());
        let available = (shelf.total(AVAILABLE) + change).max(0);
        let moves = shelf.spread_over(&sku(), spread, available);
        let mut after = Vec::new();
        for one in &moves {
            let (_, shard) = shard_at(&one.key).unwrap();
            let change = one.changes.iter().find(|(name, _)| *name == AVAILABLE).map_or(0, |(_, change)| *change);
            after.push(shelf.item(shard.into()).get(AVAILABLE) + change);
        }
        prop_assert_eq!(after.iter().sum::<i64>(), available);
        prop_assert!(after.len() >= pieces.len(), "a shard is never forgotten");
        let (used, left) = after.split_at(spread.into());
        prop_assert!(used.iter().max().unwrap() - used.iter().min().unwrap() <= 1, "{used:?}");
        prop_assert!(left.iter().all(|pieces| *pieces == 0));
    }
}

#[test]
fn orders_are_spread_evenly_over_the_shards() {
    let mut counts = [0_u32; 8];
    for number in 0..8000_u64 {
        // An order id is a digest.
        let id = order(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        counts[usize::from(home(&id, 8))] += 1;
    }
    assert!(counts.iter().all(|count| (800..1200).contains(count)), "{counts:?}");
    assert_eq!(home(&order(5), 1), 0);
}

#[test]
fn a_short_shard_draws_an_even_share_so_that_the_next_orders_need_not_draw() {
    assert_eq!(shelf(&[1000, 0, 0, 0], 4).draw(2, 3), Some(vec![(0, 250)]));
    assert_eq!(shelf(&[4, 0], 2).draw(1, 3), Some(vec![(0, 3)]), "or what it needs, if that is more");
    assert_eq!(shelf(&[5, 5], 2).draw(1, 5), Some(vec![]));
}

#[test]
fn a_key_names_its_sku_and_its_shard() {
    for shard in 0..MOST_SHARDS {
        assert_eq!(shard_at(&shard_key(&sku(), shard)), Some((sku(), shard)));
    }
    assert_eq!(shard_key(&sku(), 0), Key::new("sku#TEA", "stock"), "as before there were shards");
    assert_eq!(shard_at(&Key::new("order#1", "stock")), None);
}
