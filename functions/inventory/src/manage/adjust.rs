//! `POST /stock/{sku}/adjustments` `{"delta", "reason"}`: changes the stock after a count, a delivery or a breakage.
//!
//! - Effect: one transaction of the adjustment's record (`sku#<sku>` / `adjustment#<id>`) and the change of what is available.
//!   The record is kept: it shows who changed the stock, when and why.
//! - Idempotent by `Idempotency-Key` (required): the id is a hash of caller and key. The same key and body get the same answer,
//!   with `200` instead of `201`; another body gets `422`.
//! - `409` if fewer pieces are available than the adjustment removes. Pieces that are allocated to orders cannot be removed.
//! - Of a SKU with shards it changes shard 0, into which it draws pieces of other shards if it removes more. What it adds there
//!   is drawn by the other shards when they are short.

use super::{TRIES, too_busy};
use crate::ManageStock;
use crate::shards::{AVAILABLE, read_shelf, shard_key, shards_of};
use crate::stock::{MAX_PIECES, stock_key};
use event_store::{Document, Key, Move, Transaction, TransactionError};
use events::{Customer, Sku};
use jiff::Timestamp;
use runtime::http::{FieldError, Problem, Reply, Request, digest_of, whole_number};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    #[serde(deserialize_with = "whole_number")]
    delta: i64,
    reason: String,
}

/// The stored record of an adjustment.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Adjustment {
    delta: i64,
    reason: String,
    adjusted_by: Customer,
    adjusted_at: Timestamp,
}

pub(crate) async fn adjust(endpoint: &ManageStock, sku: &Sku, request: &Request) -> Result<Reply, Problem> {
    let caller = &request.caller()?.customer;
    let id = adjustment_id(caller, request.idempotency_key("adjustment")?);
    let input: Input = request.json()?;
    validate(&input)?;
    let key = Key::new(stock_key(sku).pk, format!("adjustment#{id}"));
    let adjustment = Adjustment {
        delta: input.delta,
        reason: input.reason,
        adjusted_by: caller.clone(),
        adjusted_at: endpoint.clock.now(),
    };
    let mut transaction = Transaction {
        event: None,
        document: Some((key.clone(), Document::of(&adjustment))),
        moves: vec![Move::new(stock_key(sku), vec![(AVAILABLE, adjustment.delta)])],
    };
    for _ in 1..=TRIES {
        match endpoint.counters.commit(&transaction).await {
            Ok(()) => {
                tracing::info!(sku = %sku, delta = adjustment.delta, adjustment = id, "stock adjusted");
                return Ok(reply(201, sku, &id, &adjustment));
            }
            Err(TransactionError::Conflict) => return replay(endpoint, sku, &id, &key, &adjustment).await,
            Err(TransactionError::Refused(refused)) => {
                let is_sharded =
                    refused.iter().any(|(at, item)| *at != stock_key(sku) || shards_of(item) > 1);
                let drawn = if is_sharded { drawn(endpoint, sku, adjustment.delta).await? } else { None };
                transaction.moves = drawn.ok_or_else(|| {
                    Problem::conflict(
                        "fewer pieces are available than this removes; allocated pieces cannot be removed",
                    )
                })?;
            }
            Err(TransactionError::Store(error)) => return Err(error.into()),
        }
    }
    Err(too_busy())
}

/// The moves that remove pieces which lie in several shards; `None` if all together have fewer.
async fn drawn(endpoint: &ManageStock, sku: &Sku, delta: i64) -> Result<Option<Vec<Move>>, Problem> {
    let shelf = read_shelf(&*endpoint.counters, sku).await?;
    let Some(draws) = shelf.draw(0, -delta) else { return Ok(None) };
    let pieces: i64 = draws.iter().map(|(_, pieces)| pieces).sum();
    let gives =
        draws.iter().map(|(shard, pieces)| Move::new(shard_key(sku, *shard), vec![(AVAILABLE, -*pieces)]));
    let here = Move::new(stock_key(sku), vec![(AVAILABLE, pieces + delta)]);
    let moves = std::iter::once(here).chain(gives);
    Ok(Some(moves.filter(|one| one.changes.iter().any(|(_, change)| *change != 0)).collect()))
}

/// The answer to a repeat: the stored adjustment, if it is the same.
async fn replay(
    endpoint: &ManageStock,
    sku: &Sku,
    id: &str,
    key: &Key,
    adjustment: &Adjustment,
) -> Result<Reply, Problem> {
    let stored = endpoint.documents.get(key).await?.ok_or_else(|| {
        Problem::unavailable(
            "the adjustment could not be read; try again",
            "the append conflicted, but the record is missing",
        )
    })?;
    let stored: Adjustment = stored.read(key)?;
    if (stored.delta, &stored.reason) == (adjustment.delta, &adjustment.reason) {
        Ok(reply(200, sku, id, &stored).with("idempotency-replayed", "true"))
    } else {
        Err(Problem::idempotency_key_reused("adjustment"))
    }
}

fn reply(status: u16, sku: &Sku, id: &str, adjustment: &Adjustment) -> Reply {
    #[derive(Serialize)]
    struct Body<'a> {
        id: &'a str,
        sku: &'a Sku,
        delta: i64,
        reason: &'a str,
        adjusted_at: Timestamp,
    }
    let Adjustment { delta, reason, adjusted_by: _, adjusted_at } = adjustment;
    Reply::json(status, &Body { id, sku, delta: *delta, reason, adjusted_at: *adjusted_at })
}

fn validate(input: &Input) -> Result<(), Problem> {
    let mut errors = Vec::new();
    if input.delta == 0 || input.delta.saturating_abs() > MAX_PIECES {
        errors
            .push(FieldError::at("/delta", format!("a whole number, not 0, up to {MAX_PIECES} either way")));
    }
    errors.extend(FieldError::lines("/reason", &input.reason, 200));
    if errors.is_empty() { Ok(()) } else { Err(Problem::validation(errors)) }
}

fn adjustment_id(caller: &Customer, key: &str) -> String {
    format!("{:032x}", digest_of(&[&caller.issuer, &caller.subject, key]))
}

#[cfg(test)]
mod tests;
