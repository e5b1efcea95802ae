//! A circuit breaker in front of a transport: while a dependency is out, all processes together stop calling it.
//!
//! Its state is one item of the service's own table, `breaker#<dependency>` / `state`. Each change is one conditional write,
//! decided on what was read right before it ([`Circuit`]). Successful calls write nothing, and a process reads the item at
//! most once in five seconds.
//!
//! **The breaker spares calls; correctness never depends on it.** If its item cannot be read, calls are made, and if it
//! cannot be written, the call's own outcome counts: a shop that cannot sell because of its breaker is worse than one that
//! calls a dead provider. The exception is a probe whose lease may or may not be written: it is not made, because another
//! process may hold the lease.
//!
//! A failure is a failed connection, a time-out or a 5xx. Every other answer shows that the dependency is up, also a 429: it is
//! about our rate, and its caller waits. A stored answer (`idempotent-replayed`) is old and shows nothing.

use crate::{Answer, Call, CallError, Transport};
use async_trait::async_trait;
use event_store::{Document, Documents, Key, StoreError};
use jiff::{SignedDuration, Timestamp};
use resilience::circuit::{Circuit, Entry, Lease, Outcome};
use resilience::{BackOff, Clock, RandomJitter};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tracing::Instrument as _;

/// How long a process relies on what it has read. Other processes notice an open circuit up to this much later.
const KNOWN_FOR: SignedDuration = SignedDuration::from_secs(5);
/// A probe's lease outlasts its call by this time, in which the outcome is written.
const WRITE_TIME: Duration = Duration::from_secs(2);
/// How often a change that conflicts is decided again before it is dropped.
const TRIES: u32 = 6;

/// The breaker. All breakers over one table and dependency share one state.
pub struct Breaker {
    transport: Arc<dyn Transport>,
    documents: Arc<dyn Documents>,
    clock: Arc<dyn Clock>,
    dependency: &'static str,
    known: Mutex<Option<Known>>,
}

/// What the table held when it was read or written last.
#[derive(Clone)]
struct Known {
    at: Timestamp,
    version: u64,
    circuit: Circuit,
}

/// Whether a call is made.
enum Admission {
    /// The call is made; a probe holds a lease.
    Go(Option<Lease>),
    /// The call is not made; the next one may be made after this time.
    Wait(Duration),
}

impl Breaker {
    /// Guards `transport`, which must lead to `dependency` alone. The state is kept in `documents`.
    pub fn before(
        transport: Arc<dyn Transport>,
        dependency: &'static str,
        documents: Arc<dyn Documents>,
        clock: Arc<dyn Clock>,
    ) -> Arc<Self> {
        Arc::new(Self { transport, documents, clock, dependency, known: Mutex::new(None) })
    }

    /// The key of a dependency's state.
    pub fn key(dependency: &str) -> Key {
        Key::new(format!("breaker#{dependency}"), "state")
    }

    async fn admit(&self, timeout: Duration) -> Admission {
        let now = self.clock.now();
        let known = match self.known_at(now) {
            Some(known) => known,
            None => match self.read().await {
                Ok(known) => known,
                Err(error) => return self.unguarded(&error),
            },
        };
        match known.circuit.enter(now, timeout + WRITE_TIME) {
            Entry::Closed => Admission::Go(None),
            Entry::Open(until) => Admission::Wait(whole_seconds(now, until)),
            Entry::Probe(..) => self.probe(timeout + WRITE_TIME).await,
        }
    }

    /// When the pause is over, the process that writes its lease first makes the probe.
    async fn probe(&self, within: Duration) -> Admission {
        for _ in 0..TRIES {
            let there = match self.read().await {
                Ok(there) => there,
                Err(error) => return self.unguarded(&error),
            };
            let now = self.clock.now();
            let (circuit, lease) = match there.circuit.enter(now, within) {
                Entry::Closed => return Admission::Go(None),
                Entry::Open(until) => return Admission::Wait(whole_seconds(now, until)),
                Entry::Probe(circuit, lease) => (circuit, lease),
            };
            match self.write(there.version + 1, circuit).await {
                // If this process slept until its lease ran out, another process may have taken it.
                Ok(true) if !lease.is_over(self.clock.now()) => return Admission::Go(Some(lease)),
                Ok(_) => {}
                Err(StoreError::Unavailable(reason)) => {
                    tracing::warn!(
                        dependency = self.dependency,
                        reason,
                        "no probe is made: its lease may not be written"
                    );
                    return Admission::Wait(within);
                }
                Err(error) => {
                    return self.unguarded(&error);
                }
            }
        }
        Admission::Wait(within)
    }

    fn unguarded(&self, error: &StoreError) -> Admission {
        tracing::warn!(dependency = self.dependency, %error, "called without the breaker, which cannot be read");
        Admission::Go(None)
    }

    /// Records the outcome of a call if it changes the state.
    async fn record(&self, lease: Option<Lease>, outcome: Outcome) {
        let changes = match outcome {
            Outcome::Failed => true,
            Outcome::Answered => lease.is_some() || self.knows_of_failures(),
            Outcome::Unknown => lease.is_some(),
        };
        if !changes {
            return;
        }
        for attempt in 1..=TRIES {
            match self.change(lease, outcome).await {
                Ok(true) => return,
                Ok(false) => self.clock.sleep(BackOff::CONFLICT.wait(attempt, &RandomJitter)).await,
                Err(error) => {
                    tracing::warn!(dependency = self.dependency, %error, "the outcome of a call is not recorded in the breaker");
                    return;
                }
            }
        }
        tracing::warn!(
            dependency = self.dependency,
            "the outcome of a call is not recorded in the breaker: concurrent writers were faster"
        );
    }

    /// `false`: a concurrent writer changed the state first.
    async fn change(&self, lease: Option<Lease>, outcome: Outcome) -> Result<bool, StoreError> {
        let there = self.read().await?;
        let now = self.clock.now();
        let Some(next) = there.circuit.record(lease, outcome, now) else { return Ok(true) };
        let is_written = self.write(there.version + 1, next.clone()).await?;
        if is_written {
            self.report(&there.circuit, &next, now);
        }
        Ok(is_written)
    }

    async fn read(&self) -> Result<Known, StoreError> {
        let (key, at) = (Self::key(self.dependency), self.clock.now());
        let document = self.documents.get(&key).await?;
        let version = document.as_ref().map_or(0, |document| document.version);
        let circuit = document.map(|document| document.read(&key)).transpose().unwrap_or_else(|error| {
            // The next change overwrites it.
            tracing::warn!(dependency = self.dependency, %error, "the breaker's state cannot be understood; it starts anew");
            None
        });
        let known = Known { at, version, circuit: circuit.unwrap_or_default() };
        self.remember(known.clone());
        Ok(known)
    }

    async fn write(&self, version: u64, circuit: Circuit) -> Result<bool, StoreError> {
        let (document, at) = (Document::of(&circuit).versioned(version), self.clock.now());
        let is_written = self.documents.put_newer(&Self::key(self.dependency), &document).await?;
        if is_written {
            self.remember(Known { at, version, circuit });
        }
        Ok(is_written)
    }

    fn report(&self, before: &Circuit, after: &Circuit, now: Timestamp) {
        let dependency = self.dependency;
        match (before.open_since(), after.open_until()) {
            // Logged as an error so that no log level drops it: the alarm counts this line.
            (_, Some(until)) if until > now => tracing::error!(
                metric = "DependencyOut",
                metric.by = "dependency",
                dependency,
                pause_seconds = whole_seconds(now, until).as_secs(),
                "a dependency is out: it is not called for a while, and its messages wait"
            ),
            (Some(since), None) => tracing::warn!(
                dependency,
                out_seconds = now.duration_since(since).as_secs(),
                "a dependency is back and is called again"
            ),
            (Some(_) | None, Some(_)) | (None, None) => {}
        }
    }

    /// Writes the line of the dashboard's metrics. A call that was not made has none.
    fn measure(&self, called: Timestamp, answer: &Result<Answer, CallError>) {
        if matches!(answer, Err(CallError::Invalid(_) | CallError::Paused(_))) {
            return;
        }
        let latency = self.clock.now().duration_since(called).as_millis();
        tracing::info!(
            metrics = "ProviderLatency/Milliseconds ProviderErrors by dependency",
            dependency = self.dependency,
            http.status = answer.as_ref().ok().map(|answer| answer.status),
            ProviderLatency = u64::try_from(latency).unwrap_or(0),
            ProviderErrors = u64::from(outcome(answer) == Outcome::Failed),
        );
    }

    fn known_at(&self, now: Timestamp) -> Option<Known> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.clone().filter(|known| now.duration_since(known.at) < KNOWN_FOR)
    }

    fn knows_of_failures(&self) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().is_some_and(|known| known.circuit.has_recent_failures(self.clock.now()))
    }

    fn remember(&self, known: Known) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
    }
}

#[async_trait]
impl Transport for Breaker {
    async fn send(&self, call: Call) -> Result<Answer, CallError> {
        let lease = match self.admit(call.timeout).await {
            Admission::Go(lease) => lease,
            Admission::Wait(wait) => return Err(CallError::Paused(wait)),
        };
        let called = self.clock.now();
        let span = tracing::info_span!(
            "call",
            otel.kind = "client",
            otel.name = call.method.as_str(),
            otel.method = call.method.as_str(),
            otel.status = tracing::field::Empty,
            dependency = self.dependency
        );
        let answer = self.transport.send(call).instrument(span.clone()).await;
        if let Ok(answer) = &answer {
            span.record("otel.status", answer.status);
        }
        drop(span);
        self.measure(called, &answer);
        self.record(lease, outcome(&answer)).await;
        answer
    }
}

fn outcome(answer: &Result<Answer, CallError>) -> Outcome {
    match answer {
        Ok(answer) if answer.header("idempotent-replayed") == Some("true") => Outcome::Unknown,
        Ok(answer) if answer.status >= 500 => Outcome::Failed,
        Ok(_) => Outcome::Answered,
        Err(CallError::TimedOut(_) | CallError::Connection(_)) => Outcome::Failed,
        Err(CallError::CutShort(_) | CallError::Invalid(_) | CallError::Paused(_)) => Outcome::Unknown,
    }
}

/// Rounded up: queues and headers count whole seconds, and a retry that is a moment too early has to wait again.
fn whole_seconds(now: Timestamp, until: Timestamp) -> Duration {
    let wait = Duration::try_from(until.duration_since(now)).unwrap_or_default();
    Duration::from_secs(wait.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX))
}
