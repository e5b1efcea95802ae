//! `PUT /stock/{sku}` of a SKU that has shards, or is to get them.
//!
//! One transaction spreads what is available evenly over the shards. What is allocated stays in the shard in which its order has
//! it. Without `on_hand` and `If-Match` the pieces are only moved, so concurrent orders do not refuse it; with one of them it
//! needs every shard as it was read.

use super::{ManageStock, TRIES, Wanted, reply, too_busy};
use crate::shards::{ALLOCATED, AVAILABLE, SHARDS, SPREAD, Shelf, read_shelf, version_is};
use event_store::{Move, Transaction, TransactionError};
use events::Sku;
use resilience::{BackOff, RandomJitter};
use runtime::http::{Problem, Reply, Request};

pub(super) async fn put(
    endpoint: &ManageStock,
    sku: &Sku,
    request: &Request,
    wanted: Wanted,
) -> Result<Reply, Problem> {
    for attempt in 1..=TRIES {
        let shelf = read_shelf(&*endpoint.counters, sku).await?;
        let is_new = shelf.version() == 0;
        if is_new && wanted.on_hand.is_none() {
            return Err(Problem::not_found("this SKU has no stock item; put one with on_hand"));
        }
        request.check_version((!is_new).then(|| shelf.version()))?;
        let allocated = shelf.total(ALLOCATED);
        let available = wanted.on_hand.map_or(shelf.total(AVAILABLE), |on_hand| on_hand - allocated);
        if available < 0 {
            return Err(Problem::conflict("more pieces than this are allocated to orders"));
        }
        let spread = wanted.shards.unwrap_or(shelf.spread());
        if available == shelf.total(AVAILABLE) && spread == shelf.spread() && !is_new {
            return Ok(reply(200, sku, &shelf));
        }
        let is_exact = wanted.on_hand.is_some() || request.header("if-match").is_some();
        let moves = moves(&shelf, sku, spread, available, is_exact);
        match endpoint.counters.commit(&Transaction { moves, ..Transaction::default() }).await {
            Ok(()) => {
                let shelf = read_shelf(&*endpoint.counters, sku).await?;
                return Ok(reply(if is_new { 201 } else { 200 }, sku, &shelf));
            }
            Err(TransactionError::Conflict | TransactionError::Refused(_)) => {
                endpoint.clock.sleep(BackOff::CONFLICT.wait(attempt, &RandomJitter)).await;
            }
            Err(TransactionError::Store(error)) => return Err(error.into()),
        }
    }
    Err(too_busy())
}

/// The moves with their conditions: on every shard, or only on the two numbers that describe the shards.
fn moves(shelf: &Shelf, sku: &Sku, spread: u8, available: i64, is_exact: bool) -> Vec<Move> {
    let mut moves = shelf.spread_over(sku, spread, available);
    for (place, one) in moves.iter_mut().enumerate() {
        let item = shelf.item(place);
        if is_exact {
            one.only_if = vec![version_is(&item)];
        } else if place == 0 {
            one.only_if = vec![(SPREAD, item.get(SPREAD)), (SHARDS, item.get(SHARDS))];
        }
    }
    moves.retain(|one| !one.changes.is_empty() || !one.only_if.is_empty());
    moves
}
