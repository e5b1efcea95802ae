//! The test harness of all steps: one table, one clock, one EasyPost, and the steps around them.

use crate::{ApplyCarrierEvent, CarrierWebhook, Carriers, EasyPost, ManageShipments, ShipOrder, Shipment};
use async_trait::async_trait;
use event_store::{AppendError, EventStore, Memory, StoreError, StreamId};
use events::{
    Envelope, InventoryEvent, InventoryUpdated, OrderCancellationRequested, OrderId, OrdersEvent, Provider,
    RequestedBy, ServiceEvent, ShippingEvent,
};
use outbound::{Breaker, DeadLetter, Secret, SecretError, Secrets, Transport};
use resilience::{Failure, FixedClock};
use runtime::Settings;
use runtime::http::Endpoint as _;
use runtime::queue::{Consumer as _, Message};
use runtime::stream::{Item, Record};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use testkit::{
    EASYPOST_KEY, FakeEasyPost, Outage, RequestBuilder as _, lines, message, now, placed, read_batch, record,
};

pub(crate) const WEBHOOK_SECRET: &str = "whsec_sample";

/// The settings of the carriers.
const SETTINGS: [(&str, &str); 6] = [
    ("EASYPOST_API_BASE", "https://easypost.example"),
    ("EASYPOST_API_KEY_SECRET", "easypost-api-key"),
    ("SENDER_NAME", "Shop"),
    ("SENDER_LINE1", "Lane 2"),
    ("SENDER_CITY", "Basel"),
    ("SENDER_COUNTRY", "CH"),
];

pub(crate) struct World {
    pub(crate) memory: Arc<Memory>,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) carrier: Arc<FakeEasyPost>,
    pub(crate) provider: Provider,
    /// The connection to the carrier.
    pub(crate) transport: Arc<dyn Transport>,
    /// Hold the carrier's API key.
    pub(crate) api_keys: Arc<dyn Secrets>,
    /// The next append fails, as if the function had crashed before it.
    pub(crate) crashes: Arc<AtomicBool>,
    /// How many of the table's events `run` has delivered.
    delivered: AtomicUsize,
}

impl World {
    pub(crate) fn with(provider: Provider) -> Self {
        let carrier = Arc::new(FakeEasyPost::default());
        Self {
            memory: Arc::default(),
            clock: Arc::new(FixedClock::at(now())),
            transport: carrier.clone(),
            carrier,
            provider,
            api_keys: Arc::new(StoredSecrets),
            crashes: Arc::default(),
            delivered: AtomicUsize::new(0),
        }
    }

    /// A world whose carrier is called through its breaker, and can be down.
    pub(crate) fn behind_a_breaker() -> (Self, Arc<Outage>) {
        let mut world = Self::with(Provider::Easypost);
        let outage = Outage::of(world.carrier.clone(), world.clock.clone());
        let (documents, clock) = (world.memory.clone(), world.clock.clone());
        world.transport = Breaker::before(outage.clone(), EasyPost::NAME, documents, clock);
        (world, outage)
    }

    fn store(&self) -> Arc<dyn EventStore> {
        Arc::new(Crashing { inner: self.memory.clone(), crashes: self.crashes.clone() })
    }

    pub(crate) fn ship(&self) -> ShipOrder {
        self.ship_on(self.store())
    }

    pub(crate) fn ship_on(&self, store: Arc<dyn EventStore>) -> ShipOrder {
        let mut settings = Settings::from_lookup(|name| {
            SETTINGS.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        });
        ShipOrder {
            redaction: self.memory.clone(),
            store,
            documents: self.memory.clone(),
            clock: self.clock.clone(),
            carriers: Carriers::from_settings(&mut settings, self.provider, self.api_keys.clone(), |_| {
                self.transport.clone()
            }),
        }
    }

    pub(crate) fn manage(&self) -> ManageShipments {
        self.manage_on(self.store())
    }

    pub(crate) fn manage_on(&self, store: Arc<dyn EventStore>) -> ManageShipments {
        ManageShipments { store, documents: self.memory.clone(), clock: self.clock.clone() }
    }

    pub(crate) fn apply(&self) -> ApplyCarrierEvent {
        ApplyCarrierEvent { store: self.store(), documents: self.memory.clone(), clock: self.clock.clone() }
    }

    pub(crate) fn webhook(&self) -> CarrierWebhook {
        CarrierWebhook {
            documents: self.memory.clone(),
            secrets: Arc::new(StoredSecrets),
            secret_name: "easypost-webhook-secret".to_owned(),
            clock: self.clock.clone(),
        }
    }

    /// Delivers one message with the event to `ship-order`.
    pub(crate) async fn consume<E: ServiceEvent>(&self, order: &OrderId, event: E) -> Result<(), Failure> {
        self.ship().consume(&message(order, 1, &event)).await
    }

    /// The order is placed and its stock is allocated. Shipping's own events are not delivered yet.
    pub(crate) async fn allocate(&self, order: &OrderId) {
        self.consume(order, placed_event()).await.unwrap();
        self.consume(order, allocated()).await.unwrap();
    }

    /// The same, and shipping's own events are delivered.
    pub(crate) async fn begin(&self, order: &OrderId) {
        self.allocate(order).await;
        self.run().await;
    }

    /// Delivers shipping's own new events until there are none. A message that fails is redelivered, up to ten times.
    /// Returns the failures that remain.
    pub(crate) async fn run(&self) -> Vec<Failure> {
        let mut failures = Vec::new();
        loop {
            let events = self.memory.all_events();
            let Some(envelope) = events.get(self.delivered.load(Ordering::Relaxed)) else { return failures };
            self.delivered.fetch_add(1, Ordering::Relaxed);
            let event = ShippingEvent::read(envelope).unwrap();
            if matches!(
                event,
                ShippingEvent::LabelPurchased(_)
                    | ShippingEvent::Shipped(_)
                    | ShippingEvent::TrackingCorrected(_)
            ) {
                assert_eq!(read_batch(self.apply(), vec![record(envelope)]).await, Ok(vec![]));
            }
            if matches!(
                event,
                ShippingEvent::ShipmentRequested(_)
                    | ShippingEvent::ShipmentCancelled(_)
                    | ShippingEvent::ShippingFailed(_)
                    | ShippingEvent::LabelPurchased(_)
                    | ShippingEvent::LabelVoidRequested(_)
                    | ShippingEvent::ShipmentReleased(_)
            ) {
                failures.extend(self.deliver(envelope).await.err());
            }
        }
    }

    /// Delivers a message until it is handled, as its queue does.
    pub(crate) async fn deliver(&self, envelope: &Envelope) -> Result<(), Failure> {
        for deliveries in 1..10 {
            match self.ship().consume(&testkit::delivered(envelope, deliveries).unwrap()).await {
                Err(Failure::Retry { .. }) => {}
                done => return done,
            }
        }
        self.ship().consume(&testkit::delivered(envelope, 10).unwrap()).await
    }

    /// Receives a webhook and applies its inbox item.
    pub(crate) async fn receive(&self, event: &Value) -> Result<Vec<DeadLetter>, Failure> {
        let before = self.memory.all_documents().len();
        let reply = self.webhook().answer(signed(event, WEBHOOK_SECRET)).await.unwrap();
        assert_eq!(reply.status, 200);
        if self.memory.all_documents().len() == before {
            // A duplicate writes nothing, so the table's stream carries nothing.
            return Ok(Vec::new());
        }
        read_batch(self.apply(), vec![self.inbox(event["id"].as_str().unwrap())]).await
    }

    /// An EasyPost webhook's inbox item as the table's stream carries it.
    pub(crate) fn inbox(&self, event_id: &str) -> Record {
        let key = webhooks::inbox::key("easypost", event_id);
        let (_, document) = self.memory.all_documents().into_iter().find(|(found, _)| *found == key).unwrap();
        Record { key, item: Item::Document(document) }
    }

    pub(crate) async fn shipment(&self, order: &OrderId) -> Shipment {
        let store: &dyn EventStore = &*self.memory;
        store.history(&StreamId::order(order)).await.unwrap().state
    }

    /// The order's events, oldest first.
    pub(crate) async fn stream(&self, order: &OrderId) -> Vec<ShippingEvent> {
        let envelopes = self.memory.read(&StreamId::order(order)).await.unwrap();
        envelopes.iter().map(|envelope| ShippingEvent::read(envelope).unwrap()).collect()
    }

    /// The types of the order's events, oldest first.
    pub(crate) async fn event_types(&self, order: &OrderId) -> Vec<&'static str> {
        self.stream(order).await.iter().map(ServiceEvent::event_type).collect()
    }

    /// The orders on the list of open shipments.
    pub(crate) async fn listed(&self) -> Vec<OrderId> {
        let found = crate::open::candidates(&*self.memory).await.unwrap();
        found.into_iter().map(|candidate| candidate.order).collect()
    }
}

pub(crate) fn placed_event() -> OrdersEvent {
    placed().into()
}

pub(crate) fn allocated() -> InventoryEvent {
    InventoryUpdated::unsharded(lines()).into()
}

pub(crate) fn cancel() -> OrdersEvent {
    OrderCancellationRequested { requested_by: RequestedBy::Customer, reason: None }.into()
}

pub(crate) fn signed(event: &Value, secret: &str) -> runtime::http::Request {
    let body = event.to_string();
    let signature = webhooks::EasyPost::sign(body.as_bytes(), &Secret::new(secret));
    testkit::request("POST /webhooks/easypost").json(event).header("x-hmac-signature", &signature)
}

/// The secrets of this world: one API key, and two webhook secrets as during a rotation.
struct StoredSecrets;

#[async_trait]
impl Secrets for StoredSecrets {
    async fn current(&self, name: &str) -> Result<Vec<Secret>, SecretError> {
        match name {
            "easypost-api-key" => Ok(vec![Secret::new(EASYPOST_KEY)]),
            "easypost-webhook-secret" => Ok(vec![Secret::new(WEBHOOK_SECRET), Secret::new("old")]),
            _ => Err(SecretError::Missing { name: name.to_owned() }),
        }
    }

    async fn refreshed(&self, name: &str, _seen: &[Secret]) -> Result<Vec<Secret>, SecretError> {
        self.current(name).await
    }
}

/// A table whose next append fails on demand.
struct Crashing {
    inner: Arc<Memory>,
    crashes: Arc<AtomicBool>,
}

#[async_trait]
impl EventStore for Crashing {
    async fn read(&self, stream: &StreamId) -> Result<Vec<Envelope>, StoreError> {
        self.inner.read(stream).await
    }

    async fn append(&self, stream: &StreamId, envelope: &Envelope) -> Result<(), AppendError> {
        if self.crashes.swap(false, Ordering::Relaxed) {
            return Err(StoreError::Unavailable("crashed".to_owned()).into());
        }
        self.inner.append(stream, envelope).await
    }
}

/// A table that yields a random number of times before it answers, so that concurrent steps interleave.
pub(crate) struct Uneven {
    inner: Arc<Memory>,
    chance: std::sync::Mutex<fastrand::Rng>,
}

impl Uneven {
    pub(crate) fn seeded(inner: Arc<Memory>, seed: u64) -> Arc<Self> {
        Arc::new(Self { inner, chance: std::sync::Mutex::new(fastrand::Rng::with_seed(seed)) })
    }

    async fn wait(&self) {
        let turns = self.chance.lock().unwrap().u32(0..4);
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
    }
}

#[async_trait]
impl EventStore for Uneven {
    async fn read(&self, stream: &StreamId) -> Result<Vec<Envelope>, StoreError> {
        self.wait().await;
        self.inner.read(stream).await
    }

    async fn append(&self, stream: &StreamId, envelope: &Envelope) -> Result<(), AppendError> {
        self.wait().await;
        self.inner.append(stream, envelope).await
    }
}

/// A message of one of shipping's own events, as its queue delivers it.
pub(crate) fn own(envelope: &Envelope) -> Message {
    testkit::delivered(envelope, 1).unwrap()
}
