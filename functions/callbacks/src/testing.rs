//! The test harness: every step of this service on one in-memory table, driven by requests, events and queue messages.

use crate::{DeliverWebhook, Lanes, ManageCallbacks, Pace, PlanDeliveries, ScheduleCallbacks};
use base64::Engine as _;
use event_store::Memory;
use events::{Because, Detail, OrderStatus, OrderUpdated, OrdersEvent};
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use outbound::{Call, Networks, RANDOM_BYTES, RandomBytes, Secret, Work};
use resilience::{Failure, FixedClock, NoJitter};
use runtime::http::{Endpoint as _, Problem, Reply, Request};
use runtime::queue::{Consumer as _, Handler as _};
use runtime::schedule::Task as _;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;
use testkit::{FixedNames, MemoryWork, Receivers, RequestBuilder as _, now, order_id, request};
use webhooks::{Scheme as _, StandardWebhooks};

/// Predictable secrets: the first has only zero bytes, the second only ones, and so on.
#[derive(Default)]
pub(crate) struct CountingBytes(AtomicU8);

impl RandomBytes for CountingBytes {
    fn bytes(&self) -> Option<[u8; RANDOM_BYTES]> {
        Some([self.0.fetch_add(1, Ordering::SeqCst); RANDOM_BYTES])
    }
}

pub(crate) const URL: &str = "https://shop.example/hooks";
pub(crate) const PACE: Pace = Pace { call_within: Duration::from_secs(30) };

/// One table, delivery queue and clock for all steps, with receivers that answer as scripted.
pub(crate) struct World {
    pub(crate) memory: Arc<Memory>,
    pub(crate) work: Arc<MemoryWork>,
    pub(crate) receivers: Arc<Receivers>,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) names: Arc<FixedNames>,
    pub(crate) networks: Networks,
    pub(crate) random: Arc<CountingBytes>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            memory: Arc::default(),
            work: Arc::default(),
            receivers: Arc::default(),
            clock: Arc::new(FixedClock::at(now())),
            names: Arc::default(),
            networks: Networks::Public,
            random: Arc::default(),
        }
    }
}

impl World {
    pub(crate) fn manage(&self) -> ManageCallbacks {
        ManageCallbacks {
            documents: self.memory.clone(),
            deliveries_by_time: Arc::new(self.memory.index("endpoint", "created_at")),
            work: self.work.clone(),
            names: self.names.clone(),
            random: self.random.clone(),
            clock: self.clock.clone(),
            networks: self.networks,
        }
    }

    pub(crate) fn plan(&self) -> PlanDeliveries {
        PlanDeliveries {
            endpoints: Arc::new(self.memory.index("pk", "sk")),
            documents: self.memory.clone(),
            work: self.work.clone(),
            clock: self.clock.clone(),
        }
    }

    pub(crate) fn deliver(&self) -> DeliverWebhook {
        DeliverWebhook {
            documents: self.memory.clone(),
            transport: self.receivers.clone(),
            clock: self.clock.clone(),
            jitter: Arc::new(NoJitter),
            pace: PACE,
            lanes: Lanes::of(2),
        }
    }

    /// Runs `schedule-callbacks`, and returns how many deliveries it sent to the queue.
    pub(crate) async fn schedule(&self) -> u64 {
        let step = ScheduleCallbacks {
            documents: self.memory.clone(),
            pending_by_time: Arc::new(self.memory.index("pending_shard", "overdue_at")),
            work: self.work.clone(),
            clock: self.clock.clone(),
        };
        step.run().await.unwrap()["sent"].as_u64().unwrap()
    }

    pub(crate) async fn answer(&self, request: Request) -> Result<Reply, Problem> {
        self.manage().answer(request).await
    }

    /// Registers an endpoint, and returns its id and secret.
    pub(crate) async fn register(&self, url: &str) -> (String, Secret) {
        let body = json!({"url": url});
        let request =
            request("POST /webhook-endpoints").by_admin().header("idempotency-key", url).json(&body);
        let made = body_of(&self.answer(request).await.unwrap());
        (made["id"].as_str().unwrap().to_owned(), Secret::new(made["secret"].as_str().unwrap()))
    }

    pub(crate) async fn endpoint(&self, id: &str) -> Value {
        let request = request("GET /webhook-endpoints/{endpoint_id}").by_admin().path("endpoint_id", id);
        body_of(&self.answer(request).await.unwrap())
    }

    pub(crate) async fn deliveries(&self, id: &str) -> Vec<Value> {
        let request =
            request("GET /webhook-endpoints/{endpoint_id}/deliveries").by_admin().path("endpoint_id", id);
        body_of(&self.answer(request.query("limit", "100")).await.unwrap())["items"]
            .as_array()
            .unwrap()
            .clone()
    }

    /// Publishes that the n-th order is paid.
    pub(crate) async fn publish_paid(&self, n: u64) {
        let message = testkit::message(&order_id(n), 2, &updated(Because::OrderPaid, OrderStatus::Paid));
        self.plan().consume(&message).await.unwrap();
    }

    /// Handles every message of the queue that is delayed by at most `most`, including those that return to it meanwhile.
    /// Returns the results.
    pub(crate) async fn drain(&self, most: Duration) -> Vec<Result<(), Failure>> {
        let mut outcomes = Vec::new();
        loop {
            let (now, later): (Vec<_>, Vec<_>) =
                self.work.take().into_iter().partition(|work| work.delay <= most);
            for work in later {
                outbound::WorkQueue::send(&*self.work, &work).await.unwrap();
            }
            if now.is_empty() {
                return outcomes;
            }
            for work in now {
                self.clock.advance(work.delay);
                let outcome = self.deliver().handle(&work.body, 1).await;
                if let Err(Failure::Retry { after: Some(delay), .. }) = outcome {
                    outbound::WorkQueue::send(&*self.work, &Work { delay, ..work }).await.unwrap();
                }
                outcomes.push(outcome);
            }
        }
    }
}

pub(crate) fn updated(because: Because, status: OrderStatus) -> OrdersEvent {
    OrderUpdated { because, status, attention: vec![], detail: Detail::default(), paid: false, quiet: false }
        .into()
}

pub(crate) fn body_of(reply: &Reply) -> Value {
    serde_json::from_str(&reply.body).unwrap()
}

/// The value of a header of a call.
pub(crate) fn header<'a>(call: &'a Call, name: &str) -> &'a str {
    call.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str()).unwrap()
}

/// Whether a receiver with this secret accepts the call.
pub(crate) fn verifies(call: &Call, secret: &Secret, now: Timestamp) -> bool {
    let headers: HeaderMap = call
        .headers
        .iter()
        .map(|(name, value)| (HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap()))
        .collect();
    StandardWebhooks.verify(&headers, &call.body, std::slice::from_ref(secret), now).is_ok()
}

/// A secret that the admin provides.
pub(crate) fn own_secret() -> String {
    format!("whsec_{}", base64::engine::general_purpose::STANDARD.encode([42; 24]))
}
