//! Chance decides what becomes of each call. The world has one source of it, so that a seed gives one run.

use super::executor::stop;
use async_trait::async_trait;
use fastrand::Rng;
use jiff::Timestamp;
use resilience::Clock;
use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use testkit::{Effect, Gate, GateDecision};

/// What ends an invocation that has stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// Its process is gone.
    Crash,
    /// It exceeds its time-out, and another invocation gets its work. It resumes later as a zombie.
    Freeze,
}

/// The world's source of chance.
#[derive(Clone)]
pub(super) struct Chance(Arc<Mutex<Source>>);

struct Source {
    rng: Rng,
    faults: bool,
    signal: Option<Signal>,
    counts: BTreeMap<&'static str, u64>,
    total: u64,
}

impl Chance {
    pub(super) fn seeded(seed: u64) -> Self {
        let rng = Rng::with_seed(seed);
        let source = Source { rng, faults: true, signal: None, counts: BTreeMap::new(), total: 0 };
        Self(Arc::new(Mutex::new(source)))
    }

    /// Stops all faults. Invocations still run interleaved.
    pub(super) fn stop_faults(&self) {
        self.source().faults = false;
    }

    /// `true` in `of_thousand` of a thousand calls.
    pub(super) fn roll(&self, of_thousand: u32) -> bool {
        self.source().rng.u32(..1000) < of_thousand
    }

    /// The same for a fault, which is counted; always `false` once the faults have stopped.
    pub(super) fn fault(&self, name: &'static str, of_thousand: u32) -> bool {
        let happens = self.misfortune(name, of_thousand);
        self.source().total += u64::from(happens);
        happens
    }

    /// The same for an event in the outside world. It is counted, but it does not excuse a failure of a function.
    pub(super) fn misfortune(&self, name: &'static str, of_thousand: u32) -> bool {
        let mut source = self.source();
        let happens = source.faults && source.rng.u32(..1000) < of_thousand;
        if happens {
            *source.counts.entry(name).or_default() += 1;
        }
        happens
    }

    /// The arrival time of a webhook that is sent now.
    pub(super) fn arrival(&self, now: Timestamp) -> Timestamp {
        let wait = if self.fault("webhook hours late", 20) {
            Duration::from_mins(20 + self.below(300) as u64)
        } else {
            Duration::from_millis(self.below(2000) as u64)
        };
        now.saturating_add(wait).unwrap_or(now)
    }

    /// Counts a consequence of faults as a fault of its own.
    pub(super) fn note(&self, name: &'static str) {
        let mut source = self.source();
        *source.counts.entry(name).or_default() += 1;
        source.total += 1;
    }

    /// A number below `end`, or 0 if `end` is 0.
    pub(super) fn below(&self, end: usize) -> usize {
        if end == 0 { 0 } else { self.source().rng.usize(..end) }
    }

    /// The signal that ended the invocation that was just polled.
    pub(super) fn take_signal(&self) -> Option<Signal> {
        self.source().signal.take()
    }

    /// The number of faults so far.
    pub(super) fn total(&self) -> u64 {
        self.source().total
    }

    /// The faults so far, by kind.
    pub(super) fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.source().counts.clone()
    }

    fn source(&self) -> MutexGuard<'_, Source> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Now and then crashes or freezes the invocation that makes this call, or panics in it.
    async fn may_end_here(&self, crash: &'static str, freeze: &'static str) {
        if self.fault("panic", 2) {
            // Without the report on stderr.
            resume_unwind(Box::new("the simulation panics"));
        }
        let signal = if self.fault(crash, 4) {
            Signal::Crash
        } else if self.fault(freeze, 3) {
            Signal::Freeze
        } else {
            return;
        };
        self.source().signal = Some(signal);
        stop().await;
    }
}

#[async_trait]
impl Gate for Chance {
    async fn before(&self, _name: &'static str, effect: Effect) -> GateDecision {
        self.may_end_here("crash before an effect", "zombie before an effect").await;
        if self.roll(100) {
            stop().await;
        }
        if self.fault("throttle", 8) {
            GateDecision::Fail
        } else if effect == Effect::Write && self.fault("applied, but the reply is lost", 8) {
            GateDecision::LoseReply
        } else {
            GateDecision::Pass
        }
    }

    async fn after(&self, _name: &'static str, effect: Effect) {
        if effect == Effect::Write {
            self.may_end_here("crash after an effect", "zombie after an effect").await;
        }
    }
}

/// The world's clock. Only the event loop moves it; a sleep lets other invocations run.
pub(super) struct WorldClock(Mutex<Timestamp>);

impl WorldClock {
    pub(super) fn at(now: Timestamp) -> Self {
        Self(Mutex::new(now))
    }

    pub(super) fn advance(&self, by: Duration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.checked_add(by).expect("a time within the calendar");
    }
}

#[async_trait]
impl Clock for WorldClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn sleep(&self, _wait: Duration) {
        stop().await;
    }
}
