//! Chance: what becomes of each call. One source for the whole world, so that a seed gives one run.

use super::executor::stop;
use async_trait::async_trait;
use fastrand::Rng;
use jiff::Timestamp;
use resilience::Clock;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use testkit::{Effect, Gate, GateDecision};

/// What happens to a handler that has stopped, beside going on later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// Its process is gone.
    Crash,
    /// It takes so long that its work is given to another; it wakes up later, as a zombie.
    Freeze,
}

/// The world's chance.
#[derive(Clone)]
pub(super) struct Chance(Arc<Mutex<Dice>>);

struct Dice {
    rng: Rng,
    faults: bool,
    signal: Option<Signal>,
    counts: BTreeMap<&'static str, u64>,
    total: u64,
}

impl Chance {
    pub(super) fn seeded(seed: u64) -> Self {
        let dice =
            Dice { rng: Rng::with_seed(seed), faults: true, signal: None, counts: BTreeMap::new(), total: 0 };
        Self(Arc::new(Mutex::new(dice)))
    }

    /// From now on nothing fails any more; handlers still take turns.
    pub(super) fn stop_faults(&self) {
        self.dice().faults = false;
    }

    /// Whether something happens that happens `of_thousand` times in a thousand.
    pub(super) fn roll(&self, of_thousand: u32) -> bool {
        self.dice().rng.u32(..1000) < of_thousand
    }

    /// The same for a fault, which is counted; never once the faults have stopped.
    pub(super) fn fault(&self, name: &'static str, of_thousand: u32) -> bool {
        let happens = self.misfortune(name, of_thousand);
        self.dice().total += u64::from(happens);
        happens
    }

    /// The same for what the world outside does of itself: it is counted, and excuses nothing of ours.
    pub(super) fn misfortune(&self, name: &'static str, of_thousand: u32) -> bool {
        let mut dice = self.dice();
        let happens = dice.faults && dice.rng.u32(..1000) < of_thousand;
        if happens {
            *dice.counts.entry(name).or_default() += 1;
        }
        happens
    }

    /// When something arrives that is sent now.
    pub(super) fn some_time(&self, now: Timestamp) -> Timestamp {
        let wait = if self.fault("webhook hours late", 20) {
            Duration::from_mins(20 + self.below(300) as u64)
        } else {
            Duration::from_millis(self.below(2000) as u64)
        };
        now.saturating_add(wait).unwrap_or(now)
    }

    /// Counts something that follows from faults as one more of them.
    pub(super) fn note(&self, name: &'static str) {
        let mut dice = self.dice();
        *dice.counts.entry(name).or_default() += 1;
        dice.total += 1;
    }

    /// A number below `end`; 0 where there is none.
    pub(super) fn below(&self, end: usize) -> usize {
        if end == 0 { 0 } else { self.dice().rng.usize(..end) }
    }

    /// What the handler that was just polled has come to, beside having stopped.
    pub(super) fn take_signal(&self) -> Option<Signal> {
        self.dice().signal.take()
    }

    /// How many faults there were so far.
    pub(super) fn total(&self) -> u64 {
        self.dice().total
    }

    /// Faults so far, by kind.
    pub(super) fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.dice().counts.clone()
    }

    fn dice(&self) -> MutexGuard<'_, Dice> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Crashes or freezes the caller, now and then.
    async fn may_end_here(&self, crash: &'static str, freeze: &'static str) {
        let signal = if self.fault(crash, 4) {
            Signal::Crash
        } else if self.fault(freeze, 3) {
            Signal::Freeze
        } else {
            return;
        };
        self.dice().signal = Some(signal);
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

/// The world's clock: it stands until the play moves it, and who sleeps by it lets others run.
pub(super) struct WorldClock(Mutex<Timestamp>);

impl WorldClock {
    pub(super) fn at(now: Timestamp) -> Self {
        Self(Mutex::new(now))
    }

    pub(super) fn advance(&self, by: Duration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.checked_add(by).expect("a time that there is");
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
