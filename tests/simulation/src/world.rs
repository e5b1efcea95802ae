//! The stack in memory: the tables, the providers, and the ports of every step behind the gate of chance.

use super::chance::{Chance, WorldClock};
use super::currency::SoldIn;
use super::delivery_queue::{DeliveryQueue, ENDPOINTS, Sent};
use super::erasures::ERASE;
use super::outages;
use super::provider_faults::Scanned;
use super::queues::{QueueClient, Queues};
use super::streams::Trapped;
use super::time_limits::Timed;
use super::webhook_receivers::Receivers;
use super::webhook_senders::STANDARD;
use event_store::{Memory, Pages};
use events::{Provider, Service};
use orders::Deadlines;
use outbound::{Topic, Transport};
use resilience::{Clock, RandomJitter};
use runtime::http::Endpoint;
use runtime::letters::LetterRecords;
use runtime::queue::Worker;
use runtime::schedule::Task;
use runtime::stream::StreamWorker;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use steps::subscriptions::QUEUES;
use steps::{Channels, DELIVER_WEBHOOK, Options, Ports, Table, TablePort};
use testkit::{FakeStripe, FixedNames, Gate, Gated, MailBox, MemoryTopic, now};

/// The secret of every provider, and the API key that the carrier accepts.
pub(super) const SECRET: &str = testkit::EASYPOST_KEY;

/// The HTTP functions, by the name of the operation in a [`Call`](super::invocations::Call).
const HTTP_FUNCTIONS: [(&str, &str); 14] = [
    ("GET /orders", "get-order"),
    ("GET /orders/{order_id}", "get-order"),
    ("GET /orders/{order_id}/payment", "get-payment"),
    ("POST /orders", "place-order"),
    ("POST /orders/{order_id}/cancel", "cancel-order"),
    ("POST /orders/{order_id}/refunds", "request-refund"),
    (ERASE, "erase-customer"),
    ("PUT /products", "manage-products"),
    ("PUT /stock", "manage-stock"),
    ("POST /shipments", "manage-shipments"),
    (ENDPOINTS, "manage-callbacks"),
    (STANDARD, "standard-webhook"),
    ("POST /webhooks/stripe", "stripe-webhook"),
    ("POST /webhooks/easypost", "carrier-webhook"),
];

/// The stack and the systems around it.
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own, by the seed")]
pub(super) struct World {
    pub(super) tables: BTreeMap<Service, Arc<Memory>>,
    pub(super) views: Arc<Memory>,
    pub(super) notices: Arc<Memory>,
    topics: BTreeMap<Service, Arc<MemoryTopic>>,
    pub(super) stripe: Arc<FakeStripe>,
    pub(super) mail: Arc<MailBox>,
    /// The messages of the delivery queue.
    pub(super) sent: Arc<Sent>,
    pub(super) clock: Arc<WorldClock>,
    pub(super) chance: Chance,
    pub(super) carrier: Provider,
    pub(super) sold_in: SoldIn,
    pub(super) queues: Arc<Queues>,
    pub(super) scanned_at_once: Arc<Scanned>,
    /// Whether the readers of streams get their batches as the platform's JSON.
    is_json_batch: bool,
    /// Whether the shop has endpoints.
    pub(super) has_endpoints: bool,
    /// Whether products are hot, so that their stock is spread over shards.
    pub(super) has_hot_skus: bool,
    /// Customers who are erased are among those who order.
    pub(super) has_erasures: bool,
    pub(super) callbacks: Arc<Memory>,
    pub(super) live: Arc<Memory>,
    pub(super) receivers: Arc<Receivers>,
    pub(super) providers: outages::Providers,
}

/// A message that still fails this long after it was sent is dead-lettered.
const GIVE_UP_AFTER: Duration = Duration::from_hours(96);

/// One reader of one table's stream, and its position.
pub(super) struct Source {
    pub(super) name: &'static str,
    pub(super) table: Service,
    pub(super) seen: usize,
    pub(super) is_busy: bool,
    pub(super) worker: Arc<StreamWorker>,
    /// Whether it gets its batches as the platform's JSON.
    pub(super) is_json_batch: bool,
    pub(super) topic: Option<Arc<MemoryTopic>>,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let tables: BTreeMap<Service, Arc<Memory>> =
            Service::ALL.into_iter().map(|service| (service, Arc::default())).collect();
        let (stripe, scanned_at_once): (Arc<FakeStripe>, Arc<Scanned>) = Default::default();
        let (clock, chance) = (Arc::new(WorldClock::at(now())), Chance::seeded(seed));
        let providers = outages::Providers::new(&tables, &stripe, &scanned_at_once, &clock, &chance);
        Self {
            tables,
            views: Arc::default(),
            notices: Arc::default(),
            topics: Service::ALL.into_iter().map(|service| (service, Arc::default())).collect(),
            stripe,
            mail: Arc::default(),
            sent: Arc::default(),
            carrier: if seed.is_multiple_of(2) { Provider::Easypost } else { Provider::Warehouse },
            sold_in: SoldIn::of_seed(seed),
            queues: Arc::default(),
            scanned_at_once,
            providers,
            // JSON batches make an order a quarter slower, so only a fifth of the worlds has them.
            is_json_batch: seed % 5 == 3,
            // Endpoints make an order three times as slow, so only a fourteenth of the worlds has them.
            has_endpoints: [2, 7].contains(&(seed % 28)),
            // Not those of the first seeds: the guards know what these find.
            has_hot_skus: seed > 8 && seed.is_multiple_of(3),
            has_erasures: seed > 8 && (seed % 3 == 2 || seed % 28 == 2),
            callbacks: Arc::default(),
            live: Arc::default(),
            receivers: Arc::new(Receivers::new(chance.clone(), clock.clone())),
            clock,
            chance,
        }
    }

    pub(super) fn table(&self, service: Service) -> &Arc<Memory> {
        self.tables.get(&service).expect("every service has a table")
    }

    /// A table as the steps name it.
    pub(super) fn memory(&self, table: Table) -> &Arc<Memory> {
        match table {
            Table::Of(service) => Self::table(self, service),
            Table::OrderViews => &self.views,
            Table::Notifications => &self.notices,
            Table::Callbacks => &self.callbacks,
            Table::Live => &self.live,
        }
    }

    pub(super) fn gate(&self) -> Arc<dyn Gate> {
        Arc::new(self.chance.clone())
    }

    fn gated<P>(&self, port: &Arc<P>) -> Arc<Gated<P>> {
        Gated::new(self.gate(), port.clone())
    }

    /// The queue functions as they are deployed: the step behind the runtime's handling of a batch.
    pub(super) fn workers(&self) -> BTreeMap<&'static str, Arc<Worker>> {
        let functions = QUEUES.into_iter().chain([DELIVER_WEBHOOK]);
        functions.map(|function| (function, self.worker(function))).collect()
    }

    /// A queue function in a process of its own.
    pub(super) fn worker(&self, function: &'static str) -> Arc<Worker> {
        let queue = Gated::new(self.gate(), self.queue_client());
        let step = steps::handler(function, self);
        let consumer = Arc::new(Timed { step, chance: self.chance.clone() });
        let records = LetterRecords::default();
        Arc::new(Worker {
            function,
            queue,
            clock: self.clock(),
            give_up_after: GIVE_UP_AFTER,
            consumer,
            records,
        })
    }

    fn queue_client(&self) -> Arc<QueueClient> {
        Arc::new(QueueClient { queues: self.queues.clone(), clock: self.clock() })
    }

    /// The readers of streams. Each service's stream has a publisher of its own.
    pub(super) fn sources(&self) -> Vec<Source> {
        let publishers = Service::ALL.into_iter().map(|service| {
            let topic = self.topics.get(&service).cloned();
            self.source("publish-events", service, topic)
        });
        let others = [
            ("project-orders", Service::Orders),
            ("apply-stripe-event", Service::Payments),
            ("apply-carrier-event", Service::Shipping),
        ];
        publishers.chain(others.map(|(function, table)| self.source(function, table, None))).collect()
    }

    fn source(&self, function: &'static str, table: Service, topic: Option<Arc<MemoryTopic>>) -> Source {
        let worker = self.stream_worker(function);
        let is_json_batch = self.is_json_batch;
        Source { name: function, table, seen: 0, is_busy: false, worker, is_json_batch, topic }
    }

    /// A reader of a stream in a process of its own, which remembers no batch.
    pub(super) fn stream_worker(&self, function: &'static str) -> Arc<StreamWorker> {
        let queue = Gated::new(self.gate(), self.queue_client());
        let reader = Arc::new(Trapped(steps::reader(function, self)));
        Arc::new(StreamWorker::new(function, queue, self.clock(), reader))
    }

    /// The scheduled functions.
    pub(super) fn tasks(&self) -> Vec<Arc<dyn Task>> {
        let callbacks = self.has_endpoints.then_some("schedule-callbacks");
        ["sweep-orders", "write-heartbeats"]
            .into_iter()
            .chain(callbacks)
            .map(|function| steps::task(function, self))
            .collect()
    }

    /// The HTTP functions, by operation.
    pub(super) fn http_functions(&self) -> BTreeMap<&'static str, Arc<dyn Endpoint>> {
        HTTP_FUNCTIONS.map(|(operation, function)| (operation, steps::endpoint(function, self))).into()
    }
}

impl Ports for World {
    fn options(&self) -> Options {
        Options {
            stack: "simulation",
            carrier: self.carrier,
            webhook_secret: SECRET,
            pay_offline_within: Duration::from_hours(6),
            refund_again_after: Duration::from_mins(1),
            deadlines: Deadlines::default(),
        }
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    fn table(&self, table: Table) -> Arc<dyn TablePort> {
        self.gated(self.memory(table))
    }

    fn index(&self, table: Table, partition: &'static str, order: &'static str) -> Arc<dyn Pages> {
        self.gated(&Arc::new(self.memory(table).index(partition, order)))
    }

    fn stripe(&self) -> Arc<dyn Transport> {
        self.providers.stripe.transport()
    }

    fn easypost(&self) -> Arc<dyn Transport> {
        self.providers.carrier.transport()
    }

    fn channels(&self) -> Channels {
        let topic = |(service, topic): (&Service, &Arc<MemoryTopic>)| {
            let gated: Arc<dyn Topic> = self.gated(topic);
            (*service, gated)
        };
        let (queues, clock, chance) = (self.queues.clone(), Ports::clock(self), self.chance.clone());
        let deliveries = Arc::new(DeliveryQueue { queues, clock, chance, sent: self.sent.clone() });
        Channels {
            topics: self.topics.iter().map(topic).collect(),
            mailer: self.gated(&self.mail),
            texter: self.gated(&self.mail),
            work: self.gated(&deliveries),
            endpoints: self.gated(&self.receivers),
            names: self.gated(&Arc::new(FixedNames::default())),
            random: Arc::new(self.chance.clone()),
            jitter: Arc::new(RandomJitter),
            ..Channels::default()
        }
    }
}
