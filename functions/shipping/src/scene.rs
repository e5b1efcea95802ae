//! What the tests of all steps share: one table, one clock, one EasyPost, and the steps around them.

use crate::easypost::{EasyPost, ParcelSize, Sender, Terms};
use crate::{ApplyCarrierEvent, CarrierWebhook, ManageShipments, ShipOrder, Shipment};
use async_trait::async_trait;
use event_store::{AppendError, EventStore, Memory, StoreError, StreamId};
use events::{
    Envelope, InventoryEvent, InventoryUpdated, OrderCancellationRequested, OrderId, OrdersEvent, Provider,
    RequestedBy, ServiceEvent, ShippingEvent,
};
use outbound::{Secret, SecretError, Secrets, Transport};
use resilience::{Failure, FixedClock};
use runtime::breaker::Breaker;
use runtime::http::Endpoint as _;
use runtime::queue::{Consumer as _, Message};
use runtime::stream::{Item, Poison, Reader as _, Record};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use testkit::{EASYPOST_KEY, FakeEasyPost, Outage, RequestBuilder as _, lines, message, now, placed, record};

pub(crate) const WEBHOOK_SECRET: &str = "whsec_sample";

pub(crate) struct Scene {
    pub(crate) memory: Arc<Memory>,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) carrier: Arc<FakeEasyPost>,
    pub(crate) provider: Provider,
    /// What leads to the carrier.
    pub(crate) transport: Arc<dyn Transport>,
    /// Where the carrier's API key is.
    pub(crate) api_keys: Arc<dyn Secrets>,
    /// The next append is lost, as if the function had crashed before it.
    pub(crate) crashes: Arc<AtomicBool>,
    /// How many of the table's events `run` has brought to their readers.
    seen: AtomicUsize,
}

impl Scene {
    pub(crate) fn with(provider: Provider) -> Self {
        let carrier = Arc::new(FakeEasyPost::default());
        Self {
            memory: Arc::default(),
            clock: Arc::new(FixedClock::at(now())),
            transport: carrier.clone(),
            carrier,
            provider,
            api_keys: Arc::new(Known),
            crashes: Arc::default(),
            seen: AtomicUsize::new(0),
        }
    }

    /// A scene whose carrier is called through its breaker, and can be out.
    pub(crate) fn behind_a_breaker() -> (Self, Arc<Outage>) {
        let mut scene = Self::with(Provider::Easypost);
        let outage = Outage::of(scene.carrier.clone(), scene.clock.clone());
        let (documents, clock) = (scene.memory.clone(), scene.clock.clone());
        scene.transport = Breaker::before(outage.clone(), EasyPost::NAME, documents, clock);
        (scene, outage)
    }

    fn store(&self) -> Arc<dyn EventStore> {
        Arc::new(Crashing { inner: self.memory.clone(), crashes: self.crashes.clone() })
    }

    pub(crate) fn ship(&self) -> ShipOrder {
        self.ship_on(self.store())
    }

    pub(crate) fn ship_on(&self, store: Arc<dyn EventStore>) -> ShipOrder {
        ShipOrder {
            store,
            documents: self.memory.clone(),
            clock: self.clock.clone(),
            provider: self.provider,
            terms: Terms {
                sender: Sender {
                    name: "Shop".to_owned(),
                    line1: "Lane 2".to_owned(),
                    city: "Basel".to_owned(),
                    country: "CH".to_owned(),
                    ..Sender::default()
                },
                size: ParcelSize { length_cm: 30, width_cm: 20, height_cm: 15 },
                service: None,
            },
            easypost: EasyPost {
                transport: self.transport.clone(),
                secrets: self.api_keys.clone(),
                api_key: "easypost-api-key".to_owned(),
                base: "https://easypost.example".to_owned(),
            },
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
            secrets: Arc::new(Known),
            secret_name: "easypost-webhook-secret".to_owned(),
            clock: self.clock.clone(),
        }
    }

    /// Brings a message to `ship-order`.
    pub(crate) async fn consume<E: ServiceEvent>(&self, order: &OrderId, event: E) -> Result<(), Failure> {
        self.ship().consume(&message(order, 1, &event)).await
    }

    /// The order is placed and its stock allocated; nothing that follows has run yet.
    pub(crate) async fn allocate(&self, order: &OrderId) {
        self.consume(order, placed_event()).await.unwrap();
        self.consume(order, allocated()).await.unwrap();
    }

    /// The same, and everything that follows by itself.
    pub(crate) async fn begin(&self, order: &OrderId) {
        self.allocate(order).await;
        self.run().await;
    }

    /// Brings shipping's own new events to their readers until nothing is new. A message that fails comes back,
    /// up to ten times; one that is rejected is answered.
    pub(crate) async fn run(&self) -> Vec<Failure> {
        let mut rejected = Vec::new();
        loop {
            let events = self.memory.all_events();
            let Some(envelope) = events.get(self.seen.load(Ordering::Relaxed)) else { return rejected };
            self.seen.fetch_add(1, Ordering::Relaxed);
            let event = ShippingEvent::read(envelope).unwrap();
            if matches!(event, ShippingEvent::LabelPurchased(_) | ShippingEvent::Shipped(_)) {
                assert_eq!(self.apply().read(vec![record(envelope)]).await, Ok(vec![]));
            }
            if matches!(
                event,
                ShippingEvent::ShipmentRequested(_)
                    | ShippingEvent::ShipmentCancelled(_)
                    | ShippingEvent::ShippingFailed(_)
                    | ShippingEvent::LabelPurchased(_)
                    | ShippingEvent::LabelVoidRequested(_)
            ) {
                rejected.extend(self.deliver(envelope).await.err());
            }
        }
    }

    /// Delivers until the message is handled, as its queue would.
    pub(crate) async fn deliver(&self, envelope: &Envelope) -> Result<(), Failure> {
        for deliveries in 1..10 {
            match self.ship().consume(&testkit::delivered(envelope, deliveries).unwrap()).await {
                Err(Failure::Retry { .. }) => {}
                done => return done,
            }
        }
        self.ship().consume(&testkit::delivered(envelope, 10).unwrap()).await
    }

    /// Receives a webhook and applies what the inbox then holds.
    pub(crate) async fn receive(&self, event: &Value) -> Result<Vec<Poison>, Failure> {
        let before = self.memory.all_documents().len();
        let reply = self.webhook().answer(signed(event, WEBHOOK_SECRET)).await.unwrap();
        assert_eq!(reply.status, 200);
        if self.memory.all_documents().len() == before {
            // A repeat writes nothing, so the table's stream carries nothing.
            return Ok(Vec::new());
        }
        self.apply().read(vec![self.inbox(event["id"].as_str().unwrap())]).await
    }

    /// An inbox item as the table's stream carries it.
    pub(crate) fn inbox(&self, event_id: &str) -> Record {
        let key = webhooks::inbox::key("easypost", event_id);
        let (_, document) = self.memory.all_documents().into_iter().find(|(found, _)| *found == key).unwrap();
        Record { key, item: Item::Document(document) }
    }

    pub(crate) async fn shipment(&self, order: &OrderId) -> Shipment {
        let store: &dyn EventStore = &*self.memory;
        store.history(&StreamId::order(order)).await.unwrap().state
    }

    pub(crate) async fn stream(&self, order: &OrderId) -> Vec<ShippingEvent> {
        let envelopes = self.memory.read(&StreamId::order(order)).await.unwrap();
        envelopes.iter().map(|envelope| ShippingEvent::read(envelope).unwrap()).collect()
    }

    /// The types of the order's events, oldest first.
    pub(crate) async fn said(&self, order: &OrderId) -> Vec<&'static str> {
        self.stream(order).await.iter().map(ServiceEvent::event_type).collect()
    }

    /// Orders on the list of open shipments.
    pub(crate) async fn listed(&self) -> Vec<OrderId> {
        let found = crate::open::candidates(&*self.memory).await.unwrap();
        found.into_iter().map(|candidate| candidate.order).collect()
    }
}

pub(crate) fn placed_event() -> OrdersEvent {
    placed().into()
}

pub(crate) fn allocated() -> InventoryEvent {
    InventoryUpdated { lines: lines() }.into()
}

pub(crate) fn cancel() -> OrdersEvent {
    OrderCancellationRequested { requested_by: RequestedBy::Customer, reason: None }.into()
}

pub(crate) fn signed(event: &Value, secret: &str) -> runtime::http::Request {
    let body = event.to_string();
    let signature = webhooks::EasyPost::sign(body.as_bytes(), &Secret::new(secret));
    testkit::request("POST /webhooks/easypost").json(event).header("x-hmac-signature", &signature)
}

/// The secrets of this scene.
struct Known;

#[async_trait]
impl Secrets for Known {
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

/// A table whose next append is lost on demand.
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

/// A table that lets others run before it answers, as often as chance says.
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
