//! What the answer shows when dependencies answer, fail or hang.

use super::*;
use async_trait::async_trait;
use event_store::{Document, Memory, Page, Position};
use outbound::Depth;
use resilience::FixedClock;
use resilience::circuit::Outcome;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use testkit::{
    FixedGauge, Gate, Gated, MemoryMetrics, Plan, RequestBuilder as _, Stop, customer, now, request,
};

/// Every dependency, in memory.
struct World {
    tables: BTreeMap<&'static str, Arc<Memory>>,
    metrics: Arc<MemoryMetrics>,
    clock: Arc<FixedClock>,
}

impl World {
    /// A world in which every heartbeat was written a minute ago.
    async fn healthy() -> Self {
        let world = Self {
            tables: TABLES.map(|name| (name, Arc::default())).into(),
            metrics: Arc::default(),
            clock: Arc::new(FixedClock::at(now())),
        };
        for service in Service::ALL {
            let minutes_ago = |minutes: u64| now().saturating_sub(Duration::from_secs(60 * minutes)).unwrap();
            for at in [minutes_ago(6), minutes_ago(1)] {
                let (key, document) = heartbeat::item(service.as_str(), at);
                world.tables[service.as_str()].put(&key, &document).await.unwrap();
            }
        }
        world
    }

    /// Every reader has read a heartbeat two minutes ago, but this one.
    fn all_read_but(&self, silent: Option<(&str, &str)>) {
        for (function, table) in READERS {
            if silent != Some((function, table.as_str())) {
                self.lag(function, table.as_str(), 2, 350);
            }
        }
    }

    fn step(&self, gate: &Arc<dyn Gate>) -> GetReadiness {
        let table = |(name, table): (&&'static str, &Arc<Memory>)| {
            let documents: Arc<dyn Documents> = Gated::new(gate.clone(), table.clone());
            let pages: Arc<dyn Pages> = Arc::new(table.index("pk", "sk"));
            (*name, (documents, pages))
        };
        let url = |name: &str| format!("{name}=https://sqs.example/1/shop-{name}");
        let queues: QueueUrls = format!("{} {}", url("allocate-stock"), url("take-payment")).parse().unwrap();
        GetReadiness {
            build: Build {
                stack: "shop".to_owned(),
                id: "0123456789ab".to_owned(),
                deploy: "fedcba".to_owned(),
            },
            tables: self.tables.iter().map(table).collect(),
            queues: Queue::of_all(&queues, |_| Arc::new(FixedGauge(Depth { waiting: 3, hidden: 1 }))),
            metrics: self.metrics.clone(),
            queue_is_late_after: Duration::from_hours(1),
            clock: self.clock.clone(),
        }
    }

    fn oldest(&self, queue: &str, seconds: u64) {
        let dimensions = vec![("QueueName", format!("shop-{queue}"))];
        let metric = Metric { namespace: "AWS/SQS", name: "ApproximateAgeOfOldestMessage", dimensions };
        self.metrics.add(metric, Reading { at: now(), value: seconds });
    }

    fn lag(&self, function: &str, table: &str, minutes_ago: u64, milliseconds: u64) {
        let dimensions = [("stack", "shop"), ("function", function), ("table", table)];
        let dimensions = dimensions.map(|(name, value)| (name, value.to_owned())).into();
        let at = now().saturating_sub(Duration::from_secs(60 * minutes_ago)).unwrap();
        let metric = Metric { namespace: "Conveyor", name: "HeartbeatLag", dimensions };
        self.metrics.add(metric, Reading { at, value: milliseconds });
    }
}

async fn shown(step: &GetReadiness) -> Value {
    serde_json::to_value(step.report().await).unwrap()
}

/// A table that never answers.
struct Hanging;

#[async_trait]
impl Documents for Hanging {
    async fn get(&self, _: &Key) -> Result<Option<Document>, StoreError> {
        std::future::pending().await
    }
    async fn get_many(&self, _: &[Key]) -> Result<Vec<(Key, Document)>, StoreError> {
        std::future::pending().await
    }
    async fn put(&self, _: &Key, _: &Document) -> Result<(), StoreError> {
        std::future::pending().await
    }
    async fn put_new(&self, _: &Key, _: &Document) -> Result<bool, StoreError> {
        std::future::pending().await
    }
    async fn put_newer(&self, _: &Key, _: &Document) -> Result<bool, StoreError> {
        std::future::pending().await
    }
    async fn list(&self, _: &str, _: &str) -> Result<Vec<(Key, Document)>, StoreError> {
        std::future::pending().await
    }
    async fn delete(&self, _: &Key) -> Result<(), StoreError> {
        std::future::pending().await
    }
}

#[async_trait]
impl Pages for Hanging {
    async fn page(&self, _: &str, _: Walk<'_>, _: u32, _: Option<&Position>) -> Result<Page, StoreError> {
        std::future::pending().await
    }
}

#[async_trait]
impl QueueGauge for Hanging {
    async fn depth(&self) -> Result<Depth, GaugeError> {
        std::future::pending().await
    }
}

#[async_trait]
impl Metrics for Hanging {
    async fn newest(
        &self,
        _: &[Metric],
        _: Timestamp,
        _: Duration,
    ) -> Result<Vec<Option<Reading>>, GaugeError> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_healthy_stack_is_ready_and_names_its_build_and_deploy() {
    let world = World::healthy().await;
    world.oldest("take-payment", 12);
    world.all_read_but(None);
    let report = shown(&world.step(&(Plan::open() as _))).await;
    assert_eq!(report["status"], "ready", "{report}");
    assert_eq!(report["because"], json!([]));
    assert_eq!((&report["build"], &report["deploy"]), (&json!("0123456789ab"), &json!("fedcba")));
    assert_eq!(report["dependencies"].as_array().unwrap().len(), TABLES.len() + 1, "and the metrics");
    assert_eq!(report["breakers"][0], json!({"provider": "stripe", "state": "closed"}));
    assert_eq!(report["breakers"][1], json!({"provider": "easypost", "state": "closed"}));
    let queue = json!({"function": "take-payment", "state": "ok", "latency_ms": 0, "waiting": 3, "hidden": 1,
        "oldest_seconds": 12});
    assert_eq!(report["queues"][1], queue);
    assert_eq!(report["queues"][0]["oldest_seconds"], Value::Null, "no metric shows it");
    let orders = json!({"table": "orders", "heartbeat_age_seconds": 60, "readers": [
        {"function": "publish-events", "read_age_seconds": 120, "lag_ms": 350},
        {"function": "project-orders", "read_age_seconds": 120, "lag_ms": 350}]});
    assert_eq!(report["streams"][1], orders);
}

#[tokio::test]
async fn an_open_breaker_an_old_queue_and_a_late_stream_are_named() {
    let world = World::healthy().await;
    let mut circuit = Circuit::default();
    for _ in 0..5 {
        circuit = circuit.record(None, Outcome::Failed, now()).unwrap();
    }
    world.tables["payments"].put(&Breaker::key("stripe"), &Document::of(&circuit)).await.unwrap();
    world.oldest("allocate-stock", 3601);
    world.all_read_but(Some(("apply-carrier-event", "shipping")));
    world.lag("apply-carrier-event", "shipping", 1, 15 * 60_000 + 1);
    let report = shown(&world.step(&(Plan::open() as _))).await;
    assert_eq!(report["status"], "degraded");
    assert_eq!(report["because"], json!(["breaker stripe", "stream shipping", "queue allocate-stock"]));
    assert_eq!(report["breakers"][0]["since"], json!(now().to_string()));
}

#[tokio::test]
async fn a_reader_that_reads_no_heartbeat_is_late_where_the_others_read_theirs() {
    let world = World::healthy().await;
    let because = async || shown(&world.step(&(Plan::open() as _))).await["because"].clone();
    assert_eq!(because().await, json!([]), "no metric of any reader: the emulator keeps none");
    world.all_read_but(Some(("project-orders", "orders")));
    assert_eq!(because().await, json!(["stream orders"]));
}

#[tokio::test]
async fn a_table_without_a_heartbeat_for_fifteen_minutes_is_late() {
    let world = World::healthy().await;
    world.clock.advance(Duration::from_mins(14));
    assert_eq!(shown(&world.step(&(Plan::open() as _))).await["status"], "ready");
    world.clock.advance(Duration::from_secs(1));
    let report = shown(&world.step(&(Plan::open() as _))).await;
    let all = ["catalog", "orders", "payments", "inventory", "shipping"].map(|name| format!("stream {name}"));
    assert_eq!(report["because"], json!(all));
}

#[tokio::test]
async fn a_table_that_is_out_is_named_with_its_reason_and_hides_no_other() {
    let world = World::healthy().await;
    let first_call_fails: Arc<dyn Gate> = Plan::stopping(0, Stop::Fail);
    let report = shown(&world.step(&first_call_fails)).await;
    let states: Vec<&str> = report["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|dependency| dependency["state"].as_str().unwrap())
        .collect();
    assert_eq!(states.iter().filter(|state| **state == "failed").count(), 1, "{states:?}");
    assert_eq!(report["because"].as_array().unwrap().len(), 1);
    let failed = report["dependencies"].as_array().unwrap().iter().find(|one| one["state"] == "failed");
    assert!(failed.unwrap()["reason"].is_string());
}

#[tokio::test]
async fn dependencies_that_hang_are_reported_after_two_seconds_and_delay_no_other() {
    let world = World::healthy().await;
    let mut step = world.step(&(Plan::open() as _));
    for (name, table) in &mut step.tables {
        if ["payments", "limits"].contains(name) {
            *table = (Arc::new(Hanging), Arc::new(Hanging));
        }
    }
    step.queues[0].gauge = Arc::new(Hanging);
    step.metrics = Arc::new(Hanging);
    let began = std::time::Instant::now();
    let report = shown(&step).await;
    assert!(began.elapsed() < 2 * ANSWERS_WITHIN, "all hang at the same time: {:?}", began.elapsed());
    assert_eq!(
        report["because"],
        json!([
            "table limits",
            "table payments",
            "metrics",
            "breaker stripe",
            "stream payments",
            "queue allocate-stock"
        ])
    );
    assert_eq!(report["breakers"][0]["state"], "unknown");
    assert_eq!(report["queues"][1]["waiting"], 3);
}

#[tokio::test]
async fn only_an_admin_sees_it() {
    let world = World::healthy().await;
    let step = world.step(&(Plan::open() as _));
    let request = request("GET /health/ready").by(customer());
    assert_eq!(step.answer(request).await.unwrap_err().status, 403);
}
