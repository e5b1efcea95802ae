//! A model of slow, hanging and failing receivers over hours: the steps as they are deployed, on the table's in-memory twin, a
//! queue with the semantics of SQS, a few environments of the function, and virtual time.
//!
//! In every model a delivery has at most one message, nothing is dead-lettered, no chain of invocations is longer than one,
//! and the receives a second are bounded. Lambda stops a chain of 16 in which a function sends to its own queue.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "the model is this test's own: what is missing is a mistake here"
)]

mod queue;
mod time;

use async_trait::async_trait;
use callbacks::{DeliverWebhook, Lanes, ManageCallbacks, Pace, PlanDeliveries, ScheduleCallbacks};
use event_store::Memory;
use events::{Because, Detail, OrderStatus, OrderUpdated, OrdersEvent};
use jiff::Timestamp;
use outbound::{Answer, Call, CallError, Networks, SystemRandomBytes, Transport};
use queue::{ModelQueue, Seen};
use resilience::{Clock, Jitter};
use runtime::http::Endpoint as _;
use runtime::letters::LetterRecords;
use runtime::queue::{Consumer as _, Worker};
use runtime::schedule::Task as _;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use testkit::{FixedNames, RequestBuilder as _, answer, order_id, request};
use time::{VirtualClock, start};

/// The concurrency cap of the queue's event source in `template/callbacks.yaml`.
const ENVIRONMENTS: usize = 20;
/// The defaults of `CallbackTimeoutSeconds`, `CallbacksAtOnce` and `GiveUpAfterSeconds`.
const PACE: Pace = Pace { call_within: Duration::from_secs(30) };
const AT_ONCE: usize = 2;
const GIVE_UP_AFTER: Duration = Duration::from_hours(24);

const HOUR: Duration = Duration::from_hours(1);

/// What a receiver does with a call at this time since the start: how long it takes, and the status.
type Behaviour = fn(Duration) -> (Duration, u16);

/// All receivers, by host. A host without a behaviour answers within 50 ms.
struct Receivers {
    clock: Arc<VirtualClock>,
    behaviours: BTreeMap<String, Behaviour>,
    under_way: Mutex<BTreeSet<(String, String)>>,
    twice_at_once: Mutex<Vec<String>>,
    calls: Mutex<BTreeMap<String, u64>>,
}

#[async_trait]
impl Transport for Receivers {
    async fn send(&self, call: Call) -> Result<Answer, CallError> {
        let id = call.headers.iter().find(|(name, _)| name == "webhook-id").unwrap().1.clone();
        let delivery = (call.url.clone(), id);
        *self.calls.lock().unwrap().entry(call.url.clone()).or_default() += 1;
        if !self.under_way.lock().unwrap().insert(delivery.clone()) {
            self.twice_at_once.lock().unwrap().push(format!("{delivery:?}"));
        }
        let since_start = self.clock.now().duration_since(start()).unsigned_abs();
        let (takes, status) =
            self.behaviours.get(&call.url).map_or((Duration::from_millis(50), 204), |of| of(since_start));
        self.clock.sleep(takes.min(call.timeout)).await;
        self.under_way.lock().unwrap().remove(&delivery);
        if takes > call.timeout { Err(CallError::TimedOut(call.timeout)) } else { Ok(answer(status, &[])) }
    }
}

/// Waits that are spread as random ones are, and the same in each run: with random ones, a burst in some hundred was late.
#[derive(Default)]
struct SpreadJitter(AtomicU32);

impl Jitter for SpreadJitter {
    fn thousandths(&self) -> u32 {
        // Steps of the golden ratio fill the range evenly.
        self.0.fetch_add(618, Ordering::Relaxed).wrapping_add(618) % 1001
    }
}

/// The stack under way.
struct Model {
    jitter: Arc<SpreadJitter>,
    memory: Arc<Memory>,
    clock: Arc<VirtualClock>,
    queue: Arc<ModelQueue>,
    receivers: Arc<Receivers>,
    orders: Mutex<u64>,
}

impl Model {
    /// Registers the receivers and starts the functions.
    async fn start(clock: &Arc<VirtualClock>, receivers: &[(&str, Behaviour)]) -> Self {
        let memory: Arc<Memory> = Arc::default();
        let clock = clock.clone();
        let queue = Arc::new(ModelQueue::new(clock.clone()));
        let behaviours = receivers.iter().map(|(host, behaviour)| (url(host), *behaviour)).collect();
        let receivers_port = Arc::new(Receivers {
            clock: clock.clone(),
            behaviours,
            under_way: Mutex::default(),
            twice_at_once: Mutex::default(),
            calls: Mutex::default(),
        });
        let (jitter, orders) = (Arc::default(), Mutex::default());
        let model = Self { jitter, memory, clock, queue, receivers: receivers_port, orders };
        for (host, _) in receivers {
            model.register(host).await;
        }
        for _ in 0..ENVIRONMENTS {
            model.clock.sleep(Duration::from_millis(100)).await;
            model.clock.spawn(model.queue.clone().invoke(model.worker()));
        }
        let (schedule, clock) = (model.schedule(), model.clock.clone());
        model.clock.spawn(async move {
            loop {
                clock.sleep(Duration::from_mins(1)).await;
                schedule.run().await.unwrap();
            }
        });
        model
    }

    async fn register(&self, host: &str) {
        let step = ManageCallbacks {
            documents: self.memory.clone(),
            deliveries_by_time: Arc::new(self.memory.index("endpoint", "created_at")),
            work: self.queue.clone(),
            names: Arc::new(FixedNames::default()),
            random: Arc::new(SystemRandomBytes::default()),
            clock: self.clock.clone(),
            networks: Networks::Public,
        };
        let request = request("POST /webhook-endpoints").by_admin().header("idempotency-key", host);
        assert_eq!(step.answer(request.json(&json!({"url": url(host)}))).await.unwrap().status, 201);
    }

    /// One environment of `deliver-webhook`.
    fn worker(&self) -> Worker {
        let step = DeliverWebhook {
            documents: self.memory.clone(),
            transport: self.receivers.clone(),
            clock: self.clock.clone(),
            jitter: self.jitter.clone(),
            pace: PACE,
            lanes: Lanes::of(AT_ONCE),
        };
        Worker {
            function: "deliver-webhook",
            queue: self.queue.clone(),
            clock: self.clock.clone(),
            give_up_after: GIVE_UP_AFTER,
            consumer: Arc::new(step),
            records: LetterRecords::default(),
        }
    }

    fn schedule(&self) -> ScheduleCallbacks {
        ScheduleCallbacks {
            documents: self.memory.clone(),
            pending_by_time: Arc::new(self.memory.index("pending_shard", "overdue_at")),
            work: self.queue.clone(),
            clock: self.clock.clone(),
        }
    }

    /// Publishes one event each `every`, for this long. Each one makes a delivery to every receiver.
    async fn publish(&self, every: Duration, during: Duration) {
        let plan = PlanDeliveries {
            endpoints: Arc::new(self.memory.index("pk", "sk")),
            documents: self.memory.clone(),
            work: self.queue.clone(),
            clock: self.clock.clone(),
        };
        let end = self.clock.now() + during;
        while self.clock.now() < end {
            let order = {
                let mut orders = self.orders.lock().unwrap();
                *orders += 1;
                order_id(*orders)
            };
            let (because, status) = (Because::OrderPaid, OrderStatus::Paid);
            let event: OrdersEvent = OrderUpdated {
                because,
                status,
                attention: vec![],
                detail: Detail::default(),
                paid: true,
                quiet: false,
            }
            .into();
            plan.consume(&testkit::message(&order, 2, &event)).await.unwrap();
            self.clock.sleep(every).await;
        }
    }

    async fn wait(&self, long: Duration) {
        self.clock.sleep(long).await;
    }

    /// The deliveries to a receiver.
    fn deliveries(&self, host: &str) -> Vec<Value> {
        let documents = self.memory.all_documents();
        let endpoint = documents.iter().find(|(_, document)| document.body["url"] == *url(host)).unwrap();
        let id = endpoint.1.body["id"].as_str().unwrap();
        let deliveries = documents.iter().filter(|(key, _)| key.sk.starts_with("delivery#"));
        deliveries
            .filter(|(_, document)| document.body["endpoint"] == *id)
            .map(|(_, document)| Value::clone(&document.body))
            .collect()
    }

    /// How many deliveries to a receiver are delivered, and how many there are.
    fn delivered(&self, host: &str) -> (usize, usize) {
        let deliveries = self.deliveries(host);
        let delivered = deliveries.iter().filter(|one| one["state"]["is"] == "delivered").count();
        (delivered, deliveries.len())
    }

    /// The longest time from an event to its success at a receiver.
    fn slowest(&self, host: &str) -> Duration {
        let moment = |value: &Value| value.as_str().unwrap().parse::<Timestamp>().unwrap();
        let took = self.deliveries(host).into_iter().map(|delivery| {
            moment(&delivery["state"]["at"]).duration_since(moment(&delivery["created_at"])).unsigned_abs()
        });
        took.max().unwrap()
    }

    /// Checks what must hold in every model.
    fn check(&self, most_receives_a_second: u64) -> Seen {
        let seen = self.queue.seen();
        eprintln!(
            "{} messages sent, {} received, {} in the busiest minute; one message at most {} times",
            seen.sent,
            seen.received,
            seen.busiest_minute(),
            seen.most_receives
        );
        assert!(seen.second_messages.is_empty(), "second messages: {:#?}", seen.second_messages);
        assert!(seen.dead_letters.is_empty(), "dead letters: {:#?}", seen.dead_letters);
        assert_eq!(
            self.receivers.twice_at_once.lock().unwrap().len(),
            0,
            "one delivery called twice at once"
        );
        assert!(seen.longest_chain <= 1, "a chain of {} invocations", seen.longest_chain);
        let most = most_receives_a_second * 60;
        assert!(seen.busiest_minute() <= most, "{} receives in a minute", seen.busiest_minute());
        seen
    }

    fn calls(&self, host: &str) -> u64 {
        self.receivers.calls.lock().unwrap().get(&url(host)).copied().unwrap_or(0)
    }
}

/// Runs a model in virtual time.
fn model(run: impl AsyncFnOnce(&Arc<VirtualClock>)) {
    let clock = VirtualClock::new();
    clock.run(run(&clock));
}

fn url(host: &str) -> String {
    format!("https://{host}.example/")
}

fn fast(_: Duration) -> (Duration, u16) {
    (Duration::from_millis(50), 204)
}

fn slow(_: Duration) -> (Duration, u16) {
    (Duration::from_secs(10), 204)
}

fn hanging(_: Duration) -> (Duration, u16) {
    (HOUR, 204)
}

fn failing_for_a_day(since_start: Duration) -> (Duration, u16) {
    (Duration::from_millis(50), if since_start < HOUR * 24 { 503 } else { 204 })
}

/// Two calls at once of ten seconds each: the receiver can take 720 of the 3,600 deliveries of an hour.
#[test]
fn a_receiver_of_ten_seconds_gets_one_delivery_a_second() {
    model(async |clock| {
        let model = Model::start(clock, &[("slow", slow)]).await;
        model.publish(Duration::from_secs(1), HOUR).await;
        let (delivered, of) = model.delivered("slow");
        eprintln!("{delivered} of {of} after an hour");
        assert_eq!(of, 3600);
        assert!(delivered > 700, "{delivered}: the receiver is kept busy");
        model.check(10);
        // It catches up: 2,880 at 720 an hour take 4 hours.
        model.wait(HOUR * 5).await;
        assert_eq!(model.delivered("slow"), (3600, 3600));
        let seen = model.check(10);
        assert!(seen.received < 3600 * 16, "{}", seen.received);
    });
}

#[test]
fn a_burst_to_a_fast_receiver_is_over_in_ten_minutes() {
    model(async |clock| {
        let model = Model::start(clock, &[("fast", fast)]).await;
        model.publish(Duration::from_millis(1), Duration::from_secs(3)).await;
        model.wait(Duration::from_mins(10)).await;
        let (delivered, of) = model.delivered("fast");
        assert_eq!(delivered, of);
        assert!(of >= 3000 - 10, "{of}");
        model.check(300);
    });
}

#[test]
fn a_receiver_that_hangs_is_called_seldom_and_delays_no_other() {
    model(async |clock| {
        let model = Model::start(clock, &[("hanging", hanging), ("fast", fast)]).await;
        model.publish(Duration::from_secs(5), HOUR * 2).await;
        model.wait(Duration::from_mins(1)).await;
        let seen = model.check(10);
        assert!(seen.received < 30_000, "{}", seen.received);
        assert!(model.calls("hanging") < 100, "{}", model.calls("hanging"));
        assert_eq!(model.delivered("fast"), (1440, 1440));
        assert!(model.slowest("fast") < Duration::from_secs(40), "{:?}", model.slowest("fast"));
    });
}

#[test]
fn a_receiver_that_fails_for_a_day_gets_everything_within_two_hours_afterwards() {
    model(async |clock| {
        let model = Model::start(clock, &[("failing", failing_for_a_day)]).await;
        model.publish(Duration::from_mins(2), HOUR * 24).await;
        model.check(10);
        assert!(model.calls("failing") < 300, "{}", model.calls("failing"));
        model.wait(HOUR * 2).await;
        let (delivered, of) = model.delivered("failing");
        let exhausted =
            model.deliveries("failing").iter().filter(|one| one["state"]["is"] == "exhausted").count();
        assert_eq!((delivered, of, exhausted), (720, 720, 0));
        model.check(10);
    });
}

#[test]
fn of_fifty_receivers_the_slow_and_the_hanging_delay_the_others_by_seconds() {
    model(async |clock| {
        let hosts: Vec<(String, Behaviour)> = (0..50)
            .map(|n| {
                let (kind, behaviour): (&str, Behaviour) = match n {
                    0..10 => ("hanging", hanging),
                    10..20 => ("slow", slow),
                    _ => ("fast", fast),
                };
                (format!("{kind}-{n}"), behaviour)
            })
            .collect();
        let receivers: Vec<(&str, Behaviour)> =
            hosts.iter().map(|(host, behaviour)| (host.as_str(), *behaviour)).collect();
        let model = Model::start(clock, &receivers).await;
        model.publish(Duration::from_secs(10), HOUR / 4).await;
        model.wait(Duration::from_mins(2)).await;
        model.check(60);
        let fast = receivers.iter().filter(|(host, _)| host.starts_with("fast"));
        let slowest = fast.map(|(host, _)| {
            assert_eq!(model.delivered(host), (90, 90), "{host}");
            model.slowest(host)
        });
        let slowest = slowest.max().unwrap();
        assert!(slowest < Duration::from_mins(1), "{slowest:?}");
        for (host, _) in receivers.iter().filter(|(host, _)| host.starts_with("slow")) {
            let (delivered, of) = model.delivered(host);
            assert!(delivered > 75, "{host}: {delivered} of {of}");
        }
    });
}
