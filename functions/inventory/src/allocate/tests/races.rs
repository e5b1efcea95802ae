//! Concurrent steps: in every order of writes, no piece is allocated twice and none stays allocated after a cancellation.

use crate::testing::{World, cancelled, line, message, order, paid};
use crate::{AllocateStock, HotSkus};
use async_trait::async_trait;
use event_store::{AppendError, EventStore, Memory, StoreError, StreamId};
use events::Envelope;
use jiff::Timestamp;
use resilience::FixedClock;
use runtime::queue::Consumer as _;
use std::sync::Arc;

/// A store on which concurrent tasks all read before one of them writes.
struct Interleaved(Arc<Memory>);

#[async_trait]
impl EventStore for Interleaved {
    async fn read(&self, stream: &StreamId) -> Result<Vec<Envelope>, StoreError> {
        let read = self.0.read(stream).await;
        tokio::task::yield_now().await;
        read
    }

    async fn append(&self, stream: &StreamId, envelope: &Envelope) -> Result<(), AppendError> {
        self.0.append(stream, envelope).await
    }
}

fn interleaved(world: &World) -> AllocateStock {
    AllocateStock {
        store: Arc::new(Interleaved(world.table.clone())),
        counters: world.table.clone(),
        clock: Arc::new(FixedClock::at(Timestamp::UNIX_EPOCH)),
        hot: HotSkus::default(),
    }
}

#[tokio::test]
async fn two_orders_racing_for_the_last_piece_allocate_it_once() {
    let world = World::with(&[("TEA", 1)]).await;
    let step = interleaved(&world);
    let messages = [1, 2].map(|number| message(&order(number), &paid(&[line("TEA", 1)])));
    let (first, second) = tokio::join!(step.consume(&messages[0]), step.consume(&messages[1]));
    assert_eq!((first, second), (Ok(()), Ok(())));
    let mut types = [world.event_types(&order(1)).await, world.event_types(&order(2)).await].concat();
    types.sort();
    assert_eq!(types, ["InventoryUpdated", "OutOfStock"]);
    assert_eq!(world.stock("TEA").await, (1, 0, 1));
}

#[tokio::test]
async fn a_payment_racing_a_cancellation_leaves_nothing_allocated() {
    let world = World::with(&[("TEA", 3)]).await;
    let step = interleaved(&world);
    let (payment, cancellation) =
        (message(&order(1), &paid(&[line("TEA", 1)])), message(&order(1), &cancelled()));
    let (first, second, again) =
        tokio::join!(step.consume(&payment), step.consume(&cancellation), step.consume(&payment));
    assert_eq!((first, second, again), (Ok(()), Ok(()), Ok(())));
    let types = world.event_types(&order(1)).await;
    assert!(types == ["InventoryUpdated", "StockReleased"] || types == ["StockReleased"], "{types:?}");
    assert_eq!(world.stock("TEA").await, (3, 3, 0));
}
