//! `manage-stock`: shows and sets the stock. Requires the admin group.
//!
//! - `GET /stock/{sku}` → `{"sku", "on_hand", "available", "allocated", "version"}` with the version as `ETag`.
//! - `PUT /stock/{sku}` `{"on_hand"}` sets the pieces on hand; what is allocated does not change. With `If-Match` it applies to
//!   that version only (else `412`), without it to the newest. `409` for fewer pieces than are allocated. One conditional write;
//!   a repeat writes nothing.
//! - `POST /stock/{sku}/adjustments`: see [`adjust`].
//! - Emits no event: stock belongs to no order, and no other service needs it.

mod adjust;

use crate::stock::{ALLOCATED, AVAILABLE, MAX_PIECES, Stock, stock_key};
use async_trait::async_trait;
use event_store::{Counters, Counts, Documents};
use events::Sku;
use resilience::{BackOff, Clock, RandomJitter};
use runtime::http::{Endpoint, FieldError, Problem, Reply, Request, whole_number};
use serde::Deserialize;
use std::sync::Arc;

/// How often a put without `If-Match` is tried while orders change the numbers.
const TRIES: u32 = 8;

/// The endpoint of `manage-stock`.
pub struct ManageStock {
    /// The numbers of each SKU.
    pub counters: Arc<dyn Counters>,
    /// The records of adjustments, in the same table.
    pub documents: Arc<dyn Documents>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Endpoint for ManageStock {
    async fn answer(&self, request: Request) -> Result<Reply, Problem> {
        request.admin()?;
        let sku = Sku::try_from(request.in_path("sku"))
            .map_err(|invalid| Problem::bad_request(format!("the path names {invalid}")))?;
        match request.route.as_str() {
            "GET /stock/{sku}" => self.show(&sku).await,
            "PUT /stock/{sku}" => self.set(&sku, &request).await,
            "POST /stock/{sku}/adjustments" => adjust::adjust(self, &sku, &request).await,
            _ => Err(Problem::not_found("no such route")),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    #[serde(deserialize_with = "whole_number")]
    on_hand: i64,
}

impl ManageStock {
    async fn show(&self, sku: &Sku) -> Result<Reply, Problem> {
        let counts = self.counters.counts(&stock_key(sku)).await?;
        let counts = counts.ok_or_else(|| Problem::not_found("this SKU has no stock item; put one"))?;
        Ok(reply(200, sku, &counts))
    }

    async fn set(&self, sku: &Sku, request: &Request) -> Result<Reply, Problem> {
        let Input { on_hand } = request.json()?;
        if !(0..=MAX_PIECES).contains(&on_hand) {
            let detail = format!("a whole number from 0 to {MAX_PIECES}");
            return Err(Problem::validation(vec![FieldError::at("/on_hand", detail)]));
        }
        let key = stock_key(sku);
        for attempt in 1..=TRIES {
            let found = self.counters.counts(&key).await?;
            if !request.header("if-match").is_none_or(|if_match| matches(if_match, found.as_ref())) {
                return Err(Problem::new(
                    412,
                    "precondition-failed",
                    "The version has changed",
                    "the stock has changed since that version; read it again and repeat the request",
                ));
            }
            let allocated = found.as_ref().map_or(0, |counts| counts.get(ALLOCATED));
            if on_hand < allocated {
                return Err(Problem::conflict("more pieces than this are allocated to orders"));
            }
            if let Some(counts) = found.as_ref().filter(|counts| Stock::of(sku, counts).on_hand == on_hand) {
                return Ok(reply(200, sku, counts));
            }
            let values = [(AVAILABLE, on_hand - allocated), (ALLOCATED, allocated)];
            let version = found.map(|counts| counts.version);
            if self.counters.set(&key, version, &values).await? {
                let status = if version.is_some() { 200 } else { 201 };
                let values = values.map(|(name, value)| (name.to_owned(), value)).into();
                let counts = Counts { values, version: version.map_or(1, |version| version + 1) };
                return Ok(reply(status, sku, &counts));
            }
            self.clock.sleep(BackOff::CONFLICT.wait(attempt, &RandomJitter)).await;
        }
        Err(Problem::unavailable(
            "concurrent orders keep changing this stock; try again",
            "every try conflicted with a concurrent write",
        ))
    }
}

fn reply(status: u16, sku: &Sku, counts: &Counts) -> Reply {
    Reply::json(status, &Stock::of(sku, counts)).with("etag", format!("\"{}\"", counts.version))
}

/// RFC 9110, section 13.1.1: `*` matches any existing version; otherwise one of the listed strong tags must be that of the
/// version. The version without quotes, as the body shows it, is accepted as well.
fn matches(if_match: &str, found: Option<&Counts>) -> bool {
    let Some(counts) = found else { return false };
    let (version, tag) = (counts.version.to_string(), format!("\"{}\"", counts.version));
    if_match.split(',').map(str::trim).any(|given| given == "*" || given == version || given == tag)
}

#[cfg(test)]
mod tests;
