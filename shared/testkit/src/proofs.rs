//! What every step has to keep, proven for any of them: run twice, it has its effect once; stopped at any of its
//! calls in any way, a redelivery completes it.
//!
//! A [`Plan`] numbers the calls that one run makes through its gates and lets one of them go wrong. [`prove`] runs a
//! [`Scene`] as often as it has calls and faults, each time in a fresh world, and compares what is left behind.

use crate::{Effect, Gate, Verdict};
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// How a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// It takes no effect and fails.
    Fail,
    /// It takes effect, and the answer is lost.
    LoseReply,
    /// The function is gone before the call takes effect.
    CrashBefore,
    /// The function is gone after the call took effect.
    CrashAfter,
}

impl Stop {
    /// Every way.
    pub const ALL: [Self; 4] = [Self::Fail, Self::LoseReply, Self::CrashBefore, Self::CrashAfter];
}

/// The gate of one run: it numbers the calls, and at most one of them goes wrong.
#[derive(Debug, Default)]
pub struct Plan {
    at: Option<(usize, Stop)>,
    calls: Mutex<Vec<&'static str>>,
    dies_after_this: AtomicBool,
    dead: Notify,
}

impl Plan {
    /// Every call passes.
    pub fn open() -> Arc<Self> {
        Arc::default()
    }

    /// The call with this number, counted from 0, goes wrong.
    pub fn stopping(call: usize, stop: Stop) -> Arc<Self> {
        Arc::new(Self { at: Some((call, stop)), ..Self::default() })
    }

    /// The names of the calls so far, in their order.
    pub fn calls(&self) -> Vec<&'static str> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Runs a function to its end, or until it crashes: then it is dropped where it stands.
    pub async fn drive<T>(&self, function: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            outcome = function => Some(outcome),
            () = self.dead.notified() => None,
        }
    }

    /// A call that nobody comes back from.
    async fn die(&self) {
        self.dead.notify_one();
        std::future::pending::<()>().await;
    }
}

#[async_trait]
impl Gate for Plan {
    async fn before(&self, name: &'static str, _: Effect) -> Verdict {
        let number = {
            let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            calls.push(name);
            calls.len() - 1
        };
        match self.at.filter(|(at, _)| *at == number).map(|(_, stop)| stop) {
            None => Verdict::Pass,
            Some(Stop::Fail) => Verdict::Fail,
            Some(Stop::LoseReply) => Verdict::LoseReply,
            Some(Stop::CrashBefore) => {
                self.die().await;
                Verdict::Fail
            }
            Some(Stop::CrashAfter) => {
                self.dies_after_this.store(true, Ordering::SeqCst);
                Verdict::Pass
            }
        }
    }

    async fn after(&self, _: &'static str, _: Effect) {
        if self.dies_after_this.load(Ordering::SeqCst) {
            self.die().await;
        }
    }
}

/// What a step has left behind, in a form that can be compared and shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Footprint {
    /// What is to be there exactly so often, in this order.
    pub once: Vec<String>,
    /// What is to be there exactly so often, and may be there again only where a run was stopped.
    pub once_unless_stopped: Vec<String>,
    /// What the design allows to be there more than once.
    pub at_least_once: BTreeSet<String>,
}

impl Footprint {
    /// What still has to hold where a run was stopped.
    fn where_stopped(mut self) -> Self {
        self.at_least_once.extend(std::mem::take(&mut self.once_unless_stopped));
        self
    }

    /// How this one differs from the one that was expected; `None` if it does not.
    pub fn differs_from(&self, expected: &Self) -> Option<String> {
        if self == expected {
            return None;
        }
        let only = |these: &Self, those: &Self| -> Vec<String> {
            let once = these.once.iter().filter(|line| !those.once.contains(line));
            let unless = these.once_unless_stopped.iter();
            let unless = unless.filter(|line| !those.once_unless_stopped.contains(line));
            once.chain(unless).chain(these.at_least_once.difference(&those.at_least_once)).cloned().collect()
        };
        let (new, missing) = (only(self, expected), only(expected, self));
        if new.is_empty() && missing.is_empty() {
            return Some(format!("other counts or another order: {self:#?}"));
        }
        Some(format!("too much: {new:#?}; missing: {missing:#?}"))
    }
}

/// What became of one delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivered {
    /// It is done, or was answered as it is meant to be.
    Done,
    /// It comes back, or its caller may ask again.
    ComesBack(String),
    /// It is given up: for a fault that passes that is always wrong.
    GivenUp(String),
}

/// A world in which one message, batch or request is about to be handled by its function.
#[async_trait]
pub trait Scene: Send + Sync {
    /// Delivers it for the `deliveries`th time, to a fresh instance of the function behind the gate.
    async fn deliver(&self, gate: Arc<dyn Gate>, deliveries: u32) -> Delivered;

    /// What has been left behind so far, by everything.
    fn footprint(&self) -> Footprint;
}

/// What a proof found.
#[derive(Debug, Default)]
pub struct Proof {
    /// The calls that an undisturbed run makes.
    pub calls: Vec<&'static str>,
    /// Whether the run left anything behind.
    pub has_effect: bool,
    /// What does not hold.
    pub wrong: Vec<String>,
}

/// After so many deliveries without a fault a message is stuck.
const MOST_DELIVERIES: u32 = 6;

/// Proves that a repeat has no further effect, and that a redelivery completes what was stopped at any call. `set`
/// makes the same world anew.
pub async fn prove<S: Scene>(set: impl AsyncFn() -> S) -> Proof {
    let mut proof = Proof::default();
    let scene = set().await;
    let before = scene.footprint();
    let plan = Plan::open();
    let first = scene.deliver(plan.clone(), 1).await;
    if first != Delivered::Done {
        proof.wrong.push(format!("undisturbed: {first:?}"));
        return proof;
    }
    let effect = scene.footprint();
    proof.calls = plan.calls();
    proof.has_effect = effect != before;
    // A duplicate that the publisher made counts as a first delivery; one of the queue does not.
    for deliveries in [1, 2] {
        let again = scene.deliver(Plan::open(), deliveries).await;
        if again != Delivered::Done {
            proof.wrong.push(format!("repeated as delivery {deliveries}: {again:?}"));
        }
        if let Some(difference) = scene.footprint().differs_from(&effect) {
            proof.wrong.push(format!("repeated as delivery {deliveries}: {difference}"));
        }
    }
    for (call, name) in proof.calls.iter().enumerate() {
        for stop in Stop::ALL {
            if let Err(why) = completes(&set().await, call, stop, &effect).await {
                proof.wrong.push(format!("call {call} ({name}), {stop:?}: {why}"));
            }
        }
    }
    proof
}

async fn completes(scene: &impl Scene, call: usize, stop: Stop, effect: &Footprint) -> Result<(), String> {
    let plan = Plan::stopping(call, stop);
    let stopped = plan.drive(scene.deliver(plan.clone(), 1)).await;
    if let Some(Delivered::GivenUp(why)) = stopped {
        return Err(format!("given up at once: {why}"));
    }
    if stopped.is_some() && plan.calls().len() <= call {
        return Err("the call was never made: runs in the same world differ".to_owned());
    }
    let mut last = None;
    // Delivered again also where the fault was survived: at least one repeat is always possible.
    for deliveries in 2..=MOST_DELIVERIES {
        let delivered = scene.deliver(Plan::open(), deliveries).await;
        let done = delivered == Delivered::Done;
        last = Some(delivered);
        if done {
            break;
        }
    }
    if last != Some(Delivered::Done) {
        return Err(format!("redelivered: {last:?}"));
    }
    let left = scene.footprint().where_stopped();
    left.differs_from(&effect.clone().where_stopped()).map_or(Ok(()), Err)
}
