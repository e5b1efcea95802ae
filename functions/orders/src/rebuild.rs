//! `rebuild-views`: compares the views and look-up items with the orders' streams, and writes those that are missing or wrong.
//!
//! - Trigger: an operator, by `make rebuild-views …`: `{"do": "plan" | "compare" | "build", "cursor"?, "by"?,
//!   "for_seconds"?}`; an admin, in the console.
//! - Effect of a build: each order whose view is missing, or differs from the fold of its stream, gets the view that
//!   `project-orders` would write, and each order gets the look-up items that it lacks. A plan only counts the orders, a comparison
//!   also reads their views and items.
//! - Publishes: nothing.
//! - Idempotent: a view that is right is not written. `project-orders`, the sweep and customers go on meanwhile: a view is replaced
//!   only by a newer one, and a wrong one is deleted first and written from what its stream holds then.
//! - A run is bounded by time. The answer then has a cursor, with which the same request goes on.
//! - Retry: a table is unavailable. The error has the cursor of the last page that is done.
//! - Reject: an invalid request. An order whose stream cannot be read is counted, and the others go on.
//!
//! Every field of a view is compared except its deadline and its place in the index of open orders: the parameters may have
//! changed, and a read of a table does not return the attributes of an index. See `docs/decisions/views-are-rebuilt-in-place.md`.

mod tally;

use self::tally::{Done, Standing, Tally};
use crate::summary::without_deadline;
use crate::{Order, ProjectOrders, Term};
use async_trait::async_trait;
use event_store::{Document, EventScan, FIRST_EVENT, Key, StreamId};
use events::{Envelope, OrderId, Sequence};
use futures_util::future::join_all;
use jiff::Timestamp;
use resilience::{Clock, Failure};
use runtime::command::{self, Command};
use runtime::cursor;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// How many items one request of the scan reads.
const PAGE: u32 = 500;
/// The same for a run that also reads each order of the page. A run ends between pages only, so a page has to be short.
const PAGE_TO_COMPARE: u32 = 100;
/// How many orders are read at the same time.
const ORDERS_AT_ONCE: usize = 8;
/// How many look-up items one request reads.
const ITEMS_AT_ONCE: usize = 100;

/// The step. See the module.
pub struct RebuildViews {
    /// Every event of the orders' table.
    pub scan: Arc<dyn EventScan>,
    /// Reads an order's stream, and writes its view.
    pub project: ProjectOrders,
    /// Bounds a run.
    pub clock: Arc<dyn Clock>,
    /// How long a run works.
    pub work_for: Duration,
}

/// The input as JSON.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rebuild {
    /// What to do.
    #[serde(default)]
    pub r#do: Option<Rebuilding>,
    /// The cursor of the last answer.
    #[serde(default)]
    pub cursor: Option<String>,
    /// The operator, for the log.
    #[serde(default)]
    pub by: Option<String>,
    /// Seconds that this run may work at most, for a caller who waits for the answer. Never longer than the setting.
    #[serde(default, deserialize_with = "command::seconds")]
    pub for_seconds: Option<Duration>,
}

/// What can be done with the views.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rebuilding {
    /// Count the orders.
    Plan,
    /// Compare their views with their streams.
    Compare,
    /// Compare, and write the views that are not right.
    Build,
}

/// A view of fewer events is right if the later ones changed nothing in it.
fn standing(fold: &Document, view: Option<&Document>) -> Standing {
    match view {
        None => Standing::Missing,
        Some(view) if without_deadline(view) == without_deadline(fold) => Standing::Same,
        Some(view) if view.version < fold.version => Standing::Behind,
        Some(_) => Standing::Different,
    }
}

/// What is stored of an order beside its stream.
struct Found {
    /// The place of its view.
    key: Key,
    standing: Standing,
    /// The look-up items that are not stored, or name another place.
    lacking: Vec<(Key, Document)>,
}

#[async_trait]
impl Command for RebuildViews {
    type Input = Rebuild;

    async fn run(&self, input: Rebuild) -> Result<Value, Failure> {
        let to_do =
            input.r#do.ok_or_else(|| Failure::reject("do is missing: one of plan, compare, build"))?;
        let by = command::operator(input.by)?;
        let mut position = input.cursor.as_deref().map(decoded).transpose()?;
        if to_do == Rebuilding::Build {
            tracing::info!(by, "views are being rebuilt");
        }
        let work_for = input.for_seconds.map_or(self.work_for, |most| self.work_for.min(most));
        let until = self.clock.now().saturating_add(work_for).unwrap_or(Timestamp::MAX);
        let mut tally = Tally::default();
        loop {
            let began = self.clock.now();
            if began >= until {
                break;
            }
            let next = match self.page(to_do, position.as_ref(), &mut tally).await {
                Ok(next) => next,
                Err(failure) => {
                    let Some(position) = &position else { return Err(failure) };
                    let on = format!("{}; go on with CURSOR={}", failure.reason(), encoded(position));
                    return Err(match failure {
                        Failure::Retry { .. } => Failure::retry(on),
                        Failure::Reject { .. } => Failure::reject(on),
                    });
                }
            };
            position = next;
            if position.is_none() {
                return Ok(answer(to_do, &tally, None, true));
            }
            // A page as long as this one would end after `until`, when the gateway has answered the caller already.
            let now = self.clock.now();
            if now.saturating_add(now.duration_since(began)).is_ok_and(|then| then > until) {
                break;
            }
        }
        Ok(answer(to_do, &tally, position.as_ref(), false))
    }
}

impl RebuildViews {
    /// Handles the orders whose first event is in the page. Returns where the next page begins.
    async fn page(
        &self,
        to_do: Rebuilding,
        position: Option<&Key>,
        tally: &mut Tally,
    ) -> Result<Option<Key>, Failure> {
        let most = if to_do == Rebuilding::Plan { PAGE } else { PAGE_TO_COMPARE };
        let page = self.scan.scan(position, most).await?;
        tally.items_read += u64::from(page.items);
        tally.half_units += page.half_units;
        for key in page.unreadable.iter().filter(|key| key.sk == FIRST_EVENT) {
            tracing::error!(pk = key.pk, "the first event of the order cannot be read");
            tally.orders += 1;
            tally.unreadable += 1;
            if let Ok(order) = OrderId::try_from(key.pk.trim_start_matches("order#")) {
                tally.name(&order);
            }
        }
        let is_first = |event: &&Envelope| event.sequence == Sequence::FIRST;
        let subjects =
            page.events.iter().filter(is_first).map(|first| OrderId::try_from(first.subject.as_str()));
        let orders: Vec<OrderId> = subjects.collect::<Result<_, _>>().map_err(Failure::reject)?;
        tally.orders += u64::try_from(orders.len()).unwrap_or(u64::MAX);
        if to_do == Rebuilding::Plan {
            return Ok(page.next);
        }
        for orders in orders.chunks(ORDERS_AT_ONCE) {
            let handled = join_all(orders.iter().map(|order| self.handle(to_do, order))).await;
            for (order, handled) in orders.iter().zip(handled) {
                match handled {
                    Ok(done) => {
                        tally.count(order, &done);
                        tally.items_written += if to_do == Rebuilding::Build { done.lacking } else { 0 };
                    }
                    // The orders behind it are not to wait for one that cannot be read or written.
                    Err(Failure::Reject { reason }) => {
                        tracing::error!(order.id = %order, reason, "the order is skipped");
                        tally.unreadable += 1;
                        tally.name(order);
                    }
                    Err(retry @ Failure::Retry { .. }) => return Err(retry),
                }
            }
        }
        Ok(page.next)
    }

    /// Compares what is stored of an order, and writes what is not right if that is to be done.
    async fn handle(&self, to_do: Rebuilding, order: &OrderId) -> Result<Done, Failure> {
        let found = self.compare(order).await?;
        let is_build = to_do == Rebuilding::Build;
        let is_written = is_build && self.write(order, &found).await?;
        if is_build {
            self.project.make_findable(order, &found.lacking).await?;
        }
        let lacking = u64::try_from(found.lacking.len()).unwrap_or(u64::MAX);
        Ok(Done { standing: found.standing, lacking, is_written })
    }

    async fn compare(&self, order: &OrderId) -> Result<Found, Failure> {
        let first = self.look(order).await?;
        // The stream is read before the view, so a view can be newer than that fold: then both are read again.
        if first.standing == Standing::Different { self.look(order).await } else { Ok(first) }
    }

    async fn look(&self, order: &OrderId) -> Result<Found, Failure> {
        let history = self.project.store.history::<Order>(&StreamId::order(order)).await?;
        let (key, fold) = self.project.view(order, &history)?;
        let view = self.project.views.get(&key).await?;
        let terms = Term::of(&history, order).into_iter().map(|(_, term)| term).collect();
        let mut lacking = self.project.look_ups(order, &key, terms).await?;
        let mut stored = HashMap::new();
        for items in lacking.chunks(ITEMS_AT_ONCE) {
            let keys: Vec<Key> = items.iter().map(|(key, _)| key.clone()).collect();
            stored.extend(self.project.views.get_many(&keys).await?);
        }
        lacking.retain(|(key, item)| stored.get(key).is_none_or(|found| found.body != item.body));
        Ok(Found { key, standing: standing(&fold, view.as_ref()), lacking })
    }

    /// Writes the view, if it is not right. Returns whether it was written here.
    async fn write(&self, order: &OrderId, found: &Found) -> Result<bool, Failure> {
        match found.standing {
            Standing::Same => return Ok(false),
            Standing::Missing | Standing::Behind => {}
            // No view of the same events replaces it. The stream is read after it is gone, so what another writes meanwhile is
            // not older than that; and what was written before is in the stream.
            Standing::Different => self.project.views.delete(&found.key).await?,
        }
        let history = self.project.store.history::<Order>(&StreamId::order(order)).await?;
        let (key, view) = self.project.view(order, &history)?;
        self.project.put_view(order, &key, &view).await
    }
}

/// A run without a cursor that is not done has read nothing: it is repeated.
fn answer(to_do: Rebuilding, tally: &Tally, position: Option<&Key>, done: bool) -> Value {
    let mut answer = json!(tally);
    answer["do"] = json!(to_do);
    answer["read_units_of_scan"] = json!(tally.half_units.div_ceil(2));
    answer["cursor"] = json!(position.map(encoded));
    answer["done"] = json!(done);
    answer
}

fn encoded(position: &Key) -> String {
    cursor::encode(&(&position.pk, &position.sk))
}

fn decoded(text: &str) -> Result<Key, Failure> {
    let (pk, sk) = cursor::decode::<(String, String)>(text)
        .ok_or_else(|| Failure::reject("the cursor is none of this function; leave it out"))?;
    Ok(Key::new(pk, sk))
}

#[cfg(test)]
mod tests;
