//! The harness: a payments service in memory, with its table, its clock, a fake provider and every step.

pub(crate) mod payment;
pub(crate) mod slow;

use crate::provider::stripe::ExpectedAccount;
use crate::{ApplyStripeEvent, GetPayment, Payment, RequestRefund, Stripe, StripeWebhook, TakePayment};
use event_store::{EventStore, Memory, StreamId};
use events::{
    Envelope, Event, InventoryEvent, OrderExpired, OrderPlaced, OrdersEvent, OutOfStock, PaymentsEvent,
    ReturnReceived, ServiceEvent, ShipmentCancelled, ShippingEvent, ShippingFailed,
};
use outbound::{Breaker, DeadLetter, Secret, Secrets, Transport};
use resilience::{Clock as _, Failure, FixedClock};
use runtime::http::{Endpoint as _, Problem, Reply, Request};
use runtime::queue::{Consumer as _, Message};
use runtime::stream::{Item, Record};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use testkit::{
    FakeStripe, FixedSecrets, Outage, RequestBuilder as _, delivered, message, now, order_id, placed,
    read_batch, record, request,
};

pub(crate) const STACK: &str = "conveyor";
pub(crate) const SECRET: &str = "whsec_sample";

/// Everything of one test.
pub(crate) struct World {
    pub(crate) table: Arc<Memory>,
    pub(crate) provider: Arc<FakeStripe>,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) refund_on_return: bool,
    pub(crate) livemode: bool,
    pub(crate) account: Option<Arc<ExpectedAccount>>,
    pub(crate) secrets: Arc<dyn Secrets>,
    /// The way to the provider.
    pub(crate) transport: Arc<dyn Transport>,
}

impl World {
    pub(crate) fn new() -> Self {
        let provider = Arc::new(FakeStripe::default());
        Self {
            table: Arc::new(Memory::default()),
            transport: provider.clone(),
            provider,
            clock: Arc::new(FixedClock::at(now())),
            refund_on_return: true,
            livemode: false,
            account: None,
            secrets: Arc::new(FixedSecrets::one("sk_test_1")),
        }
    }

    /// A world whose steps call the provider through its breaker, and whose provider can be out.
    pub(crate) fn behind_a_breaker() -> (Self, Arc<Outage>) {
        let mut world = Self::new();
        let outage = Outage::of(world.provider.clone(), world.clock.clone());
        let (documents, clock) = (world.table.clone(), world.clock.clone());
        world.transport = Breaker::before(outage.clone(), Stripe::NAME, documents, clock);
        (world, outage)
    }

    /// An order was placed, and its payment went as far as it goes without the customer.
    pub(crate) async fn after_checkout(payment_method: &str) -> Self {
        let world = Self::new();
        world.place(payment_method).await;
        world.work().await;
        world
    }

    pub(crate) fn stripe(&self) -> Stripe {
        Stripe {
            transport: self.transport.clone(),
            secrets: self.secrets.clone(),
            base_url: "https://stripe.example".to_owned(),
            api_key_secret: "api-key".to_owned(),
            api_version: testkit::STRIPE_VERSION.parse().unwrap(),
            livemode: self.livemode,
            clock: self.clock.clone(),
            account: self.account.clone(),
        }
    }

    pub(crate) fn take_payment(&self) -> TakePayment {
        TakePayment {
            redaction: self.table.clone(),
            store: self.table.clone(),
            documents: self.table.clone(),
            clock: self.clock.clone(),
            stripe: self.stripe(),
            stack: STACK.to_owned(),
            refund_on_return: self.refund_on_return,
            refund_again_after: Duration::from_mins(1),
        }
    }

    pub(crate) fn apply_stripe_event(&self) -> ApplyStripeEvent {
        ApplyStripeEvent {
            store: self.table.clone(),
            documents: self.table.clone(),
            clock: self.clock.clone(),
            stack: STACK.to_owned(),
        }
    }

    pub(crate) fn get_payment(&self) -> GetPayment {
        GetPayment { store: self.table.clone(), stripe: self.stripe() }
    }

    pub(crate) fn stripe_webhook(&self, secrets: Arc<dyn Secrets>) -> StripeWebhook {
        StripeWebhook {
            documents: self.table.clone(),
            clock: self.clock.clone(),
            secrets,
            secret: "webhook".to_owned(),
            livemode: false,
        }
    }

    pub(crate) async fn take(&self, message: &Message) -> Result<(), Failure> {
        self.take_payment().consume(message).await
    }

    pub(crate) async fn apply(&self, records: Vec<Record>) -> Result<Vec<DeadLetter>, Failure> {
        read_batch(self.apply_stripe_event(), records).await
    }

    pub(crate) async fn get(&self, request: Request) -> Result<Reply, Problem> {
        self.get_payment().answer(request).await
    }

    pub(crate) fn request_refund(&self) -> RequestRefund {
        RequestRefund { store: self.table.clone(), clock: self.clock.clone() }
    }

    /// An operator requests a refund, or retries one.
    pub(crate) async fn post_refund(&self, request: Request) -> Result<Reply, Problem> {
        self.request_refund().answer(request).await
    }

    /// Receives a webhook while the secret is rotated: both secrets are valid, and the provider still signs with the old one.
    pub(crate) async fn receive(&self, request: Request) -> Result<Reply, Problem> {
        let secrets = FixedSecrets(vec![Secret::new("whsec_new"), Secret::new(SECRET)]);
        self.stripe_webhook(Arc::new(secrets)).answer(request).await
    }

    /// The request in which Stripe posts a body.
    pub(crate) fn signed(&self, body: &[u8]) -> Request {
        let signature = webhooks::Stripe::sign(body, &Secret::new(SECRET), self.clock.now());
        let mut request = request("POST /webhooks/stripe").header("stripe-signature", &signature);
        request.body = body.to_vec();
        request
    }

    /// Receives an event of the provider, and applies its inbox item.
    pub(crate) async fn deliver(&self, event: &Value) -> Vec<DeadLetter> {
        self.receive(self.signed(event.to_string().as_bytes())).await.unwrap();
        let id = event["id"].as_str().unwrap();
        self.apply(vec![self.inbox(id)]).await.unwrap()
    }

    /// The event's inbox item as a record of the stream.
    pub(crate) fn inbox(&self, event_id: &str) -> Record {
        self.inbox_of("stripe", event_id)
    }

    /// The same for another source.
    pub(crate) fn inbox_of(&self, source: &str, event_id: &str) -> Record {
        let key = webhooks::inbox::key(source, event_id);
        let documents = self.table.all_documents();
        let (key, document) = documents.into_iter().find(|(found, _)| *found == key).unwrap();
        Record { key, item: Item::Document(document) }
    }

    /// Delivers all events of the provider since the last time.
    pub(crate) async fn deliver_all(&self) {
        for event in self.provider.take_events() {
            assert_eq!(self.deliver(&event).await, []);
        }
    }

    pub(crate) async fn place(&self, payment_method: &str) {
        let placed = OrderPlaced { payment_method: payment_method.to_owned(), ..placed() };
        self.publish(&OrdersEvent::from(placed)).await.unwrap();
    }

    /// Delivers an event about the test's order to `take-payment`, for the first time.
    pub(crate) async fn publish<E: ServiceEvent>(&self, event: &E) -> Result<(), Failure> {
        self.take(&message(&order_id(1), 1, event)).await
    }

    /// Delivers each of our own events that `take-payment` is subscribed to once, until no new one is emitted.
    pub(crate) async fn work(&self) {
        let mut done = 0;
        loop {
            let new = self.table.written_since(done);
            if new.is_empty() {
                return;
            }
            done += new.len();
            for envelope in new.iter().filter(|envelope| Self::is_work(envelope)) {
                self.take_when_due(envelope).await;
            }
        }
    }

    /// Delivers a message, and a second time after the wait that it asked for.
    async fn take_when_due(&self, envelope: &Envelope) {
        let message = delivered(envelope, 1).unwrap();
        match self.take(&message).await {
            Err(Failure::Retry { after: Some(wait), .. }) => {
                self.clock.advance(wait);
                self.take(&message).await.unwrap();
            }
            outcome => outcome.unwrap(),
        }
    }

    /// Whether `take-payment` is subscribed to this event of ours.
    pub(crate) fn is_work(envelope: &Envelope) -> bool {
        WORK.contains(&envelope.event_type.as_str())
    }

    /// Delivers the last event of that type for the n-th time.
    pub(crate) async fn redeliver(&self, event_type: &str, deliveries: u32) -> Result<(), Failure> {
        let written = self.table.all_events();
        let envelope = written.iter().rev().find(|envelope| envelope.event_type == event_type).unwrap();
        self.take(&delivered(envelope, deliveries).unwrap()).await
    }

    /// The first event of that type as a record of the stream.
    pub(crate) fn record_of(&self, event_type: &str) -> Record {
        let written = self.table.all_events();
        record(written.iter().find(|envelope| envelope.event_type == event_type).unwrap())
    }

    pub(crate) fn types(&self) -> Vec<String> {
        self.table.all_events().into_iter().map(|envelope| envelope.event_type).collect()
    }

    pub(crate) fn last(&self) -> PaymentsEvent {
        PaymentsEvent::read(self.table.all_events().last().unwrap()).unwrap()
    }

    pub(crate) async fn payment(&self) -> Payment {
        let store: &dyn EventStore = &*self.table;
        store.history::<Payment>(&StreamId::order(&order_id(1))).await.unwrap().state
    }

    pub(crate) fn intent(&self) -> String {
        self.provider.intents_of(order_id(1).as_str()).first().cloned().unwrap()
    }
}

const WORK: [&str; 5] = [
    "PaymentRequested",
    "PaymentCancellationRequested",
    "RefundRequested",
    "RefundFailed",
    "PaymentDisputed",
];

pub(crate) fn expired() -> OrdersEvent {
    OrderExpired { pay_by: now() }.into()
}

pub(crate) fn out_of_stock() -> InventoryEvent {
    OutOfStock { missing: Vec::new() }.into()
}

pub(crate) fn shipment_cancelled() -> ShippingEvent {
    ShipmentCancelled {}.into()
}

pub(crate) fn shipping_failed() -> ShippingEvent {
    ShippingFailed { reason: "broken".to_owned() }.into()
}

pub(crate) fn returned() -> ShippingEvent {
    ReturnReceived { restock: true }.into()
}

/// An event that `take-payment` does not handle.
pub(crate) fn not_for_us() -> Event {
    Event::Inventory(events::InventoryUpdated::unsharded(Vec::new()).into())
}
