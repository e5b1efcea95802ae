//! The sweep finds every due order through the index, decides each from its stream, and survives failures of single orders.

use crate::testing::{MINUTE, World, after, open_by_deadline, order_paid};
use crate::{Deadlines, Due};
use async_trait::async_trait;
use event_store::{
    AppendError, Documents as _, EventStore, Key, Memory, MemoryIndex, Page, Pages, Position, StoreError,
    StreamId, Walk,
};
use events::{Envelope, InventoryEvent, InventoryUpdated, OrderId, OrderPlaced, PaymentsEvent};
use resilience::Failure;
use runtime::schedule::Task as _;
use serde_json::json;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use testkit::{lines, order_id, placed};

#[tokio::test]
async fn a_stale_index_changes_nothing() {
    let world = World::default();
    world.place(1).await;
    let stale = world.stored_views();
    world.deliver::<PaymentsEvent>(order_paid()).await;
    world.deliver::<InventoryEvent>(InventoryUpdated::unsharded(lines())).await;
    let (key, document) = stale.first().unwrap();
    world.views.put(key, document).await.unwrap();
    let before = world.events();
    world.wait(31 * MINUTE);
    for due in [1, 0] {
        let swept = world.sweep.run().await.unwrap();
        assert_eq!(
            swept,
            json!({"due": due, "overdue": 0, "erasures": 0}),
            "the first one moves it to its deadline"
        );
    }
    assert_eq!(world.events(), before);
}

#[tokio::test]
async fn a_view_of_an_older_build_is_swept_and_moves_to_its_customer() {
    let world = World::default();
    world.place(1).await;
    let (place, view) = world.stored_views().pop().unwrap();
    let older = Key::new(format!("order#{}", order_id(1)), "view");
    world.views.delete(&place).await.unwrap();
    world.views.put(&older, &view).await.unwrap();
    world.wait(31 * MINUTE);
    assert_eq!(world.sweep.run().await.unwrap(), json!({"due": 1, "overdue": 1, "erasures": 0}));
    let places: Vec<Key> = world.stored_views().into_iter().map(|(key, _)| key).collect();
    assert_eq!(places, [place]);
    assert_eq!(world.expiries(), 1);
}

#[tokio::test]
async fn a_crashed_sweep_loses_nothing_and_repeats_nothing() {
    let world = World::default();
    world.place(1).await;
    world.wait(31 * MINUTE);
    // The event was appended, and the order moves in the index at once. A crash in between is in the proofs of the samples.
    for (due, overdue) in [(1, 1), (0, 0), (0, 0)] {
        let swept = world.sweep.run().await.unwrap();
        assert_eq!(swept, json!({"due": due, "overdue": overdue, "erasures": 0}));
    }
    assert_eq!(world.expiries(), 1);
}

/// A store that lets other tasks run between a read and the decision from it.
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

#[tokio::test]
async fn two_concurrent_sweeps_append_once() {
    let (table, views) = (Arc::new(Memory::default()), Arc::new(Memory::default()));
    let store = Arc::new(Interleaved(table.clone()));
    let world = World::with(store, Arc::new(open_by_deadline(&views)), table, views);
    for n in 1..=20 {
        world.place(n).await;
    }
    world.wait(31 * MINUTE);
    let (left, right) = tokio::join!(world.sweep.run(), world.sweep.run());
    let overdue = |swept: Result<serde_json::Value, Failure>| swept.unwrap()["overdue"].as_u64().unwrap();
    assert_eq!(overdue(left) + overdue(right), 20);
    assert_eq!(world.expiries(), 20);
}

#[tokio::test]
async fn a_sweep_reads_every_due_page_of_every_shard() {
    let world = World::default();
    let mut ids: Vec<OrderId> =
        (0..16_u128).map(|shard| OrderId::from_digest(((shard << 124) | 0x5000).to_be_bytes())).collect();
    ids.extend((1..=250).map(order_id));
    for id in &ids {
        world.append_only(id, placed()).await;
    }
    world.project().await;
    // An order of the same partition that is not due yet.
    world.wait(31 * MINUTE);
    let mut later = placed();
    later.pay_by = after(32 * MINUTE);
    world.append(&order_id(1000), later).await;

    let all = u64::try_from(ids.len()).unwrap();
    assert_eq!(world.sweep().await, (all, all));
    let expired: HashSet<String> = world
        .table
        .all_events()
        .into_iter()
        .filter(|event| event.event_type == "OrderExpired")
        .map(|event| event.subject)
        .collect();
    assert_eq!(expired, ids.iter().map(ToString::to_string).collect());
    world.wait(MINUTE);
    assert_eq!(world.sweep().await, (1, 1));
}

/// A store that is unavailable for one order.
struct UnavailableFor(Arc<Memory>, OrderId);

#[async_trait]
impl EventStore for UnavailableFor {
    async fn read(&self, stream: &StreamId) -> Result<Vec<Envelope>, StoreError> {
        if stream.subject() == self.1.as_str() {
            return Err(StoreError::Unavailable("throttled".to_owned()));
        }
        self.0.read(stream).await
    }

    async fn append(&self, stream: &StreamId, envelope: &Envelope) -> Result<(), AppendError> {
        self.0.append(stream, envelope).await
    }
}

/// An index of which one partition is unavailable.
struct UnavailableAt(MemoryIndex, &'static str);

#[async_trait]
impl Pages for UnavailableAt {
    async fn page(
        &self,
        partition: &str,
        walk: Walk<'_>,
        limit: u32,
        position: Option<&Position>,
    ) -> Result<Page, StoreError> {
        if partition == self.1 {
            return Err(StoreError::Unavailable("throttled".to_owned()));
        }
        self.0.page(partition, walk, limit, position).await
    }
}

#[tokio::test]
async fn one_failure_does_not_stop_the_sweep_but_fails_it_at_the_end() {
    let (table, views) = (Arc::new(Memory::default()), Arc::new(Memory::default()));
    let store = Arc::new(UnavailableFor(table.clone(), order_id(2)));
    let world =
        World::with(store, Arc::new(UnavailableAt(open_by_deadline(&views), "open#15")), table, views);
    for n in 1..=5 {
        world.place(n).await;
    }
    world.wait(31 * MINUTE);
    let failure = world.sweep.run().await.unwrap_err();
    assert!(matches!(failure, Failure::Retry { .. }));
    assert!(failure.reason().starts_with("2 orders or pages"), "{failure}");
    assert!(failure.reason().contains("the other 4 due orders"), "{failure}");
    assert_eq!(world.expiries(), 4);
    assert_eq!(
        world.order(&order_id(2)).await.next_deadline(&Deadlines::default()),
        Some((placed().pay_by, Due::Expiry))
    );
}

#[tokio::test]
async fn a_deadline_is_found_within_its_second() {
    for (deadline, clock) in [(0, 1), (0, 999), (500, 501), (999, 999)] {
        let world = World::default();
        let pay_by = after(30 * MINUTE + Duration::from_millis(deadline));
        world.append(&order_id(1), OrderPlaced { pay_by, ..placed() }).await;
        world.wait(30 * MINUTE + Duration::from_millis(clock));
        assert_eq!(world.sweep().await, (1, 1), "{deadline} ms, at {clock} ms");
    }
}
