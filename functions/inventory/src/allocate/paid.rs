//! The allocation of a paid order: at first where it is expected to fit, then with what the refusal has shown.
//!
//! A SKU without shards costs no request more than the transaction itself: its refusal carries the numbers of the item. Only a
//! SKU with shards that was short is read.

use super::{AllocateStock, TRIES, order_of};
use crate::Allocation;
use crate::plan::{Plan, Shelves, Spreads};
use crate::shards::{Shelf, read_shelf, shard_at, shards_of, spread_of};
use event_store::{Counts, Key, StoreError, StreamId, TransactionError};
use events::{Line, Sku};
use resilience::{BackOff, Failure, RandomJitter};
use runtime::queue::Message;
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The hot SKUs that this process has met. It may be outdated: then a transaction is refused, and it is corrected.
#[derive(Debug, Default)]
pub struct HotSkus(Mutex<Spreads>);

impl HotSkus {
    fn of(&self, lines: &[Line]) -> Spreads {
        let known = self.known();
        let spread = |line: &Line| known.get(&line.sku).map(|spread| (line.sku.clone(), *spread));
        lines.iter().filter_map(spread).collect()
    }

    /// Remembers the spread of a SKU. Whether the SKU is hot and was not known to be.
    fn learn(&self, sku: &Sku, spread: u8) -> bool {
        let mut known = self.known();
        if spread > 1 {
            known.insert(sku.clone(), spread).is_none()
        } else {
            known.remove(sku);
            false
        }
    }

    fn known(&self) -> MutexGuard<'_, Spreads> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AllocateStock {
    /// Allocates every line, or appends that the order is out of stock.
    pub(super) async fn allocate(&self, message: &Message, paid: &[Line]) -> Result<(), Failure> {
        let order = order_of(message)?;
        let stream = StreamId::order(&order);
        let (mut read, mut shelves) = (None, Shelves::new());
        for attempt in 1..=TRIES {
            let history = match read.take() {
                Some(history) => history,
                None => self.store.history::<Allocation>(&stream).await?,
            };
            let Some(lines) = history.state.decide_allocate(paid)? else { return Ok(()) };
            let Plan { event, moves } = Plan::of(&order, &lines, &self.hot.of(&lines), &shelves);
            let moved: Vec<Sku> = moves.iter().filter_map(|one| Some(shard_at(&one.key)?.0)).collect();
            match self.write(&stream, &history, &message.envelope, event.as_ref(), moves).await {
                Ok(()) if event.is_some() => return Ok(()),
                Ok(()) => {
                    // Their pieces are gathered in the home of the order.
                    shelves.retain(|sku, _| !moved.contains(sku));
                    read = Some(history);
                }
                Err(TransactionError::Refused(refused)) => {
                    self.learn(&refused, &mut shelves).await?;
                    read = Some(history);
                }
                Err(TransactionError::Conflict) => {
                    shelves.clear();
                    self.clock.sleep(BackOff::CONFLICT.wait(attempt, &RandomJitter)).await;
                }
                Err(TransactionError::Store(error)) => return Err(error.into()),
            }
        }
        Err(Failure::retry(format!("concurrent writers won at {stream} {TRIES} times")))
    }

    /// Remembers what a refused transaction has shown, and reads the shards of the SKUs that were short.
    async fn learn(&self, refused: &[(Key, Counts)], shelves: &mut Shelves) -> Result<(), StoreError> {
        let mut seen = BTreeSet::new();
        for (key, item) in refused {
            let Some((sku, shard)) = shard_at(key).filter(|(sku, _)| seen.insert(sku.clone())) else {
                continue;
            };
            let is_unsharded = shard == 0 && shards_of(item) == 1;
            if shard == 0 && self.hot.learn(&sku, spread_of(item)) && !shelves.contains_key(&sku) {
                // Refused because it is hot: its home may have enough.
                continue;
            }
            let found = if is_unsharded {
                Shelf::new(vec![item.clone()])
            } else {
                read_shelf(&*self.counters, &sku).await?
            };
            self.hot.learn(&sku, found.spread());
            shelves.insert(sku, found);
        }
        Ok(())
    }
}
