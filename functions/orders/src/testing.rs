//! The harness of this service's tests: every step over in-memory tables, and the messages of other services ([`messages`]).

mod messages;

pub(crate) use messages::{
    cancelled_order, corrected_to, delivered_order, disputed, order_paid, payment_requested, publish, refund,
    refund_failed, refunded, replacement, shipped,
};

use crate::{
    CancelOrder, CopyPrices, Deadlines, EmailKey, EraseCustomer, Erasures, GetOrder, Order, PlaceOrder,
    ProjectOrders, SearchOrders, Summary, SweepOrders, TrackOrder,
};
use event_store::{Document, EventStore, Key, Memory, MemoryIndex, Pages, StreamId};
use events::{
    Amount, CatalogEvent, Currency, Customer, Envelope, OrderId, OrderPlaced, OrdersEvent, ProductChanged,
    Sequence, ServiceEvent,
};
use jiff::Timestamp;
use outbound::{Secret, SystemRandomBytes};
use resilience::FixedClock;
use runtime::http::{Endpoint as _, Problem, Reply, Request};
use runtime::queue::Consumer as _;
use runtime::schedule::Task as _;
use runtime::stream::Reader as _;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use testkit::{FixedSecrets, RequestBuilder as _, cause, customer, now, order_id, placed, request, sku};

pub(crate) const MINUTE: Duration = Duration::from_mins(1);
pub(crate) const DAY: Duration = Duration::from_hours(24);

/// Orders over in-memory tables, with a clock that a test moves.
pub(crate) struct World {
    pub(crate) table: Arc<Memory>,
    pub(crate) views: Arc<Memory>,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) place: Arc<PlaceOrder>,
    pub(crate) prices: CopyPrices,
    pub(crate) get: GetOrder,
    pub(crate) cancel: CancelOrder,
    pub(crate) track: TrackOrder,
    pub(crate) project: ProjectOrders,
    pub(crate) search: SearchOrders,
    pub(crate) sweep: SweepOrders,
    pub(crate) erase: EraseCustomer,
    delivered: AtomicU32,
}

impl Default for World {
    fn default() -> Self {
        let (table, views) = (Arc::new(Memory::default()), Arc::new(Memory::default()));
        Self::with(table.clone(), Arc::new(open_by_deadline(&views)), table, views)
    }
}

impl World {
    /// A world whose sweep uses this store and this index.
    pub(crate) fn with(
        store: Arc<dyn EventStore>,
        index: Arc<dyn Pages>,
        table: Arc<Memory>,
        views: Arc<Memory>,
    ) -> Self {
        let clock = Arc::new(FixedClock::at(now()));
        let deadlines = Deadlines::default();
        let place = PlaceOrder {
            store: table.clone(),
            documents: table.clone(),
            clock: clock.clone(),
            pay_within: 30 * MINUTE,
            pay_offline_within: 7 * DAY,
            senders: "bank:payments,courier:parcels".parse().unwrap(),
        };
        Self {
            place: Arc::new(place),
            prices: CopyPrices { documents: table.clone() },
            get: GetOrder {
                store: table.clone(),
                by_customer: Arc::new(views.index("pk", "sk")),
                open_by_deadline: Arc::new(open_by_deadline(&views)),
            },
            cancel: CancelOrder { store: table.clone(), clock: clock.clone() },
            track: TrackOrder { store: table.clone(), clock: clock.clone() },
            project: ProjectOrders {
                store: table.clone(),
                views: views.clone(),
                deadlines,
                email_key: email_key("key-1"),
                redaction: table.clone(),
                clock: clock.clone(),
            },
            erase: EraseCustomer {
                store: table.clone(),
                documents: table.clone(),
                by_customer: Arc::new(views.index("pk", "sk")),
                clock: clock.clone(),
                random: Arc::new(SystemRandomBytes::default()),
                deadlines,
            },
            search: search(&views, "key-1"),
            sweep: SweepOrders {
                store,
                views: views.clone(),
                open_by_deadline: index,
                clock: clock.clone(),
                deadlines,
                erasures: Erasures {
                    store: table.clone(),
                    documents: table.clone(),
                    partitions: Arc::new(views.index("pk", "sk")),
                    clock: clock.clone(),
                    deadlines,
                    retention_days: 0,
                },
            },
            table,
            views,
            clock,
            delivered: AtomicU32::default(),
        }
    }

    /// A world in which a packet of tea costs 9.50 EUR.
    pub(crate) async fn with_tea() -> Self {
        let world = Self::default();
        world.price("TEA-01", 950, true, 1).await;
        world
    }

    /// Delivers the `ProductChanged` with this sequence to `copy-prices`.
    pub(crate) async fn price(&self, name: &str, price: u64, active: bool, sequence: u32) {
        self.price_in("EUR", name, price, active, sequence).await;
    }

    /// The same in another currency.
    pub(crate) async fn price_in(&self, currency: &str, name: &str, price: u64, active: bool, sequence: u32) {
        let currency = Currency::try_from(currency).unwrap();
        let product = ProductChanged {
            weight_grams: Some(120),
            active,
            ..ProductChanged::new(sku(name), "Sencha".to_owned(), Amount::minor(price), currency)
        };
        let place = Sequence::after(sequence - 1);
        let envelope = Envelope::wrap(name, place, now(), &cause(), &CatalogEvent::ProductChanged(product));
        self.prices.consume(&testkit::delivered(&envelope, 1).unwrap()).await.unwrap();
    }

    /// Sends a request to `place-order`.
    pub(crate) async fn send(&self, key: &str, body: &Value) -> Result<Reply, Problem> {
        self.place.answer(place_request(key, body)).await
    }

    /// Appends the n-th order without a request, now.
    pub(crate) async fn place(&self, n: u64) {
        self.append(&order_id(n), placed()).await;
    }

    /// The same for a customer.
    pub(crate) async fn place_for(&self, n: u64, customer: Customer) {
        self.append(&order_id(n), OrderPlaced { customer, ..placed() }).await;
    }

    /// Appends an order as it is given, now.
    pub(crate) async fn append(&self, id: &OrderId, placed: OrderPlaced) {
        self.append_only(id, placed).await;
        self.project().await;
    }

    /// The same; the view does not follow.
    pub(crate) async fn append_only(&self, id: &OrderId, placed: OrderPlaced) {
        let mut envelope = testkit::envelope(id, 1, &OrdersEvent::from(placed));
        envelope.time = resilience::Clock::now(&*self.clock);
        self.table.append(&StreamId::order(id), &envelope).await.unwrap();
    }

    /// Another service publishes an event about the first order; the order records it, and the view follows.
    pub(crate) async fn deliver<E: ServiceEvent>(&self, event: impl Into<E>) {
        self.deliver_to(1, event).await;
    }

    /// The same for the n-th order.
    pub(crate) async fn deliver_to<E: ServiceEvent>(&self, n: u64, event: impl Into<E>) {
        let sequence = 1 + self.delivered.fetch_add(1, Ordering::Relaxed);
        self.track.consume(&testkit::message(&order_id(n), sequence, &event.into())).await.unwrap();
        self.project().await;
    }

    /// Brings every view up to date.
    pub(crate) async fn project(&self) {
        let records: Vec<_> = self.table.all_events().iter().map(testkit::record).collect();
        self.project.read(&records).await.unwrap();
    }

    /// Sweeps, and brings the views up to date. Returns how many orders the index had as due, and how many were overdue.
    pub(crate) async fn sweep(&self) -> (u64, u64) {
        let swept = self.sweep.run().await.unwrap();
        self.project().await;
        (swept["due"].as_u64().unwrap(), swept["overdue"].as_u64().unwrap())
    }

    /// The documents of the table of views that are views.
    pub(crate) fn stored_views(&self) -> Vec<(Key, Document)> {
        let documents = self.views.all_documents().into_iter();
        documents.filter(|(key, _)| Summary::order_of(key).is_some()).collect()
    }

    /// The look-up items, by their keys.
    pub(crate) fn look_ups(&self) -> Vec<String> {
        let documents = self.views.all_documents().into_iter();
        let mut keys: Vec<String> = documents
            .filter(|(key, _)| key.pk.starts_with("find#"))
            .map(|(key, document)| format!("{key}: {}", document.body))
            .collect();
        keys.sort();
        keys
    }

    pub(crate) fn wait(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// The body of the answer to a request to `get-order`.
    pub(crate) async fn get(&self, request: Request) -> Result<Value, Problem> {
        self.get.answer(request).await.map(|reply| body(&reply))
    }

    /// The first order, as the fold of its stream.
    pub(crate) async fn first_order(&self) -> Order {
        self.order(&order_id(1)).await
    }

    pub(crate) async fn order(&self, id: &OrderId) -> Order {
        let store: &dyn EventStore = &*self.table;
        store.history::<Order>(&StreamId::order(id)).await.unwrap().state
    }

    /// How many events all streams hold.
    pub(crate) fn events(&self) -> usize {
        self.table.all_events().len()
    }
}

pub(crate) fn place_request(key: &str, body: &Value) -> Request {
    request("POST /orders").by(customer()).header("idempotency-key", key).json(body)
}

/// The request of the n-th order's page.
pub(crate) fn page_request(n: u64) -> Request {
    request("GET /orders/{order_id}").path("order_id", order_id(n).as_str())
}

/// The body of a request for two packets of tea.
pub(crate) fn tea() -> Value {
    json!({
        "items": [{"sku": "TEA-01", "quantity": 2}],
        "currency": "EUR",
        "payment_method": "pm_card_visa",
        "contact": {"email": "a@b.example", "phone": "+41790000000"},
        "shipping_address": {
            "name": "A. Person", "line1": "Street 1", "city": "Bern", "postal_code": "3000", "country": "CH",
        },
    })
}

/// A search with this key, or this JSON list of keys.
pub(crate) fn search(views: &Arc<Memory>, keys: &str) -> SearchOrders {
    SearchOrders {
        views: views.clone(),
        partitions: Arc::new(views.index("pk", "sk")),
        by_attention: Arc::new(views.index("attention", "sk")),
        email_key: email_key(keys),
    }
}

pub(crate) fn email_key(keys: &str) -> EmailKey {
    EmailKey::new(Arc::new(FixedSecrets(Secret::parse_list(keys))), "search-key".to_owned())
}

pub(crate) fn open_by_deadline(views: &Arc<Memory>) -> MemoryIndex {
    views.index("open_shard", "deadline")
}

/// This long after the test began.
pub(crate) fn after(time: Duration) -> Timestamp {
    now().checked_add(time).unwrap()
}

pub(crate) fn body(reply: &Reply) -> Value {
    serde_json::from_str(&reply.body).unwrap()
}

pub(crate) fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    reply.headers.iter().find(|(found, _)| *found == name).map(|(_, value)| value.as_str())
}
