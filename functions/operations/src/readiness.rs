//! `get-readiness`: `GET /health/ready`. Needs the viewer group.
//!
//! - Trigger: `GET /health/ready`.
//! - Effect: none. It asks each dependency one small question, all at the same time, and none longer than two seconds: a dependency
//!   that hangs is reported as such and delays no other.
//! - Answer: always 200, because a 5xx of the API is an alarm; `status` says whether anything needs an operator.
//! - Publishes: nothing.
//!
//! It may read no item of a customer: its grants are the keys `ready#…`, which never exist, the breakers and the heartbeats
//! (`docs/decisions/readiness-reads-what-belongs-to-no-customer.md`).

mod report;

use crate::QueueUrls;
use async_trait::async_trait;
use event_store::{Documents, Key, Pages, StoreError, Walk};
use events::Service;
use futures_util::future::join_all;
use jiff::Timestamp;
use outbound::{Breaker, GaugeError, Metric, Metrics, QueueGauge, Reading};
use report::{Asked, BreakerState, Dependency, QueueState, Report, State, StreamState};
use resilience::Clock;
use resilience::circuit::Circuit;
use runtime::heartbeat;
use runtime::http::{Endpoint, Problem, Reply, Request, Role};
use std::sync::Arc;
use std::time::Duration;

/// How long one dependency may take. The answer takes hardly longer, because all are asked at the same time.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);
/// How far back a metric may be. A heartbeat comes every five minutes.
const METRICS_BACK: Duration = Duration::from_mins(15);

/// The readers of the tables' streams: the function, and the table that it reads.
pub const READERS: [(&str, Service); 8] = [
    ("publish-events", Service::Catalog),
    ("publish-events", Service::Orders),
    ("publish-events", Service::Payments),
    ("publish-events", Service::Inventory),
    ("publish-events", Service::Shipping),
    ("project-orders", Service::Orders),
    ("apply-stripe-event", Service::Payments),
    ("apply-carrier-event", Service::Shipping),
];

/// The tables by their names in the answer, which are also those of their settings: `ORDER_VIEWS_TABLE_NAME`.
pub const TABLES: [&str; 10] = [
    "catalog",
    "orders",
    "order-views",
    "payments",
    "inventory",
    "shipping",
    "notifications",
    "callbacks",
    "live",
    "limits",
];
/// The circuit breakers by their provider, with the table of each.
const BREAKERS: [(&str, &str); 2] = [("stripe", "payments"), ("easypost", "shipping")];

/// A table's documents, and its own partitions.
pub type ReadinessTable = (Arc<dyn Documents>, Arc<dyn Pages>);

/// The step. See the module.
pub struct GetReadiness {
    /// What runs.
    pub build: Build,
    /// Each of [`TABLES`]: its documents, and its own partitions.
    pub tables: Vec<(&'static str, ReadinessTable)>,
    /// The queue of each function that has one.
    pub queues: Vec<Queue>,
    /// The metrics of queues and of stream readers.
    pub metrics: Arc<dyn Metrics>,
    /// From this age on the oldest message of a queue is worth a look.
    pub queue_is_late_after: Duration,
    /// Measures the latencies and ages.
    pub clock: Arc<dyn Clock>,
}

/// What runs, as the answer names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The stack's name.
    pub stack: String,
    /// The build of this function.
    pub id: String,
    /// The deploy: a digest of all code and parameters. `none` if it was not made by `make`.
    pub deploy: String,
}

/// A function's queue.
pub struct Queue {
    /// The function.
    pub function: String,
    /// The queue's own name, by which its metrics are found.
    pub name: String,
    /// How full it is.
    pub gauge: Arc<dyn QueueGauge>,
}

impl Queue {
    /// Each of these queues. Its own name is the last part of its URL.
    pub fn of_all(urls: &QueueUrls, gauge: impl Fn(&str) -> Arc<dyn QueueGauge>) -> Vec<Self> {
        let queue = |(function, url): (&str, &str)| Self {
            function: function.to_owned(),
            name: url.rsplit('/').next().unwrap_or_default().to_owned(),
            gauge: gauge(url),
        };
        urls.iter().map(queue).collect()
    }
}

#[async_trait]
impl Endpoint for GetReadiness {
    async fn answer(&self, request: Request) -> Result<Reply, Problem> {
        request.at_least(Role::Viewer)?;
        Ok(Reply::json(200, &self.report().await))
    }
}

impl GetReadiness {
    async fn report(&self) -> Report {
        let now = self.clock.now();
        let (tables, breakers, heartbeats, queues, metrics) = tokio::join!(
            join_all(self.tables.iter().map(|(name, (table, _))| self.table(name, &**table))),
            join_all(self.breakers().map(|(provider, table)| self.breaker(provider, table))),
            join_all(self.heartbeats().map(|(service, pages)| self.heartbeat(service, pages))),
            join_all(self.queues.iter().map(|queue| self.ask(queue.gauge.depth()))),
            self.ask(self.metrics_of(now)),
        );
        let readings = metrics.answer.clone().unwrap_or_default();
        let (of_queues, of_readers) = readings.split_at(readings.len().min(self.queues.len()));
        let queues = self.queues.iter().zip(queues).enumerate().map(|(place, (queue, asked))| {
            QueueState::new(&queue.function, asked, of_queues.get(place).copied().flatten())
        });
        let streams = heartbeats.into_iter().map(|(service, asked)| {
            let readers = READERS.iter().enumerate().filter(|(_, (_, table))| *table == service);
            let readers = readers.map(|(place, (name, _))| (*name, of_readers.get(place).copied().flatten()));
            StreamState::new(service.as_str(), &asked, readers, now)
        });
        let mut dependencies: Vec<Dependency> = tables;
        dependencies.push(Dependency::of("metrics", &metrics));
        Report::new(
            &self.build,
            now,
            self.queue_is_late_after,
            dependencies,
            breakers,
            streams.collect(),
            queues.collect(),
        )
    }

    fn breakers(&self) -> impl Iterator<Item = (&'static str, &dyn Documents)> {
        let in_table = |(provider, of): (&'static str, &str)| {
            let (_, (table, _)) = self.tables.iter().find(|(name, _)| *name == of)?;
            Some((provider, &**table))
        };
        BREAKERS.into_iter().filter_map(in_table)
    }

    fn heartbeats(&self) -> impl Iterator<Item = (Service, &dyn Pages)> {
        let in_table = |service: Service| {
            let (_, (_, pages)) = self.tables.iter().find(|(name, _)| *name == service.as_str())?;
            Some((service, &**pages))
        };
        Service::ALL.into_iter().filter_map(in_table)
    }

    /// Asks one dependency, for two seconds at most.
    async fn ask<T, E: ToString>(&self, question: impl Future<Output = Result<T, E>>) -> Asked<T> {
        let began = self.clock.now();
        let answer = tokio::time::timeout(ANSWERS_WITHIN, question).await;
        let latency = Duration::try_from(self.clock.now().duration_since(began)).unwrap_or_default();
        match answer {
            Ok(Ok(answer)) => Asked { state: State::Ok, latency, reason: None, answer: Some(answer) },
            Ok(Err(error)) => {
                Asked { state: State::Failed, latency, reason: Some(error.to_string()), answer: None }
            }
            Err(_) => Asked { state: State::TimedOut, latency, reason: None, answer: None },
        }
    }

    /// Reads a key that no item has: it costs half a read unit, and shows that the table answers.
    async fn table(&self, name: &str, table: &dyn Documents) -> Dependency {
        let asked = self.ask(table.get(&probe())).await;
        Dependency::of(&format!("table {name}"), &asked)
    }

    async fn breaker(&self, provider: &str, table: &dyn Documents) -> BreakerState {
        let key = Breaker::key(provider);
        let read = async {
            let Some(document) = table.get(&key).await? else { return Ok(Circuit::default()) };
            document.read::<Circuit>(&key)
        };
        BreakerState::new(provider, &self.ask::<Circuit, StoreError>(read).await)
    }

    /// When the newest heartbeat of a table was written.
    async fn heartbeat(&self, service: Service, pages: &dyn Pages) -> (Service, Asked<Option<Timestamp>>) {
        let partition = format!("{}{}", heartbeat::PREFIX, service.as_str());
        let newest = async {
            let page = pages.page(&partition, Walk::Backward, 1, None).await?;
            Ok::<_, StoreError>(page.documents.first().and_then(|(key, _)| key.sk.parse().ok()))
        };
        (service, self.ask(newest).await)
    }

    /// The age of each queue's oldest message, then the lag of each reader's last heartbeat.
    async fn metrics_of(&self, now: Timestamp) -> Result<Vec<Option<Reading>>, GaugeError> {
        let of_queue = |queue: &Queue| Metric {
            namespace: "AWS/SQS",
            name: "ApproximateAgeOfOldestMessage",
            dimensions: vec![("QueueName", queue.name.clone())],
        };
        let of_reader = |(function, table): &(&str, Service)| Metric {
            namespace: "Conveyor",
            name: "HeartbeatLag",
            dimensions: vec![
                ("stack", self.build.stack.clone()),
                ("function", (*function).to_owned()),
                ("table", table.as_str().to_owned()),
            ],
        };
        let metrics: Vec<Metric> =
            self.queues.iter().map(of_queue).chain(READERS.iter().map(of_reader)).collect();
        self.metrics.newest(&metrics, now, METRICS_BACK).await
    }
}

/// The setting with the name of one of [`TABLES`].
pub fn table_setting(table: &str) -> String {
    format!("{}_TABLE_NAME", table.replace('-', "_").to_ascii_uppercase())
}

fn probe() -> Key {
    Key::new("ready#probe", "probe")
}

#[cfg(test)]
mod tests;
