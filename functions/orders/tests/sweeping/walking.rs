//! How the sweep finds what is due: all of it, by the stream and not by the index, each order by itself.

use crate::shop::{MINUTE, Shop, after, index, order_paid};
use async_trait::async_trait;
use event_store::{
    AppendError, EventStore, Memory, MemoryIndex, Page, Pages, Position, StoreError, StreamId, Walk,
};
use events::{Envelope, InventoryEvent, InventoryUpdated, OrderId, OrderPlaced, OrdersEvent, PaymentsEvent};
use orders::{Deadlines, Due};
use resilience::Failure;
use runtime::schedule::Task as _;
use serde_json::json;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use testkit::{lines, order_id, placed};

#[tokio::test]
async fn an_index_that_lags_changes_nothing() {
    let shop = Shop::open();
    shop.place(&order_id(1)).await;
    let stale = shop.views.all_documents();
    shop.tell::<PaymentsEvent>(order_paid()).await;
    shop.tell::<InventoryEvent>(InventoryUpdated { lines: lines() }).await;
    let (key, document) = stale.first().unwrap();
    event_store::Documents::put(&*shop.views, key, document).await.unwrap();
    let before = shop.table.all_events().len();
    shop.wait(31 * MINUTE);
    for _ in 0..2 {
        let swept = shop.sweep.run().await.unwrap();
        assert_eq!(swept, json!({"due": 1, "overdue": 0}));
    }
    assert_eq!(shop.table.all_events().len(), before);
}

#[tokio::test]
async fn a_crashed_sweep_loses_nothing_and_a_view_that_is_behind_says_nothing_twice() {
    let shop = Shop::open();
    shop.place(&order_id(1)).await;
    shop.wait(31 * MINUTE);
    // The event is written and its view is not: for the next sweep the order is due still.
    for overdue in [1, 0, 0] {
        let swept = shop.sweep.run().await.unwrap();
        assert_eq!(swept, json!({"due": 1, "overdue": overdue}));
    }
    assert_eq!(shop.expiries(), 1);
}

/// Lets others run between a read and what is decided from it.
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
async fn two_sweeps_at_once_append_once() {
    let (table, views) = (Arc::new(Memory::default()), Arc::new(Memory::default()));
    let store = Arc::new(Interleaved(table.clone()));
    let shop = Shop::with(store, Arc::new(index(&views)), table, views);
    for n in 1..=20 {
        shop.place(&order_id(n)).await;
    }
    shop.wait(31 * MINUTE);
    let (left, right) = tokio::join!(shop.sweep.run(), shop.sweep.run());
    let overdue = |swept: Result<serde_json::Value, Failure>| swept.unwrap()["overdue"].as_u64().unwrap();
    assert_eq!(overdue(left) + overdue(right), 20);
    assert_eq!(shop.expiries(), 20);
}

#[tokio::test]
async fn all_shards_and_all_due_pages_are_walked_and_nothing_beyond() {
    let shop = Shop::open();
    let mut ids: Vec<OrderId> =
        (0..16_u128).map(|shard| OrderId::from_digest(((shard << 124) | 0x5000).to_be_bytes())).collect();
    ids.extend((1..=250).map(order_id));
    for id in &ids {
        let placed = testkit::envelope(id, 1, &OrdersEvent::from(placed()));
        shop.table.append(&StreamId::order(id), &placed).await.unwrap();
    }
    shop.project().await;
    // Placed later, in the same partition, and not yet due.
    shop.wait(31 * MINUTE);
    let mut later = placed();
    later.pay_by = after(32 * MINUTE);
    let late = order_id(1000);
    let envelope = testkit::envelope(&late, 1, &OrdersEvent::from(later));
    shop.table.append(&StreamId::order(&late), &envelope).await.unwrap();
    shop.project().await;

    let all = u64::try_from(ids.len()).unwrap();
    assert_eq!(shop.sweep().await, (all, all));
    let expired: HashSet<String> = shop
        .table
        .all_events()
        .into_iter()
        .filter(|event| event.event_type == "OrderExpired")
        .map(|event| event.subject)
        .collect();
    assert_eq!(expired, ids.iter().map(ToString::to_string).collect());
    shop.wait(MINUTE);
    assert_eq!(shop.sweep().await, (1, 1));
}

/// A table that cannot be reached for one order.
struct OutFor(Arc<Memory>, OrderId);

#[async_trait]
impl EventStore for OutFor {
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

/// An index of which one partition cannot be reached.
struct OutAt(MemoryIndex, &'static str);

#[async_trait]
impl Pages for OutAt {
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
async fn an_order_or_a_partition_that_fails_does_not_stop_the_others_and_fails_the_sweep() {
    let (table, views) = (Arc::new(Memory::default()), Arc::new(Memory::default()));
    let store = Arc::new(OutFor(table.clone(), order_id(2)));
    let shop = Shop::with(store, Arc::new(OutAt(index(&views), "open#15")), table, views);
    for n in 1..=5 {
        shop.place(&order_id(n)).await;
    }
    shop.wait(31 * MINUTE);
    let failure = shop.sweep.run().await.unwrap_err();
    assert!(matches!(failure, Failure::Retry { .. }));
    assert!(failure.reason().starts_with("2 orders or pages"), "{failure}");
    assert!(failure.reason().contains("the other 4 due orders"), "{failure}");
    assert_eq!(shop.expiries(), 4);
    assert_eq!(
        shop.order(&order_id(2)).await.next_deadline(&Deadlines::default()),
        Some((placed().pay_by, Due::Expiry))
    );
}

#[tokio::test]
async fn a_deadline_is_found_within_its_second_whatever_fractions_it_and_the_clock_have() {
    for (deadline, clock) in [(0, 1), (0, 999), (500, 501), (999, 999)] {
        let shop = Shop::open();
        let pay_by = after(30 * MINUTE + Duration::from_millis(deadline));
        let placed = OrdersEvent::from(OrderPlaced { pay_by, ..placed() });
        let envelope = testkit::envelope(&order_id(1), 1, &placed);
        shop.table.append(&StreamId::order(&order_id(1)), &envelope).await.unwrap();
        shop.project().await;
        shop.wait(30 * MINUTE + Duration::from_millis(clock));
        assert_eq!(shop.sweep().await, (1, 1), "{deadline} ms, at {clock} ms");
    }
}
