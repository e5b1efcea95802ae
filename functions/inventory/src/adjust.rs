//! `POST /stock/{sku}/adjustments` `{"delta", "reason"}`: what a count, a delivery or a breakage changed.
//!
//! - Effect: one transaction of the adjustment's record (`sku#<sku>` / `adjustment#<id>`) and the move of what is
//!   available. The record stays: it says who changed the stock, when and why.
//! - Idempotent by `Idempotency-Key` (required): the id is a hash of caller and key. The same key and body:
//!   the same answer, `200` instead of `201`; another body: `422`.
//! - `409` if fewer pieces are available than are to go; what is allocated to orders cannot be adjusted away.

use crate::ManageStock;
use crate::manage::MOST_PIECES;
use crate::stock::{AVAILABLE, stock_key};
use event_store::{Document, Key, Move, Transaction, TransactionError};
use events::{Customer, Sku};
use jiff::Timestamp;
use runtime::http::{FieldError, Problem, Reply, Request, digest_of};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    delta: i64,
    reason: String,
}

/// The record of an adjustment, as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Adjustment {
    delta: i64,
    reason: String,
    adjusted_by: Customer,
    adjusted_at: Timestamp,
}

pub(crate) async fn adjust(endpoint: &ManageStock, sku: &Sku, request: &Request) -> Result<Reply, Problem> {
    let caller = &request.admin()?.customer;
    let id = adjustment_id(caller, request.idempotency_key("adjustment")?);
    let wanted: Wanted = request.json()?;
    validate(&wanted)?;
    let key = Key::new(stock_key(sku).pk, format!("adjustment#{id}"));
    let adjustment = Adjustment {
        delta: wanted.delta,
        reason: wanted.reason,
        adjusted_by: caller.clone(),
        adjusted_at: endpoint.clock.now(),
    };
    let transaction = Transaction {
        event: None,
        document: Some((key.clone(), Document::of(&adjustment))),
        moves: vec![Move { key: stock_key(sku), changes: vec![(AVAILABLE, adjustment.delta)] }],
    };
    match endpoint.counters.commit(&transaction).await {
        Ok(()) => {
            tracing::info!(sku = %sku, delta = adjustment.delta, adjustment = id, "stock adjusted");
            Ok(reply(201, sku, &id, &adjustment))
        }
        Err(TransactionError::Conflict) => {
            let stored = endpoint.documents.get(&key).await?.ok_or_else(|| {
                Problem::unavailable(
                    "the adjustment could not be read back; try again",
                    "a record came and went",
                )
            })?;
            let stored: Adjustment = stored.read(&key)?;
            if (stored.delta, &stored.reason) == (adjustment.delta, &adjustment.reason) {
                Ok(reply(200, sku, &id, &stored).with("idempotency-replayed", "true"))
            } else {
                Err(Problem::idempotency_key_reused("adjustment"))
            }
        }
        Err(TransactionError::Short(_)) => {
            Err(Problem::conflict("fewer pieces are available than are to go; what is allocated stays"))
        }
        Err(TransactionError::Store(error)) => Err(error.into()),
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

fn validate(wanted: &Wanted) -> Result<(), Problem> {
    let mut errors = Vec::new();
    if wanted.delta == 0 || wanted.delta.saturating_abs() > MOST_PIECES {
        errors
            .push(FieldError::at("/delta", format!("a whole number, not 0, up to {MOST_PIECES} either way")));
    }
    let length = wanted.reason.chars().count();
    if wanted.reason.trim().is_empty() || length > 200 || wanted.reason.chars().any(char::is_control) {
        errors.push(FieldError::at("/reason", "1 to 200 characters of text"));
    }
    if errors.is_empty() { Ok(()) } else { Err(Problem::validation(errors)) }
}

fn adjustment_id(caller: &Customer, key: &str) -> String {
    format!("{:032x}", digest_of(&[&caller.issuer, &caller.subject, key]))
}
