//! How a paid order's lines are written: the moves of one transaction, from what is known of each SKU's shards. Pure.

use crate::shards::{ALLOCATED, AVAILABLE, SPREAD, Shelf, home, shard_key};
use event_store::Move;
use events::{InventoryEvent, InventoryUpdated, Line, OrderId, OutOfStock, Sku, SkuShard};
use std::collections::BTreeMap;

/// A transaction has at most 100 actions, and the event is one of them.
pub(crate) const MOST_MOVES: usize = 99;

/// Over how many shards each hot SKU is spread, as far as it is known.
pub(crate) type Spreads = BTreeMap<Sku, u8>;

/// Every item of the SKUs that were short where the order looked first.
pub(crate) type Shelves = BTreeMap<Sku, Shelf>;

/// One transaction.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    /// `None`: the pieces are gathered first, and the order is planned again.
    pub(crate) event: Option<InventoryEvent>,
    pub(crate) moves: Vec<Move>,
}

impl Plan {
    /// The transaction for these lines, each SKU once.
    ///
    /// An order is out of stock only if all shards of a SKU together have too few pieces, and the transaction proves it: it is
    /// refused if one of them has changed.
    pub(crate) fn of(order: &OrderId, lines: &[Line], spreads: &Spreads, shelves: &Shelves) -> Self {
        let is_short = |line: &&Line| {
            let shelf = shelves.get(&line.sku);
            shelf.is_some_and(|shelf| shelf.total(AVAILABLE) < i64::from(line.quantity))
        };
        let missing: Vec<&Sku> = lines.iter().filter(is_short).map(|line| &line.sku).collect();
        if !missing.is_empty() {
            return Self::out_of_stock(&missing, shelves);
        }
        let takes: Vec<Take> = lines.iter().map(|line| Take::of(order, line, spreads, shelves)).collect();
        if takes.iter().map(Take::actions).sum::<usize>() > MOST_MOVES {
            return Self { event: None, moves: gather(&takes) };
        }
        let sharded = takes.iter().filter(|take| take.home > 0);
        let shards = sharded.map(|take| SkuShard { sku: take.line.sku.clone(), shard: take.home }).collect();
        let event = InventoryUpdated { lines: lines.to_vec(), shards };
        Self { event: Some(event.into()), moves: takes.iter().flat_map(Take::moves).collect() }
    }

    /// Names as many of the missing SKUs as one transaction can check. It can always check one.
    fn out_of_stock(missing: &[&Sku], shelves: &Shelves) -> Self {
        let (mut named, mut moves) = (Vec::new(), Vec::new());
        for sku in missing {
            // The item of a SKU without shards was found short by the transaction that it refused.
            let shelf = shelves.get(*sku).filter(|shelf| shelf.is_sharded());
            let checks = shelf.map(|shelf| shelf.unchanged(sku)).unwrap_or_default();
            if moves.len() + checks.len() <= MOST_MOVES {
                named.push((*sku).clone());
                moves.extend(checks);
            }
        }
        Self { event: Some(OutOfStock { missing: named }.into()), moves }
    }
}

/// What one line takes, and from where.
struct Take<'a> {
    line: &'a Line,
    /// The shard in which the pieces are allocated.
    home: u8,
    /// Nothing is known of the SKU's shards, so its item is asked.
    is_unknown: bool,
    /// The pieces that other shards give to the home first.
    draws: Vec<(u8, i64)>,
}

impl<'a> Take<'a> {
    fn of(order: &OrderId, line: &'a Line, spreads: &Spreads, shelves: &Shelves) -> Self {
        let spread = spreads.get(&line.sku).copied();
        let home = spread.map_or(0, |spread| home(order, spread));
        let draws = shelves.get(&line.sku).and_then(|shelf| shelf.draw(home, i64::from(line.quantity)));
        Self { line, home, is_unknown: spread.is_none(), draws: draws.unwrap_or_default() }
    }

    fn actions(&self) -> usize {
        1 + self.draws.len()
    }

    fn drawn(&self) -> i64 {
        self.draws.iter().map(|(_, pieces)| pieces).sum()
    }

    /// The draws and the allocation: one move for each shard.
    fn moves(&self) -> Vec<Move> {
        let quantity = i64::from(self.line.quantity);
        let changes = vec![(AVAILABLE, self.drawn() - quantity), (ALLOCATED, quantity)];
        let changes = changes.into_iter().filter(|(_, change)| *change != 0).collect();
        // Without this condition a process that does not know of the shards would write this item with every order.
        let only_if = if self.is_unknown { vec![(SPREAD, 0)] } else { Vec::new() };
        let mut moves = vec![Move { key: shard_key(&self.line.sku, self.home), changes, only_if }];
        moves.extend(self.gives());
        moves
    }

    fn gives(&self) -> impl Iterator<Item = Move> {
        self.draws
            .iter()
            .map(|(shard, pieces)| Move::new(shard_key(&self.line.sku, *shard), vec![(AVAILABLE, -*pieces)]))
    }
}

/// The draws alone, of as many lines as one transaction holds.
fn gather(takes: &[Take]) -> Vec<Move> {
    let mut moves = Vec::new();
    for take in takes.iter().filter(|take| !take.draws.is_empty()) {
        if moves.len() + take.actions() <= MOST_MOVES {
            moves.push(Move::new(shard_key(&take.line.sku, take.home), vec![(AVAILABLE, take.drawn())]));
            moves.extend(take.gives());
        }
    }
    moves
}

#[cfg(test)]
mod tests;
