//! A circuit breaker before a transport: while a dependency is out it is left alone, by all processes together.
//!
//! What it knows stands in the service's own table as `breaker#<dependency>` / `state`, and changes by one conditional write
//! at a time, each decided on what was read right before it ([`Circuit`]). Calls that succeed write nothing. To know
//! whether one may be made, a process reads the item at most once in a few seconds.
//!
//! **The breaker is no safeguard but a courtesy**, to the other side and to what waits: that a thing is done once is shown without
//! it. So where its item cannot be read, calls go through, and where it cannot be written, the call's own outcome is
//! what counts: a shop that cannot sell because its breaker is out is worse than one that calls a dead provider. Only a
//! probe whose lease may or may not be written is not made, since somebody may hold that lease.
//!
//! What counts as a failure: no connection, no answer in time, a 5xx. Every other answer comes from somebody who is
//! there. A 429 as well: it is a word about how often we call, not about how they are, and whoever gets it waits. An answer
//! that is repeated from memory (`idempotent-replayed`) is an old one, and says nothing.

use async_trait::async_trait;
use event_store::{Document, Documents, Key, StoreError};
use jiff::{SignedDuration, Timestamp};
use outbound::{Answer, Call, CallError, Transport};
use resilience::circuit::{Circuit, Entry, Lease, Outcome};
use resilience::{BackOff, Clock, RandomJitter};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// For so long a process goes by what it has read. An open circuit is noticed that much later by the others.
const KNOWN_FOR: SignedDuration = SignedDuration::from_secs(5);
/// A probe's lease outlasts its call by this: the answer has to be written.
const TO_WRITE_IT: Duration = Duration::from_secs(2);
/// How often a change is decided anew before it is left alone.
const TRIES: u32 = 6;

/// The breaker. Several over one table and dependency are one.
pub struct Breaker {
    transport: Arc<dyn Transport>,
    documents: Arc<dyn Documents>,
    clock: Arc<dyn Clock>,
    dependency: &'static str,
    known: Mutex<Option<Known>>,
}

/// What the table held.
#[derive(Clone)]
struct Known {
    at: Timestamp,
    version: u64,
    circuit: Circuit,
}

/// Whether a call is made.
enum Admission {
    /// It is, under the lease of a probe if it is one.
    Go(Option<Lease>),
    /// It is not, for so long.
    Wait(Duration),
}

impl Breaker {
    /// Stands before `transport`, which leads to `dependency` and nowhere else. What it knows stands in `documents`.
    pub fn before(
        transport: Arc<dyn Transport>,
        dependency: &'static str,
        documents: Arc<dyn Documents>,
        clock: Arc<dyn Clock>,
    ) -> Arc<Self> {
        Arc::new(Self { transport, documents, clock, dependency, known: Mutex::new(None) })
    }

    /// Where the state of a dependency's breaker stands.
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
        match known.circuit.enter(now, timeout + TO_WRITE_IT) {
            Entry::Closed => Admission::Go(None),
            Entry::Open(until) => Admission::Wait(whole_seconds(now, until)),
            Entry::Probe(..) => self.probe(timeout + TO_WRITE_IT).await,
        }
    }

    /// Of those who find the pause over, the one whose write is the first makes the call.
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
                // Who slept until its lease ran out is no probe any more.
                Ok(true) if !lease.is_over(self.clock.now()) => return Admission::Go(Some(lease)),
                Ok(_) => {}
                Err(StoreError::Unavailable(reason)) => {
                    tracing::warn!(
                        dependency = self.dependency,
                        reason,
                        "no probe: its lease may not be written"
                    );
                    return Admission::Wait(within);
                }
                Err(error @ (StoreError::Refused(_) | StoreError::Corrupt { .. })) => {
                    return self.unguarded(&error);
                }
            }
        }
        Admission::Wait(within)
    }

    fn unguarded(&self, error: &StoreError) -> Admission {
        tracing::warn!(dependency = self.dependency, %error, "called without its breaker, which cannot be read");
        Admission::Go(None)
    }

    /// Tells the others what came of a call, where that changes anything.
    async fn tell(&self, lease: Option<Lease>, outcome: Outcome) {
        let is_news = match outcome {
            Outcome::Failed => true,
            Outcome::Answered => lease.is_some() || self.knows_of_failures(),
            Outcome::Unknown => lease.is_some(),
        };
        if !is_news {
            return;
        }
        for attempt in 1..=TRIES {
            match self.change(lease, outcome).await {
                Ok(true) => return,
                Ok(false) => self.clock.sleep(BackOff::CONFLICT.wait(attempt, &RandomJitter)).await,
                Err(error) => {
                    tracing::warn!(dependency = self.dependency, %error, "the breaker learns nothing of a call");
                    return;
                }
            }
        }
        tracing::warn!(
            dependency = self.dependency,
            "the breaker learns nothing of a call: others were first"
        );
    }

    /// `false`: somebody else changed it meanwhile.
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
            // Whoever has something to tell writes over it.
            tracing::warn!(dependency = self.dependency, %error, "the breaker is taken for new");
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
            // An error, so that no log level leaves it out: orders stand still. The alarm counts this line.
            (_, Some(until)) if until > now => tracing::error!(
                metric = "DependencyOut",
                metric.by = "dependency",
                dependency,
                pause_seconds = whole_seconds(now, until).as_secs(),
                "a dependency is out: it is not called for a while, and what needs it waits"
            ),
            (Some(since), None) => tracing::warn!(
                dependency,
                out_seconds = now.duration_since(since).as_secs(),
                "a dependency is back, and is called again"
            ),
            (Some(_) | None, Some(_)) | (None, None) => {}
        }
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
        let answer = self.transport.send(call).await;
        self.tell(lease, judged(&answer)).await;
        answer
    }
}

fn judged(answer: &Result<Answer, CallError>) -> Outcome {
    match answer {
        Ok(answer) if answer.header("idempotent-replayed") == Some("true") => Outcome::Unknown,
        Ok(answer) if answer.status >= 500 => Outcome::Failed,
        Ok(_) => Outcome::Answered,
        Err(CallError::TimedOut(_) | CallError::Connection(_)) => Outcome::Failed,
        Err(CallError::Unsound(_) | CallError::Paused(_)) => Outcome::Unknown,
    }
}

/// Queues and headers count in whole seconds, and who comes back a moment too early waits once more.
fn whole_seconds(now: Timestamp, until: Timestamp) -> Duration {
    let wait = Duration::try_from(until.duration_since(now)).unwrap_or_default();
    Duration::from_secs(wait.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX))
}
