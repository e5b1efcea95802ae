//! A shop with its order table, the views and their index, and a clock that a test moves.

use event_store::{EventStore, Memory, MemoryIndex, Pages, StreamId};
use events::{
    Amount, Attention, Because, DisputeOutcome, OrderId, OrderPaid, OrderStatus, OrdersEvent,
    PaymentDisputed, PaymentRefunded, RefundCause, RefundId, RefundRequested, ServiceEvent, Shipped,
};
use jiff::Timestamp;
use orders::{Deadlines, Due, Order, ProjectOrders, SweepOrders, TrackOrder};
use resilience::FixedClock;
use runtime::queue::Consumer as _;
use runtime::schedule::Task as _;
use runtime::stream::Reader as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use testkit::{eur, lines, now, order_id, placed};

pub(crate) const MINUTE: Duration = Duration::from_mins(1);

pub(crate) struct Shop {
    pub(crate) table: Arc<Memory>,
    pub(crate) views: Arc<Memory>,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) project: ProjectOrders,
    pub(crate) track: TrackOrder,
    pub(crate) sweep: SweepOrders,
    pub(crate) told: Mutex<u32>,
}

impl Shop {
    pub(crate) fn open() -> Self {
        let (table, views) = (Arc::new(Memory::default()), Arc::new(Memory::default()));
        Self::with(table.clone(), Arc::new(index(&views)), table, views)
    }

    pub(crate) fn with(
        store: Arc<dyn EventStore>,
        open_by_deadline: Arc<dyn Pages>,
        table: Arc<Memory>,
        views: Arc<Memory>,
    ) -> Self {
        let clock = Arc::new(FixedClock::at(now()));
        let deadlines = Deadlines::default();
        Self {
            project: ProjectOrders { store: table.clone(), views: views.clone(), deadlines },
            track: TrackOrder { store: table.clone(), clock: clock.clone() },
            sweep: SweepOrders { store, open_by_deadline, clock: clock.clone(), deadlines },
            table,
            views,
            clock,
            told: Mutex::default(),
        }
    }

    pub(crate) async fn place(&self, id: &OrderId) {
        let placed = testkit::envelope(id, 1, &OrdersEvent::from(placed()));
        self.table.append(&StreamId::order(id), &placed).await.unwrap();
        self.project().await;
    }

    /// Another service says something about the first order, and the view follows.
    pub(crate) async fn tell<E: ServiceEvent>(&self, event: impl Into<E>) {
        let sequence = {
            let mut told = self.told.lock().unwrap();
            *told += 1;
            *told
        };
        self.track.consume(&testkit::message(&order_id(1), sequence, &event.into())).await.unwrap();
        self.project().await;
    }

    pub(crate) async fn project(&self) {
        let records = self.table.all_events().iter().map(testkit::record).collect();
        assert_eq!(self.project.read(records).await.unwrap(), []);
    }

    /// Sweeps, and lets the views follow; answers how many orders the index had as due, and how many were overdue.
    pub(crate) async fn sweep(&self) -> (u64, u64) {
        let swept = self.sweep.run().await.unwrap();
        self.project().await;
        (swept["due"].as_u64().unwrap(), swept["overdue"].as_u64().unwrap())
    }

    pub(crate) fn wait(&self, time: Duration) {
        self.clock.advance(time);
    }

    pub(crate) async fn order(&self, id: &OrderId) -> Order {
        let store: &dyn EventStore = &*self.table;
        store.history::<Order>(&StreamId::order(id)).await.unwrap().state
    }

    pub(crate) async fn first(&self) -> Order {
        self.order(&order_id(1)).await
    }

    /// How often an order was asked to expire, over all orders.
    pub(crate) fn expiries(&self) -> usize {
        self.table.all_events().iter().filter(|event| event.event_type == "OrderExpired").count()
    }

    /// The statuses that an order was called stuck in, over all orders.
    pub(crate) fn stuck_in(&self) -> Vec<OrderStatus> {
        self.table
            .all_events()
            .iter()
            .filter_map(|envelope| match OrdersEvent::read(envelope).unwrap() {
                OrdersEvent::OrderUpdated(updated) => Some(updated),
                _ => None,
            })
            .filter(|updated| updated.because == Because::Deadline)
            .map(|updated| {
                assert!(updated.attention.contains(&Attention::Stuck));
                updated.status
            })
            .collect()
    }

    pub(crate) async fn next_deadline(&self) -> Option<(Timestamp, Due)> {
        let deadline = self.first().await.next_deadline(&Deadlines::default());
        // The index says the same, or the sweep would come at another time than the decision.
        let views = self.views.all_documents();
        let attributes = &views.first().unwrap().1.attributes;
        let indexed = attributes.iter().find(|(name, _)| *name == "deadline").map(|(_, value)| value.clone());
        let expected = deadline.map_or(Timestamp::MAX, |(at, _)| at).to_string();
        assert!(indexed.is_none_or(|indexed| indexed == expected));
        deadline
    }
}

pub(crate) fn index(views: &Arc<Memory>) -> MemoryIndex {
    views.index("open_shard", "deadline")
}

pub(crate) fn after(time: Duration) -> Timestamp {
    now().checked_add(time).unwrap()
}

pub(crate) fn order_paid() -> OrderPaid {
    OrderPaid {
        intent_id: "pi_1".to_owned(),
        amount: Amount::minor(1900),
        currency: eur(),
        lines: lines(),
        reference: None,
    }
}

pub(crate) fn refund_id(id: &str) -> RefundId {
    RefundId::try_from(id).unwrap()
}

pub(crate) fn refund(id: &str, cause: RefundCause) -> RefundRequested {
    RefundRequested {
        refund_id: refund_id(id),
        cause,
        amount: Amount::minor(1900),
        captured: None,
        reference: None,
        instead_of: None,
        reason: None,
    }
}

pub(crate) fn refunded(id: &str) -> PaymentRefunded {
    PaymentRefunded { refund_id: refund_id(id), provider_refund_id: None, amount: Amount::minor(1900) }
}

pub(crate) fn shipped() -> Shipped {
    Shipped { carrier: "DHL".to_owned(), tracking_code: "T1".to_owned() }
}

pub(crate) fn disputed(outcome: DisputeOutcome) -> PaymentDisputed {
    PaymentDisputed { dispute_id: "dp_1".to_owned(), outcome, amount: Amount::minor(1900) }
}
