//! A shop in one process that runs one order alone: each message, record and request is an invocation of its own.

use crate::meter::{Meter, Tally};
use crate::outside::{Log, MeteredCalls, MeteredMail, MeteredTopic};
use crate::table::{MeteredIndex, MeteredTable};
use crate::units::{INDEXES, total};
use aws::size;
use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use event_store::{EventStore, Memory, Pages, RateMarks, StreamId, Written};
use events::{Envelope, OrderId, Provider, Service, Traceparent};
use jiff::Timestamp;
use orders::{Deadlines, Order};
use outbound::{Breaker, Secret, Topic, Transport};
use payments::Stripe;
use resilience::{Clock, FixedClock, HourlyLimit};
use runtime::http::{Counted, Limit, Limiter, Server, parse_sample};
use runtime::letters::LetterRecords;
use runtime::queue::Worker;
use runtime::stream::{Item, Record, StreamWorker};
use runtime::telemetry::{Metrics, subscriber};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use steps::subscriptions::{QUEUES, is_read, is_subscribed};
use steps::{Channels, DELIVER_WEBHOOK, Options, Ports, Step, Table, TablePort};
use testkit::{
    FakeEasyPost, FakeStripe, FixedNames, MailBox, MemoryQueue, MemoryTopic, MemoryWork, Receivers, bearer,
    now,
};
use tracing::Instrument as _;

/// What storage counts for each item beside its attributes.
const ITEM_OVERHEAD: usize = 100;

/// The secret of every provider.
pub(crate) const SECRET: &str = testkit::EASYPOST_KEY;

/// The time between two invocations. A clock counts nanoseconds, and each digit is a byte of an event.
const BETWEEN_INVOCATIONS: Duration = Duration::from_nanos(137_019_443);
/// The issuer of the tokens, and a subject, as long as those of a user pool.
const ISSUER: &str = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI";
const SUBJECT: &str = "0f6e2f0c-2f5f-4d2a-9b8f-3c1d7e5a4b60";
/// The platform's id of an invocation.
const REQUEST_ID: &str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";
/// The trace of the first request; each further one has the next number.
const TRACE: u128 = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736;
/// Its span.
const SPAN: u64 = 0x00f0_67aa_0ba9_02b7;

/// A stream reader of one table, and how far it has read.
struct Source {
    function: &'static str,
    table: Service,
    seen: usize,
}

/// The caller of a request.
#[derive(Debug, Clone, Copy)]
pub enum By {
    /// The customer.
    Customer,
    /// The shop's staff.
    Admin,
    /// A provider, whose webhook is signed and has no token.
    Provider,
}

/// The shop.
pub struct Shop {
    /// What every function does.
    pub meter: Meter,
    /// The payment provider.
    pub stripe: Arc<FakeStripe>,
    carrier: Provider,
    /// One process of `take-payment`: it remembers the breaker's state for some seconds.
    breaker: Arc<dyn Transport>,
    easypost: Arc<FakeEasyPost>,
    tables: BTreeMap<Service, Arc<Memory>>,
    views: Arc<Memory>,
    notices: Arc<Memory>,
    callbacks: Arc<Memory>,
    live: Arc<Memory>,
    limits: Arc<Memory>,
    topics: BTreeMap<Service, Arc<MemoryTopic>>,
    work: Arc<MemoryWork>,
    receivers: Arc<Receivers>,
    dead: Arc<MemoryQueue>,
    clock: Arc<FixedClock>,
    sources: Vec<Source>,
    queued: VecDeque<(&'static str, String)>,
    runtime: tokio::runtime::Runtime,
    requests: u64,
    customer: String,
}

impl Shop {
    /// A shop with one product and its stock.
    ///
    /// # Panics
    /// If the shop cannot be opened.
    pub fn open(carrier: Provider, pieces: u64) -> Self {
        let services = Service::ALL.into_iter();
        let publishers = services.clone().map(|table| Source { function: "publish-events", table, seen: 0 });
        let readers = [
            Source { function: "project-orders", table: Service::Orders, seen: 0 },
            Source { function: "apply-stripe-event", table: Service::Payments, seen: 0 },
            Source { function: "apply-carrier-event", table: Service::Shipping, seen: 0 },
        ];
        let (meter, stripe, clock) = (Meter::default(), Arc::default(), Arc::new(FixedClock::at(now())));
        let tables: BTreeMap<Service, Arc<Memory>> =
            services.clone().map(|service| (service, Arc::default())).collect();
        let payments = MeteredTable {
            name: Table::Of(Service::Payments),
            memory: tables[&Service::Payments].clone(),
            meter: meter.clone(),
        };
        let calls = Arc::new(MeteredCalls(Arc::clone(&stripe), meter.clone()));
        let mut shop = Self {
            breaker: Breaker::before(calls, Stripe::NAME, Arc::new(payments), clock.clone()),
            meter,
            stripe,
            carrier,
            easypost: Arc::default(),
            tables,
            views: Arc::default(),
            notices: Arc::default(),
            callbacks: Arc::default(),
            live: Arc::default(),
            limits: Arc::default(),
            topics: services.map(|service| (service, Arc::default())).collect(),
            work: Arc::default(),
            receivers: Arc::default(),
            dead: Arc::default(),
            clock,
            sources: publishers.chain(readers).collect(),
            queued: VecDeque::new(),
            runtime: tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime"),
            requests: 0,
            customer: SUBJECT.to_owned(),
        };
        shop.sell("TEA-01", pieces);
        // By the next day, nothing of this counts for a limit any more.
        shop.next_day();
        shop.meter.take();
        shop
    }

    /// Adds a product with its stock.
    pub(crate) fn sell(&mut self, sku: &str, pieces: u64) {
        let product =
            json!({"name": "Sencha", "price": 950, "currency": "EUR", "weight_grams": 120, "active": true});
        self.ask("manage-products", "PUT /products/{sku}", By::Admin, &[("sku", sku)], &[], &product);
        let stock = json!({ "on_hand": pieces });
        self.ask("manage-stock", "PUT /stock/{sku}", By::Admin, &[("sku", sku)], &[], &stock);
        self.settle();
    }

    /// The requests of customers are those of this one from now on: a number, as long as every subject.
    pub(crate) fn serve(&mut self, customer: u64) {
        self.customer = format!("{customer:036}");
    }

    /// A day passes, in which nothing happens.
    pub(crate) fn next_day(&self) {
        self.clock.advance(Duration::from_hours(24));
    }

    /// Sends a request and returns the answer's body. The route may have a query: `GET /orders?limit=20`.
    ///
    /// # Panics
    /// If it is refused.
    pub fn ask(
        &mut self,
        function: &'static str,
        route: &str,
        by: By,
        path: &[(&str, &str)],
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Value {
        self.requests += 1;
        let (route, query) = route.split_once('?').unwrap_or((route, ""));
        let path: BTreeMap<&str, &str> = path.iter().copied().collect();
        let mut headers: BTreeMap<&str, String> =
            headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        headers.insert("content-type", "application/json".to_owned());
        headers
            .insert("traceparent", Traceparent::start(TRACE + u128::from(self.requests), SPAN).to_string());
        let subject = if matches!(by, By::Admin) { "admin-1" } else { self.customer.as_str() };
        let mut claims = json!({"iss": ISSUER, "sub": subject, "token_use": "access"});
        let mut token = claims.clone();
        if matches!(by, By::Admin) {
            token["cognito:groups"] = json!(["admin"]);
            claims["cognito:groups"] = json!("[admin]");
        }
        headers.insert("authorization", bearer(&token));
        let context = json!({"routeKey": route, "requestId": format!("{:015}=", self.requests),
            "authorizer": {"jwt": {"claims": claims}}});
        let event = json!({"version": "2.0", "routeKey": route, "rawQueryString": query, "headers": headers,
            "pathParameters": path, "requestContext": context, "body": body.to_string(), "isBase64Encoded": false});
        let (status, answer) = self.invoke(function, || async {
            let server = match steps::step(function, self).expect("a function") {
                Step::Http(endpoint) => {
                    Server { access: Some(testkit::access()), limiter: Some(self.limiter()), endpoint }
                }
                Step::OpenHttp(endpoint) => Server { access: None, limiter: None, endpoint },
                _ => panic!("{function} answers no requests"),
            };
            let response = server.serve(parse_sample(&event.to_string()).expect("an event")).await;
            (response.status().as_u16(), String::from_utf8_lossy(response.body().as_ref()).into_owned())
        });
        assert!((200..300).contains(&status), "{route}: {status} {answer}");
        serde_json::from_str(&answer).unwrap_or_default()
    }

    /// Lets everything happen that follows from what has happened.
    ///
    /// # Panics
    /// If a message is dead-lettered.
    pub fn settle(&mut self) {
        while self.read_streams() || self.work_queues() || self.deliver_webhooks() {}
        let dead = self.dead.dead_letters();
        assert!(dead.is_empty(), "dead letters: {dead:?}");
    }

    /// Lets time pass, and runs a scheduled function.
    ///
    /// # Panics
    /// If it fails.
    pub fn later(&mut self, by: Duration, task: &'static str) {
        self.clock.advance(by);
        let step = steps::task(task, self);
        let done = self.invoke(task, || async move { runtime::schedule::work(&*step).await });
        assert!(done.is_ok(), "{task} failed");
    }

    /// The status of an order, as its stream says.
    ///
    /// # Panics
    /// If there is no such order.
    pub fn status(&self, order: &str) -> &'static str {
        let id = OrderId::try_from(order).expect("an order id");
        let store: &dyn EventStore = &*self.tables[&Service::Orders];
        let history = self.runtime.block_on(store.history::<Order>(&StreamId::order(&id)));
        history.expect("a readable stream").state.status().as_str()
    }

    /// How many events an order's stream in orders has.
    pub(crate) fn length(&self, order: &str) -> usize {
        let id = OrderId::try_from(order).expect("an order id");
        let store: &dyn EventStore = &*self.tables[&Service::Orders];
        self.runtime.block_on(store.read(&StreamId::order(&id))).expect("a readable stream").len()
    }

    /// The time in the shop.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The bytes that the tables hold of all events and documents, with the 100 that DynamoDB adds to each item.
    ///
    /// # Panics
    /// If a stored event belongs to no service.
    pub fn stored(&self) -> usize {
        let memories = self.tables.values().chain([&self.views, &self.notices, &self.callbacks]);
        let of = |memory: &Arc<Memory>| {
            let events = memory.all_events().into_iter().map(|envelope| {
                let stream = StreamId::of(&envelope).expect("an envelope of one of the services");
                total(&size::event(&stream, &envelope)) + ITEM_OVERHEAD
            });
            let documents = memory.all_documents().into_iter();
            let documents =
                documents.map(|(key, document)| total(&size::document(&key, &document)) + ITEM_OVERHEAD);
            events.sum::<usize>() + documents.sum::<usize>()
        };
        memories.map(of).sum()
    }

    /// What was counted since the last call, by function.
    pub fn counted(&self) -> BTreeMap<String, Tally> {
        self.meter.take()
    }

    fn invoke<T, F: Future<Output = T>>(&self, function: &'static str, run: impl FnOnce() -> F) -> T {
        // Moments pass between two invocations, as they do in a shop that nothing else keeps busy.
        self.clock.advance(BETWEEN_INVOCATIONS);
        self.meter.begin(function);
        let log = Log(self.meter.clone());
        let subscriber = subscriber(function, "conveyor", "info", Metrics::All, move || log.clone());
        tracing::subscriber::with_default(subscriber, || {
            // As the runtime names each invocation in its lines.
            let span = tracing::info_span!("batch", request_id = REQUEST_ID);
            self.runtime.block_on(run().instrument(span))
        })
    }

    /// One record of each reader that has one.
    fn read_streams(&mut self) -> bool {
        let mut has_read = false;
        for place in 0..self.sources.len() {
            let Source { function, table, seen } = self.sources[place];
            let Some(item) = self.tables[&table].stream_next(seen, 1).pop() else { continue };
            self.sources[place].seen += 1;
            has_read = true;
            if !is_read(function, &item) {
                continue;
            }
            if matches!(&item, Written::Document(key, _) if key.pk.starts_with(runtime::heartbeat::PREFIX)) {
                // The runner answers it, and no reader gets it.
                self.meter.begin(function);
                continue;
            }
            self.read(function, item);
            let published = self.topics[&table].take_published();
            for publication in published {
                let envelope: Envelope = serde_json::from_str(&publication.body).expect("an envelope");
                for queue in QUEUES.into_iter().filter(|queue| is_subscribed(queue, &envelope)) {
                    self.queued.push_back((queue, publication.body.clone()));
                }
            }
        }
        has_read
    }

    fn read(&self, function: &'static str, item: Written) {
        let reader = steps::reader(function, self);
        let worker = StreamWorker::new(function, self.dead.clone(), self.clock.clone(), reader);
        let record = match item {
            Written::Event(envelope) => testkit::record(&envelope),
            Written::Document(key, document) => Record { key, item: Item::Document(document) },
        };
        let record = testkit::arrived("00000000000000000000000000000000", record);
        let read = self.invoke(function, || async { worker.handle(vec![record]).await });
        assert!(read.is_ok(), "{function} failed: {read:?}");
    }

    fn work_queues(&mut self) -> bool {
        let deliveries = self.work.take().into_iter().map(|work| (DELIVER_WEBHOOK, work.body));
        self.queued.extend(deliveries.collect::<Vec<_>>());
        let Some((function, body)) = self.queued.pop_front() else { return false };
        let worker = Worker {
            function,
            queue: self.dead.clone(),
            clock: self.clock.clone(),
            give_up_after: Duration::from_hours(24),
            consumer: steps::handler(function, self),
            records: LetterRecords::default(),
        };
        let mut message = SqsMessage::default();
        message.message_id = Some("00000000-0000-0000-0000-000000000000".to_owned());
        message.body = Some(body);
        let mut batch = SqsEvent::default();
        batch.records = vec![message];
        let failed = self.invoke(function, || async {
            self.meter.count(|tally| tally.messages += 1);
            worker.work(batch).await.batch_item_failures
        });
        assert!(failed.is_empty(), "{function} returned its message");
        true
    }

    /// The webhooks of the payment provider, which come after the answers of its API.
    fn deliver_webhooks(&mut self) -> bool {
        let events = self.stripe.take_events();
        for event in &mut events.iter().map(as_sent) {
            let (body, secret) = (event.to_string(), Secret::new(SECRET));
            let signature = webhooks::Stripe::sign(body.as_bytes(), &secret, self.clock.now());
            let headers = [("stripe-signature", signature.as_str())];
            self.ask("stripe-webhook", "POST /webhooks/stripe", By::Provider, &[], &headers, &event);
        }
        !events.is_empty()
    }

    fn limiter(&self) -> Limiter {
        let limit = |name, counted, per_hour| Limit { name, counted, rate: HourlyLimit::of(per_hour) };
        let limits = vec![
            limit("requests", Counted::OfCustomers, 1000),
            limit("admin-requests", Counted::OfShop, 50_000),
            limit("orders", Counted::Route("POST /orders"), 30),
        ];
        let marks: Arc<dyn RateMarks> = Arc::new(self.metered(Table::OrderViews, &self.limits));
        Limiter::new(marks, self.clock.clone(), limits)
    }

    fn memory(&self, table: Table) -> &Arc<Memory> {
        match table {
            Table::Of(service) => &self.tables[&service],
            Table::OrderViews => &self.views,
            Table::Notifications => &self.notices,
            Table::Callbacks => &self.callbacks,
            Table::Live => &self.live,
        }
    }

    fn metered(&self, name: Table, memory: &Arc<Memory>) -> MeteredTable {
        MeteredTable { name, memory: memory.clone(), meter: self.meter.clone() }
    }
}

impl Ports for Shop {
    fn options(&self) -> Options {
        Options {
            stack: "conveyor",
            carrier: self.carrier,
            webhook_secret: SECRET,
            pay_offline_within: Duration::from_hours(7 * 24),
            refund_again_after: Duration::from_mins(1),
            deadlines: Deadlines::default(),
        }
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    fn table(&self, table: Table) -> Arc<dyn TablePort> {
        Arc::new(self.metered(table, self.memory(table)))
    }

    fn index(&self, table: Table, partition: &'static str, order: &'static str) -> Arc<dyn Pages> {
        let is_it = |index: &&crate::units::Index| index.table == table && index.partition == partition;
        let index = INDEXES.iter().find(is_it).copied();
        assert!(index.is_some() || partition == "pk", "the template has no index by {partition}");
        Arc::new(MeteredIndex {
            index,
            memory: self.memory(table).index(partition, order),
            meter: self.meter.clone(),
        })
    }

    fn stripe(&self) -> Arc<dyn Transport> {
        self.breaker.clone()
    }

    fn easypost(&self) -> Arc<dyn Transport> {
        Arc::new(MeteredCalls(self.easypost.clone(), self.meter.clone()))
    }

    fn channels(&self) -> Channels {
        let topic = |(service, topic): (&Service, &Arc<MemoryTopic>)| -> (Service, Arc<dyn Topic>) {
            (*service, Arc::new(MeteredTopic(topic.clone(), self.meter.clone())))
        };
        let mail = Arc::new(MeteredMail(MailBox::default(), self.meter.clone()));
        Channels {
            topics: self.topics.iter().map(topic).collect(),
            mailer: mail.clone(),
            texter: mail,
            work: self.work.clone(),
            endpoints: Arc::new(MeteredCalls(self.receivers.clone(), self.meter.clone())),
            names: Arc::new(FixedNames::default()),
            ..Channels::default()
        }
    }
}

/// The event with the fields that the provider sends and no step reads: the inbox stores them too.
fn as_sent(event: &Value) -> Value {
    let mut event = event.clone();
    let rest: Value = serde_json::from_str(include_str!("intent.json")).expect("a JSON object");
    let object = event["data"]["object"].as_object_mut().expect("an event about an object");
    for (name, value) in rest.as_object().into_iter().flatten() {
        object.entry(name).or_insert_with(|| value.clone());
    }
    event
}
