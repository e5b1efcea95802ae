//! What `get-readiness` answers, made of what each dependency answered. Pure.

use super::Build;
use jiff::Timestamp;
use outbound::{Depth, Reading};
use resilience::circuit::Circuit;
use serde::Serialize;
use std::time::Duration;

/// A heartbeat is written every five minutes, and the alarm of a reader rings after fifteen without one.
const HEARTBEAT_IS_LATE_AFTER: Duration = Duration::from_mins(15);

/// How a dependency answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// As it should.
    Ok,
    /// With an error.
    Failed,
    /// Not in time.
    TimedOut,
}

/// One question to a dependency.
#[derive(Debug, Clone)]
pub(super) struct Asked<T> {
    pub(super) state: State,
    pub(super) latency: Duration,
    /// The error, which holds no value of ours.
    pub(super) reason: Option<String>,
    pub(super) answer: Option<T>,
}

/// A dependency that is only asked whether it answers.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Dependency {
    name: String,
    state: State,
    latency_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Dependency {
    pub(super) fn of<T>(name: &str, asked: &Asked<T>) -> Self {
        Self {
            name: name.to_owned(),
            state: asked.state,
            latency_ms: milliseconds(asked.latency),
            reason: asked.reason.clone(),
        }
    }
}

/// The circuit breaker of a provider. The provider itself is not called.
#[derive(Debug, Clone, Serialize)]
pub(super) struct BreakerState {
    provider: String,
    /// `closed`, `open`, or `unknown` if its table does not answer.
    state: &'static str,
    /// Since when the provider is out.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    /// When the next call tests it.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_probe: Option<Timestamp>,
}

impl BreakerState {
    pub(super) fn new(provider: &str, asked: &Asked<Circuit>) -> Self {
        let since = asked.answer.as_ref().and_then(Circuit::open_since);
        let state = match (&asked.answer, since) {
            (None, _) => "unknown",
            (Some(_), None) => "closed",
            (Some(_), Some(_)) => "open",
        };
        let next_probe = asked.answer.as_ref().and_then(Circuit::open_until);
        Self { provider: provider.to_owned(), state, since, next_probe }
    }
}

/// A table's stream: its newest heartbeat, and what each reader reported of the last one that it read.
#[derive(Debug, Clone, Serialize)]
pub(super) struct StreamState {
    table: String,
    /// The heartbeat is written, whether it is read or not. `None`: there is none yet, or the table does not answer.
    heartbeat_age_seconds: Option<u64>,
    readers: Vec<ReaderState>,
}

#[derive(Debug, Clone, Serialize)]
struct ReaderState {
    function: String,
    /// When it read its last heartbeat. `None`: no metric shows one.
    read_age_seconds: Option<u64>,
    /// How long that heartbeat took from its table to the reader.
    lag_ms: Option<u64>,
}

impl StreamState {
    pub(super) fn new<'a>(
        table: &str,
        asked: &Asked<Option<Timestamp>>,
        readers: impl Iterator<Item = (&'a str, Option<Reading>)>,
        now: Timestamp,
    ) -> Self {
        let reader = |(function, reading): (&str, Option<Reading>)| ReaderState {
            function: function.to_owned(),
            read_age_seconds: reading.map(|reading| seconds_since(reading.at, now)),
            lag_ms: reading.map(|reading| reading.value),
        };
        Self {
            table: table.to_owned(),
            heartbeat_age_seconds: asked.answer.flatten().map(|at| seconds_since(at, now)),
            readers: readers.map(reader).collect(),
        }
    }

    /// Whether no heartbeat was written in time, or a reader read it late or not at all. `measured`: metrics of readers are kept,
    /// which the emulator does not do.
    fn is_late(&self, measured: bool) -> bool {
        let late = HEARTBEAT_IS_LATE_AFTER;
        let of_reader = |lag: Option<u64>| lag.map_or(measured, |lag| lag > milliseconds(late));
        self.heartbeat_age_seconds.is_none_or(|age| age > late.as_secs())
            || self.readers.iter().any(|reader| of_reader(reader.lag_ms))
    }
}

/// A function's queue.
#[derive(Debug, Clone, Serialize)]
pub(super) struct QueueState {
    function: String,
    state: State,
    latency_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden: Option<u64>,
    /// The age of its oldest message. `None`: no metric shows one, as of a queue that is idle for hours.
    oldest_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl QueueState {
    pub(super) fn new(function: &str, asked: Asked<Depth>, oldest: Option<Reading>) -> Self {
        Self {
            function: function.to_owned(),
            state: asked.state,
            latency_ms: milliseconds(asked.latency),
            waiting: asked.answer.map(|depth| depth.waiting),
            hidden: asked.answer.map(|depth| depth.hidden),
            oldest_seconds: oldest.map(|reading| reading.value),
            reason: asked.reason,
        }
    }
}

/// The whole answer.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Report {
    /// `ready`, or `degraded` with the reasons in `because`.
    status: &'static str,
    because: Vec<String>,
    stack: String,
    version: &'static str,
    build: String,
    deploy: String,
    checked_at: Timestamp,
    dependencies: Vec<Dependency>,
    breakers: Vec<BreakerState>,
    streams: Vec<StreamState>,
    queues: Vec<QueueState>,
}

impl Report {
    pub(super) fn new(
        build: &Build,
        now: Timestamp,
        queue_is_late_after: Duration,
        dependencies: Vec<Dependency>,
        breakers: Vec<BreakerState>,
        streams: Vec<StreamState>,
        queues: Vec<QueueState>,
    ) -> Self {
        let mut because = Vec::new();
        let failing = dependencies.iter().filter(|dependency| dependency.state != State::Ok);
        because.extend(failing.map(|dependency| dependency.name.clone()));
        let open = breakers.iter().filter(|breaker| breaker.state != "closed");
        because.extend(open.map(|breaker| format!("breaker {}", breaker.provider)));
        let measured =
            streams.iter().flat_map(|stream| &stream.readers).any(|reader| reader.lag_ms.is_some());
        let late = streams.iter().filter(|stream| stream.is_late(measured));
        because.extend(late.map(|stream| format!("stream {}", stream.table)));
        let is_late = |queue: &&QueueState| {
            queue.state != State::Ok
                || queue.oldest_seconds.is_some_and(|age| age > queue_is_late_after.as_secs())
        };
        because.extend(queues.iter().filter(is_late).map(|queue| format!("queue {}", queue.function)));
        Self {
            status: if because.is_empty() { "ready" } else { "degraded" },
            because,
            stack: build.stack.clone(),
            version: env!("CARGO_PKG_VERSION"),
            build: build.id.clone(),
            deploy: build.deploy.clone(),
            checked_at: now,
            dependencies,
            breakers,
            streams,
            queues,
        }
    }
}

fn seconds_since(then: Timestamp, now: Timestamp) -> u64 {
    u64::try_from(now.duration_since(then).as_secs()).unwrap_or(0)
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
