//! `manage-stock`: shows and sets the stock. A viewer reads, staff change.
//!
//! - `GET /stock/{sku}` → `{"sku", "on_hand", "available", "allocated", "version"}` with the version as `ETag`; also `"shards"` if
//!   the SKU is or was hot. The numbers are then the sums over its shards, and the version is the sum of their versions.
//! - `PUT /stock/{sku}` `{"on_hand"}` sets the pieces on hand; what is allocated does not change. With `If-Match` it applies to
//!   that version only (else `412`), without it to the newest. `409` for fewer pieces than are allocated. One conditional write;
//!   a repeat writes nothing.
//! - `PUT /stock/{sku}` `{"shards"}`, with or without `on_hand`, spreads the pieces over so many shards: see [`sharded`].
//! - `POST /stock/{sku}/adjustments`: see [`adjust`].
//! - Emits no event: stock belongs to no order, and no other service needs it.

mod adjust;
mod sharded;

use crate::shards::{ALLOCATED, AVAILABLE, MOST_SHARDS, Shelf, read_shelf, shards_of};
use crate::stock::{MAX_PIECES, Stock, stock_key};
use async_trait::async_trait;
use event_store::{Counters, Counts, Documents};
use events::Sku;
use resilience::{BackOff, Clock, RandomJitter};
use runtime::http::{Endpoint, FieldError, Problem, Reply, Request, Role, optional_number};
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
        request.to_change(Role::Staff)?;
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
    #[serde(default, deserialize_with = "optional_number")]
    on_hand: Option<i64>,
    #[serde(default, deserialize_with = "optional_number")]
    shards: Option<u64>,
}

/// What a put sets.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    on_hand: Option<i64>,
    shards: Option<u8>,
}

impl Input {
    fn checked(&self) -> Result<Wanted, Problem> {
        let shards = self.shards.map(|shards| u8::try_from(shards).unwrap_or(u8::MAX));
        let mut errors = Vec::new();
        if self.on_hand.map_or(shards.is_none(), |on_hand| !(0..=MAX_PIECES).contains(&on_hand)) {
            errors.push(FieldError::at("/on_hand", format!("a whole number from 0 to {MAX_PIECES}")));
        }
        if shards.is_some_and(|shards| !(1..=MOST_SHARDS).contains(&shards)) {
            errors.push(FieldError::at("/shards", format!("a whole number from 1 to {MOST_SHARDS}")));
        }
        if errors.is_empty() {
            Ok(Wanted { on_hand: self.on_hand, shards })
        } else {
            Err(Problem::validation(errors))
        }
    }
}

impl ManageStock {
    async fn show(&self, sku: &Sku) -> Result<Reply, Problem> {
        let found = read_shelf(&*self.counters, sku).await?;
        if found.version() == 0 {
            return Err(Problem::not_found("this SKU has no stock item; put one"));
        }
        Ok(reply(200, sku, &found))
    }

    async fn set(&self, sku: &Sku, request: &Request) -> Result<Reply, Problem> {
        let wanted = request.json::<Input>()?.checked()?;
        let Wanted { on_hand: Some(on_hand), shards: None | Some(1) } = wanted else {
            return sharded::put(self, sku, request, wanted).await;
        };
        let key = stock_key(sku);
        for attempt in 1..=TRIES {
            let found = self.counters.counts(&key).await?;
            if found.as_ref().is_some_and(|counts| shards_of(counts) > 1) {
                return sharded::put(self, sku, request, wanted).await;
            }
            request.check_version(found.as_ref().map(|counts| counts.version))?;
            let allocated = found.as_ref().map_or(0, |counts| counts.get(ALLOCATED));
            if on_hand < allocated {
                return Err(Problem::conflict("more pieces than this are allocated to orders"));
            }
            if let Some(counts) = found.as_ref()
                && counts.get(AVAILABLE) + allocated == on_hand
            {
                return Ok(reply(200, sku, &Shelf::new(vec![counts.clone()])));
            }
            let values = [(AVAILABLE, on_hand - allocated), (ALLOCATED, allocated)];
            let version = found.map(|counts| counts.version);
            if self.counters.set(&key, version, &values).await? {
                let status = if version.is_some() { 200 } else { 201 };
                let values = values.map(|(name, value)| (name.to_owned(), value)).into();
                let counts = Counts { values, version: version.map_or(1, |version| version + 1) };
                return Ok(reply(status, sku, &Shelf::new(vec![counts])));
            }
            self.clock.sleep(BackOff::CONFLICT.wait(attempt, &RandomJitter)).await;
        }
        Err(too_busy())
    }
}

fn reply(status: u16, sku: &Sku, shelf: &Shelf) -> Reply {
    Reply::json(status, &Stock::of(sku, shelf)).with("etag", format!("\"{}\"", shelf.version()))
}

fn too_busy() -> Problem {
    Problem::unavailable(
        "concurrent orders keep changing this stock; try again",
        "every try conflicted with a concurrent write",
    )
}

#[cfg(test)]
mod tests;
