//! A hot SKU has its pieces on several items: no order misses a piece, none is sold twice, and a SKU without shards costs what it
//! did before.

use crate::shards::home;
use crate::stock::stock_key;
use crate::testing::{World, body, cancelled, line, message, order, paid, returned, shipped, sku};
use crate::{AllocateStock, HotSkus};
use async_trait::async_trait;
use event_store::{
    Counters, Counts, EventStore as _, Key, Memory, StoreError, StreamId, Transaction, TransactionError,
};
use events::{InventoryEvent, OrderId, ServiceEvent as _, SkuShard};
use jiff::Timestamp;
use resilience::{Failure, FixedClock};
use runtime::queue::Consumer as _;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

async fn last_event(world: &World, id: &OrderId) -> InventoryEvent {
    let stream = world.table.read(&StreamId::order(id)).await.unwrap();
    InventoryEvent::read(stream.last().unwrap()).unwrap()
}

/// Counts the calls, and lets a test change the table before a transaction.
struct Watched {
    table: Arc<Memory>,
    reads: AtomicU32,
    transactions: AtomicU32,
    before: Mutex<Vec<Option<Transaction>>>,
}

impl Watched {
    /// `before` the first, second, … transaction, another one is committed.
    fn over(world: &World, before: Vec<Option<Transaction>>) -> Arc<Self> {
        let (reads, transactions) = Default::default();
        Arc::new(Self { table: world.table.clone(), reads, transactions, before: Mutex::new(before) })
    }

    fn calls(&self) -> (u32, u32) {
        (self.reads.load(Ordering::SeqCst), self.transactions.load(Ordering::SeqCst))
    }
}

#[async_trait]
impl Counters for Watched {
    async fn counts(&self, key: &Key) -> Result<Option<Counts>, StoreError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.table.counts(key).await
    }

    async fn set(
        &self,
        key: &Key,
        expected: Option<u64>,
        values: &[(&'static str, i64)],
    ) -> Result<bool, StoreError> {
        self.table.set(key, expected, values).await
    }

    async fn commit(&self, transaction: &Transaction) -> Result<(), TransactionError> {
        self.transactions.fetch_add(1, Ordering::SeqCst);
        let actions = transaction.moves.len() + usize::from(transaction.event.is_some());
        assert!(actions <= 100, "a transaction of {actions} actions");
        let other = {
            let mut before = self.before.lock().unwrap();
            if before.is_empty() { None } else { before.remove(0) }
        };
        if let Some(other) = other {
            self.table.commit(&other).await.unwrap();
        }
        self.table.commit(transaction).await
    }
}

fn step(world: &World, counters: &Arc<impl Counters + 'static>) -> AllocateStock {
    AllocateStock {
        store: world.table.clone(),
        counters: counters.clone(),
        clock: Arc::new(FixedClock::at(Timestamp::UNIX_EPOCH)),
        hot: HotSkus::default(),
    }
}

/// An order whose home is this shard of so many.
fn order_at(shard: u8, of: u8) -> OrderId {
    (1..=u8::MAX).map(order).find(|id| home(id, of) == shard).unwrap()
}

#[tokio::test]
async fn a_sku_without_shards_costs_the_requests_that_it_did() {
    let world = World::with(&[("TEA", 1)]).await;
    let counters = Watched::over(&world, vec![]);
    let step = step(&world, &counters);
    step.consume(&message(&order(1), &paid(&[line("TEA", 1)]))).await.unwrap();
    assert_eq!(counters.calls(), (0, 1), "allocated by one transaction");
    step.consume(&message(&order(2), &paid(&[line("TEA", 1)]))).await.unwrap();
    assert_eq!(counters.calls(), (0, 3), "out of stock by one that is refused and one that says so");
    step.consume(&message(&order(1), &shipped())).await.unwrap();
    assert_eq!(counters.calls(), (0, 4));
    let item = world.table.counts(&stock_key(&sku("TEA"))).await.unwrap().unwrap();
    assert_eq!(
        item.values.keys().collect::<Vec<_>>(),
        ["allocated", "available"],
        "its item has no other number"
    );
}

#[tokio::test]
async fn a_process_learns_once_that_a_sku_is_hot_and_then_writes_only_the_home_of_the_order() {
    let world = World::with(&[("TEA", 80)]).await;
    world.spread("TEA", 4, None).await.unwrap();
    let counters = Watched::over(&world, vec![]);
    let step = step(&world, &counters);
    let (first, second) = (order_at(1, 4), order_at(3, 4));
    step.consume(&message(&first, &paid(&[line("TEA", 2)]))).await.unwrap();
    assert_eq!(counters.calls(), (0, 2), "one transaction is refused");
    step.consume(&message(&second, &paid(&[line("TEA", 2)]))).await.unwrap();
    assert_eq!(counters.calls(), (0, 3));
    assert_eq!(world.shards("TEA").await, [(20, 0), (18, 2), (20, 0), (18, 2)]);
    let InventoryEvent::InventoryUpdated(event) = last_event(&world, &second).await else {
        panic!("not allocated")
    };
    assert_eq!(event.shards, [SkuShard { sku: sku("TEA"), shard: 3 }]);
}

#[tokio::test]
async fn release_commitment_and_return_use_the_shard_of_the_allocation() {
    let world = World::with(&[("TEA", 40)]).await;
    world.spread("TEA", 4, None).await.unwrap();
    let (released, returned_later) = (order_at(2, 4), order_at(3, 4));
    for id in [&released, &returned_later] {
        world.deliver(id, &paid(&[line("TEA", 2)])).await.unwrap();
    }
    // The SKU becomes cold, and all pieces that are available move to shard 0.
    world.spread("TEA", 1, None).await.unwrap();
    assert_eq!(world.shards("TEA").await, [(36, 0), (0, 0), (0, 2), (0, 2)]);
    world.deliver(&released, &cancelled()).await.unwrap();
    world.deliver(&returned_later, &shipped()).await.unwrap();
    assert_eq!(world.shards("TEA").await, [(36, 0), (0, 0), (2, 0), (0, 0)]);
    world.deliver(&returned_later, &returned(true)).await.unwrap();
    assert_eq!(world.shards("TEA").await, [(36, 0), (0, 0), (2, 0), (2, 0)]);
    // Pieces that are left in a shard of a cold SKU are sold too.
    world.deliver(&order(200), &paid(&[line("TEA", 40)])).await.unwrap();
    assert_eq!(world.event_types(&order(200)).await, ["InventoryUpdated"]);
    assert_eq!(world.stock("TEA").await, (40, 0, 40));
}

#[tokio::test]
async fn an_allocation_from_before_the_shards_is_released_to_shard_0() {
    let world = World::with(&[("TEA", 8)]).await;
    world.deliver(&order(1), &paid(&[line("TEA", 3)])).await.unwrap();
    let stored = world.table.read(&StreamId::order(&order(1))).await.unwrap();
    assert!(stored[0].data.get("shards").is_none(), "the event is as before");
    world.spread("TEA", 4, None).await.unwrap();
    assert_eq!(world.shards("TEA").await, [(2, 3), (1, 0), (1, 0), (1, 0)]);
    world.deliver(&order(1), &cancelled()).await.unwrap();
    assert_eq!(world.shards("TEA").await, [(5, 0), (1, 0), (1, 0), (1, 0)]);
}

#[tokio::test]
async fn pieces_in_another_shard_are_never_called_missing() {
    for shards in 2..=8 {
        let world = World::with(&[("TEA", i64::from(shards))]).await;
        world.spread("TEA", shards, None).await.unwrap();
        // One order wants the piece of every shard.
        world.deliver(&order(1), &paid(&[line("TEA", shards.into())])).await.unwrap();
        assert_eq!(world.event_types(&order(1)).await, ["InventoryUpdated"], "{shards} shards");
        assert_eq!(world.stock("TEA").await, (shards.into(), 0, shards.into()));
        world.deliver(&order(2), &paid(&[line("TEA", 1)])).await.unwrap();
        assert_eq!(world.event_types(&order(2)).await, ["OutOfStock"]);
    }
}

#[tokio::test]
async fn out_of_stock_is_refused_if_a_piece_came_back_while_the_shards_were_read() {
    let world = World::with(&[("TEA", 2)]).await;
    world.spread("TEA", 2, None).await.unwrap();
    let holder = order_at(1, 2);
    world.deliver(&holder, &paid(&[line("TEA", 2)])).await.unwrap();
    // Refused because it is hot, refused because its home is short, then the proof: a cancellation comes first.
    let release = Transaction {
        moves: vec![event_store::Move::new(
            crate::shards::shard_key(&sku("TEA"), 1),
            vec![("available", 1), ("allocated", -1)],
        )],
        ..Transaction::default()
    };
    let counters = Watched::over(&world, vec![None, None, Some(release)]);
    let buyer = order_at(0, 2);
    step(&world, &counters).consume(&message(&buyer, &paid(&[line("TEA", 1)]))).await.unwrap();
    assert_eq!(world.event_types(&buyer).await, ["InventoryUpdated"]);
    assert_eq!(world.stock("TEA").await, (2, 0, 2));
}

#[tokio::test]
async fn only_missing_skus_are_named_and_pieces_elsewhere_are_not_missing() {
    let world = World::with(&[("TEA", 2), ("CUP", 0), ("POT", 8)]).await;
    for of in ["TEA", "POT"] {
        world.spread(of, 8, None).await.unwrap();
    }
    let wanted = paid(&[line("TEA", 3), line("CUP", 1), line("POT", 8)]);
    world.deliver(&order(1), &wanted).await.unwrap();
    let InventoryEvent::OutOfStock(event) = last_event(&world, &order(1)).await else {
        panic!("not out of stock")
    };
    assert!(!event.missing.contains(&sku("POT")), "{event:?}");
    assert!(event.missing.contains(&sku("CUP")), "{event:?}");
    assert_eq!(world.stock("POT").await, (8, 8, 0));
}

#[tokio::test]
async fn an_order_of_99_hot_skus_whose_pieces_are_scattered_is_allocated() {
    let lines: Vec<_> = (0..99).map(|number| line(&format!("S{number}"), 8)).collect();
    let world = World::default();
    for one in &lines {
        world.spread(one.sku.as_str(), 8, Some(8)).await.unwrap();
    }
    let counters = Watched::over(&world, vec![]);
    let step = step(&world, &counters);
    // Each delivery gathers the pieces of some SKUs, so a later one finds them together.
    let mut deliveries = 0;
    while let Err(failure) = step.consume(&message(&order(1), &paid(&lines))).await {
        assert!(matches!(failure, Failure::Retry { .. }), "{failure:?}");
        deliveries += 1;
        assert!(deliveries < 10, "it makes no progress");
    }
    assert_eq!(world.event_types(&order(1)).await, ["InventoryUpdated"]);
    for one in &lines {
        assert_eq!(world.stock(one.sku.as_str()).await, (8, 0, 8));
    }
    step.consume(&message(&order(1), &cancelled())).await.unwrap();
    for one in &lines {
        assert_eq!(world.stock(one.sku.as_str()).await, (8, 8, 0));
    }
}

#[tokio::test]
async fn an_adjustment_removes_pieces_of_every_shard_and_adds_to_shard_0() {
    let world = World::with(&[("TEA", 8)]).await;
    world.spread("TEA", 4, None).await.unwrap();
    assert_eq!(world.adjust("TEA", "k1", -9).await.unwrap_err().status, 409);
    assert_eq!(world.adjust("TEA", "k2", -7).await.unwrap().status, 201);
    assert_eq!(world.adjust("TEA", "k2", -7).await.unwrap().status, 200, "a repeat");
    assert_eq!(world.stock("TEA").await, (1, 1, 0));
    assert_eq!(world.adjust("TEA", "k3", 40).await.unwrap().status, 201);
    let shown = world.spread("TEA", 4, None).await.unwrap();
    assert_eq!(body(&shown)["on_hand"], 41);
    // An order whose home is empty draws its share of the delivery.
    world.deliver(&order_at(3, 4), &paid(&[line("TEA", 2)])).await.unwrap();
    assert_eq!(world.stock("TEA").await, (41, 39, 2));
}

/// DynamoDB's rule for transactions: one that meets another at an item is cancelled. Here a transaction lasts two turns.
struct Isolated {
    table: Arc<Memory>,
    busy: Mutex<BTreeSet<Key>>,
    conflicts: AtomicU32,
}

#[async_trait]
impl Counters for Isolated {
    async fn counts(&self, key: &Key) -> Result<Option<Counts>, StoreError> {
        self.table.counts(key).await
    }

    async fn set(
        &self,
        key: &Key,
        expected: Option<u64>,
        values: &[(&'static str, i64)],
    ) -> Result<bool, StoreError> {
        self.table.set(key, expected, values).await
    }

    async fn commit(&self, transaction: &Transaction) -> Result<(), TransactionError> {
        {
            let mut busy = self.busy.lock().unwrap();
            if transaction.moves.iter().any(|one| busy.contains(&one.key)) {
                self.conflicts.fetch_add(1, Ordering::SeqCst);
                return Err(StoreError::Unavailable("TransactionConflict".to_owned()).into());
            }
            busy.extend(transaction.moves.iter().map(|one| one.key.clone()));
        }
        tokio::task::yield_now().await;
        let done = self.table.commit(transaction).await;
        let mut busy = self.busy.lock().unwrap();
        for one in &transaction.moves {
            busy.remove(&one.key);
        }
        done
    }
}

/// 64 orders want one piece each at once; a message whose transaction conflicted is delivered again after all others. Returns
/// the conflicts and the rounds until all are allocated.
async fn of_64_orders(shards: u8) -> (u32, u32) {
    let world = World::with(&[("HOT", 64)]).await;
    world.spread("HOT", shards, Some(64)).await.unwrap();
    let (busy, conflicts) = Default::default();
    let counters = Arc::new(Isolated { table: world.table.clone(), busy, conflicts });
    let step = step(&world, &counters);
    // The process knows the SKU.
    step.consume(&message(&order(200), &paid(&[line("HOT", 1)]))).await.unwrap();
    step.consume(&message(&order(200), &cancelled())).await.unwrap();
    let mut waiting: Vec<_> =
        (0..64).map(|number| message(&order(number), &paid(&[line("HOT", 1)]))).collect();
    let mut rounds = 0;
    while !waiting.is_empty() {
        rounds += 1;
        let done = futures_util::future::join_all(waiting.iter().map(|one| step.consume(one))).await;
        let all = waiting.into_iter().zip(done);
        waiting = all.filter(|(_, done)| done.is_err()).map(|(one, _)| one).collect();
    }
    assert_eq!(world.stock("HOT").await, (64, 0, 64), "every piece is sold once");
    (counters.conflicts.load(Ordering::SeqCst), rounds)
}

#[tokio::test]
async fn eight_shards_take_a_fraction_of_the_conflicts_of_one_item() {
    let (one, eight) = (of_64_orders(1).await, of_64_orders(8).await);
    println!("64 orders of one SKU: (conflicts, rounds) with one item {one:?}, with eight shards {eight:?}");
    assert_eq!(one, (64 * 63 / 2, 64), "one transaction a round");
    assert!(eight.1 <= 16 && eight.0 * 4 < one.0, "{eight:?}");
}
