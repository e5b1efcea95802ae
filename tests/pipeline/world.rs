//! The stack in memory: six tables with their streams, the steps of every function, and what is delivered to them.

use crate::queues::{QUEUES, Waiting, is_subscribed};
use event_store::{EventStore, Memory, Written};
use events::Service;
use fastrand::Rng;
use outbound::Publication;
use resilience::{Clock, Failure, FixedClock};
use runtime::queue::{Consumer, Message};
use runtime::stream::{Item, Reader, Record};
use std::collections::BTreeMap;
use std::sync::Arc;
use testkit::{FakeStripe, FixedSecrets, MailBox, MemoryTopic, now};

pub(crate) const STACK: &str = "pipeline";

/// The tables and the world outside.
pub(crate) struct World {
    pub(crate) tables: BTreeMap<Service, Arc<Memory>>,
    pub(crate) notices: Arc<Memory>,
    pub(crate) views: Arc<Memory>,
    pub(crate) stripe: Arc<FakeStripe>,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) mail: Arc<MailBox>,
    pub(crate) secrets: Arc<FixedSecrets>,
    pub(crate) waiting: Vec<Waiting>,
    pub(crate) published: Vec<Publication>,
    pub(crate) set_aside: Vec<String>,
    consumers: BTreeMap<&'static str, Arc<dyn Consumer>>,
    sources: Vec<Source>,
}

/// One reader on one table's stream, and how far it has come.
struct Source {
    name: &'static str,
    table: Service,
    seen: usize,
    reader: Arc<dyn Reader>,
    topic: Option<Arc<MemoryTopic>>,
}

impl World {
    pub(crate) fn new() -> Self {
        let tables: BTreeMap<_, _> =
            Service::ALL.into_iter().map(|service| (service, Arc::new(Memory::default()))).collect();
        let mut world = Self {
            tables,
            notices: Arc::default(),
            views: Arc::default(),
            stripe: Arc::default(),
            clock: Arc::new(FixedClock::at(now())),
            mail: Arc::default(),
            secrets: Arc::new(FixedSecrets::one("whsec_pipeline")),
            waiting: Vec::new(),
            published: Vec::new(),
            set_aside: Vec::new(),
            consumers: BTreeMap::new(),
            sources: Vec::new(),
        };
        world.consumers = world.consumers();
        world.sources = world.sources();
        world
    }

    pub(crate) fn table(&self, service: Service) -> Arc<Memory> {
        self.tables[&service].clone()
    }

    pub(crate) fn store(&self, service: Service) -> Arc<dyn EventStore> {
        self.table(service)
    }

    fn consumers(&self) -> BTreeMap<&'static str, Arc<dyn Consumer>> {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let [orders, payments, inventory, shipping] =
            [Service::Orders, Service::Payments, Service::Inventory, Service::Shipping]
                .map(|s| self.table(s));
        let steps: [(&'static str, Arc<dyn Consumer>); 6] = [
            ("copy-prices", Arc::new(orders::CopyPrices { documents: orders.clone() })),
            ("track-order", Arc::new(orders::TrackOrder { store: orders, clock: clock.clone() })),
            (
                "take-payment",
                Arc::new(payments::TakePayment {
                    store: payments.clone(),
                    documents: payments,
                    clock: clock.clone(),
                    stripe: tests::stripe(self.stripe.clone(), self.secrets.clone(), clock.clone()),
                    stack: STACK.to_owned(),
                    refund_on_return: true,
                }),
            ),
            (
                "allocate-stock",
                Arc::new(inventory::AllocateStock {
                    store: inventory.clone(),
                    counters: inventory,
                    clock: clock.clone(),
                }),
            ),
            ("ship-order", Arc::new(tests::warehouse(shipping, clock.clone(), self.secrets.clone()))),
            (
                "notify-customer",
                Arc::new(notifications::NotifyCustomer {
                    documents: self.notices.clone(),
                    mailer: self.mail.clone(),
                    texter: self.mail.clone(),
                    clock,
                    shop: "Pipeline".to_owned(),
                    sms_countries: "CH".parse().expect("a country"),
                }),
            ),
        ];
        steps.into()
    }

    fn sources(&self) -> Vec<Source> {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let (payments, shipping) = (self.table(Service::Payments), self.table(Service::Shipping));
        let mut sources = Vec::new();
        for service in Service::ALL {
            let topic = Arc::new(MemoryTopic::default());
            let topics: BTreeMap<_, Arc<dyn outbound::Topic>> = [(service, topic.clone() as Arc<_>)].into();
            let reader = Arc::new(outbox::PublishEvents { topics });
            sources.push(Source {
                name: "publish-events",
                table: service,
                seen: 0,
                reader,
                topic: Some(topic),
            });
        }
        let own: [(&'static str, Service, Arc<dyn Reader>); 3] = [
            (
                "project-orders",
                Service::Orders,
                Arc::new(orders::ProjectOrders {
                    store: self.table(Service::Orders),
                    views: self.views.clone(),
                    deadlines: orders::Deadlines::default(),
                }),
            ),
            (
                "apply-stripe-event",
                Service::Payments,
                Arc::new(payments::ApplyStripeEvent {
                    store: payments.clone(),
                    documents: payments,
                    clock: clock.clone(),
                    stack: STACK.to_owned(),
                }),
            ),
            (
                "apply-carrier-event",
                Service::Shipping,
                Arc::new(shipping::ApplyCarrierEvent { store: shipping.clone(), documents: shipping, clock }),
            ),
        ];
        for (name, table, reader) in own {
            sources.push(Source { name, table, seen: 0, reader, topic: None });
        }
        sources
    }

    /// Delivers something that waits: a message, or a batch of a stream. `false`: nothing waits.
    pub(crate) async fn deliver(&mut self, rng: &mut Rng) -> bool {
        let ready: Vec<usize> = (0..self.sources.len()).filter(|place| self.has_more(*place)).collect();
        let choices = ready.len() + self.waiting.len();
        if choices == 0 {
            return false;
        }
        match ready.get(rng.usize(0..choices)) {
            Some(place) => self.deliver_batch(*place, rng).await,
            None => self.deliver_message(rng).await,
        }
        true
    }

    fn has_more(&self, place: usize) -> bool {
        let source = &self.sources[place];
        self.tables[&source.table].stream_length() > source.seen
    }

    async fn deliver_message(&mut self, rng: &mut Rng) {
        let chosen = rng.usize(0..self.waiting.len());
        let mut waiting = self.waiting.swap_remove(chosen);
        if rng.u8(0..5) == 0 {
            self.waiting.push(waiting.clone());
        }
        let json = serde_json::to_string(&waiting.envelope).expect("an envelope");
        let outcome = match Message::read(&json, waiting.deliveries) {
            Ok(message) => self.consumers[waiting.queue].consume(&message).await,
            Err(failure) => Err(failure),
        };
        match outcome {
            Ok(()) => {}
            Err(Failure::Retry { reason, .. }) => {
                waiting.deliveries += 1;
                assert!(waiting.deliveries < 2000, "{} is tried without end: {reason}", waiting.envelope.id);
                self.waiting.push(waiting);
            }
            Err(Failure::Reject { reason }) => {
                self.set_aside.push(format!("{} at {}: {reason}", waiting.envelope.id, waiting.queue));
            }
        }
    }

    /// The next few records, in their order; now and then the same ones come once more.
    async fn deliver_batch(&mut self, place: usize, rng: &mut Rng) {
        let source = &mut self.sources[place];
        let new = self.tables[&source.table].stream_since(source.seen);
        let batch: Vec<Written> = new.into_iter().take(rng.usize(1..=5)).collect();
        if rng.u8(0..6) != 0 {
            source.seen += batch.len();
        }
        let records: Vec<Record> =
            batch.iter().filter(|item| passes(source.name, item)).map(record).collect();
        if records.is_empty() {
            return;
        }
        let poison = source.reader.read(records).await.expect("nothing is out");
        self.set_aside.extend(poison.into_iter().map(|poison| format!("{}: {}", poison.key, poison.reason)));
        if let Some(topic) = source.topic.clone() {
            self.fan_out(&topic);
        }
    }

    fn fan_out(&mut self, topic: &MemoryTopic) {
        for publication in topic.take_published() {
            let envelope: events::Envelope = serde_json::from_str(&publication.body).expect("an envelope");
            for queue in QUEUES.into_iter().filter(|queue| is_subscribed(queue, &envelope)) {
                self.waiting.push(Waiting { queue, envelope: envelope.clone(), deliveries: 1 });
            }
            self.published.push(publication);
        }
    }
}

/// The filters of the template's stream sources.
fn passes(source: &str, item: &Written) -> bool {
    match (source, item) {
        ("publish-events" | "project-orders", Written::Event(_)) => true,
        ("apply-stripe-event", Written::Event(envelope)) => envelope.event_type == "PaymentRequested",
        ("apply-carrier-event", Written::Event(envelope)) => {
            ["LabelPurchased", "Shipped"].contains(&envelope.event_type.as_str())
        }
        ("apply-stripe-event" | "apply-carrier-event", Written::Document(key, _)) => key.sk == "inbox",
        _ => false,
    }
}

fn record(item: &Written) -> Record {
    match item {
        Written::Event(envelope) => testkit::record(envelope),
        Written::Document(key, document) => {
            Record { key: key.clone(), item: Item::Document(document.clone()) }
        }
    }
}
