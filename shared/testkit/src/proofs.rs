//! Proves two rules of every step: a duplicate has no further effect, and a redelivery completes a step that was stopped at
//! any of its calls.
//!
//! A [`Plan`] numbers the calls that one run makes through its gates and makes one of them fail. [`prove`] runs a step once
//! for each call and each kind of fault, each time in a fresh [`World`], and compares the footprints.

use crate::{Effect, Gate, GateDecision};
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// How a run is stopped at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The call has no effect and fails.
    Fail,
    /// The call has its effect, but the answer is lost.
    LoseReply,
    /// The function crashes before the effect of the call.
    CrashBefore,
    /// The function crashes after the effect of the call.
    CrashAfter,
}

impl Stop {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Fail, Self::LoseReply, Self::CrashBefore, Self::CrashAfter];
}

/// The gate of one run: it numbers the calls and stops the run at one of them at most.
#[derive(Debug, Default)]
pub struct Plan {
    at: Option<(usize, Stop)>,
    calls: Mutex<Vec<&'static str>>,
    dies_after_this: AtomicBool,
    dead: Notify,
}

impl Plan {
    /// A plan in which every call passes.
    pub fn open() -> Arc<Self> {
        Arc::default()
    }

    /// A plan that stops the run at the call with this number, counted from 0.
    pub fn stopping(call: usize, stop: Stop) -> Arc<Self> {
        Arc::new(Self { at: Some((call, stop)), ..Self::default() })
    }

    /// The names of the calls so far, oldest first.
    pub fn calls(&self) -> Vec<&'static str> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Runs a function to its end. If it crashes, it is dropped at that call, and the result is `None`.
    pub async fn drive<T>(&self, function: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            outcome = function => Some(outcome),
            () = self.dead.notified() => None,
        }
    }

    /// Crashes the function: the call never returns.
    async fn die(&self) {
        self.dead.notify_one();
        std::future::pending::<()>().await;
    }
}

#[async_trait]
impl Gate for Plan {
    async fn before(&self, name: &'static str, _: Effect) -> GateDecision {
        let number = {
            let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            calls.push(name);
            calls.len() - 1
        };
        match self.at.filter(|(at, _)| *at == number).map(|(_, stop)| stop) {
            None => GateDecision::Pass,
            Some(Stop::Fail) => GateDecision::Fail,
            Some(Stop::LoseReply) => GateDecision::LoseReply,
            Some(Stop::CrashBefore) => {
                self.die().await;
                GateDecision::Fail
            }
            Some(Stop::CrashAfter) => {
                self.dies_after_this.store(true, Ordering::SeqCst);
                GateDecision::Pass
            }
        }
    }

    async fn after(&self, _: &'static str, _: Effect) {
        if self.dies_after_this.load(Ordering::SeqCst) {
            self.die().await;
        }
    }
}

/// The effects of a step, in a form that can be compared and printed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Effects that must happen exactly this often, in this order.
    pub once: Vec<String>,
    /// Effects that must happen exactly this often, but may be repeated if a run was stopped.
    pub once_unless_stopped: Vec<String>,
    /// Effects that may be repeated at any time.
    pub at_least_once: BTreeSet<String>,
}

impl Footprint {
    /// The footprint to compare if a run was stopped.
    fn after_a_stop(mut self) -> Self {
        self.at_least_once.extend(std::mem::take(&mut self.once_unless_stopped));
        self
    }

    /// Describes the difference to the expected footprint; `None` if there is no difference.
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

/// The outcome of one delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The message was handled, or the request got the expected answer.
    Done,
    /// The message is retried, or the caller may repeat the request.
    Retry(String),
    /// The message is dead-lettered, or the request refused permanently. After a transient fault that is always wrong.
    Reject(String),
}

/// A world in which a function is about to handle one message, batch or request.
#[async_trait]
pub trait World: Send + Sync {
    /// Delivers it for the `deliveries`-th time, to a new instance of the function behind the gate.
    async fn deliver(&self, gate: Arc<dyn Gate>, deliveries: u32) -> DeliveryOutcome;

    /// All effects so far.
    fn footprint(&self) -> Footprint;
}

/// The result of a proof.
#[derive(Debug, Default)]
pub struct Proof {
    /// The calls that an undisturbed run makes.
    pub calls: Vec<&'static str>,
    /// Whether that run has an effect.
    pub has_effect: bool,
    /// The violations.
    pub wrong: Vec<String>,
}

/// After this many deliveries without success, a message is stuck.
const MOST_DELIVERIES: u32 = 6;

/// Proves that a duplicate has no further effect, and that a redelivery completes a run that was stopped at any call.
/// `set` makes a new world, always the same.
pub async fn prove<W: World>(set: impl AsyncFn() -> W) -> Proof {
    let mut proof = Proof::default();
    let world = set().await;
    let before = world.footprint();
    let plan = Plan::open();
    let first = world.deliver(plan.clone(), 1).await;
    if first != DeliveryOutcome::Done {
        proof.wrong.push(format!("undisturbed: {first:?}"));
        return proof;
    }
    let effect = world.footprint();
    proof.calls = plan.calls();
    proof.has_effect = effect != before;
    // A duplicate by the publisher is a first delivery again; one by the queue is a second delivery.
    for deliveries in [1, 2] {
        let again = world.deliver(Plan::open(), deliveries).await;
        if again != DeliveryOutcome::Done {
            proof.wrong.push(format!("repeated as delivery {deliveries}: {again:?}"));
        }
        if let Some(difference) = world.footprint().differs_from(&effect) {
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

async fn completes(world: &impl World, call: usize, stop: Stop, effect: &Footprint) -> Result<(), String> {
    let plan = Plan::stopping(call, stop);
    let stopped = plan.drive(world.deliver(plan.clone(), 1)).await;
    if let Some(DeliveryOutcome::Reject(why)) = stopped {
        return Err(format!("rejected at once: {why}"));
    }
    if stopped.is_some() && plan.calls().len() <= call {
        return Err("the call was never made: runs in the same world differ".to_owned());
    }
    let mut last = None;
    // Delivered again even if the run survived the fault: a duplicate is always possible.
    for deliveries in 2..=MOST_DELIVERIES {
        let delivered = world.deliver(Plan::open(), deliveries).await;
        let done = delivered == DeliveryOutcome::Done;
        last = Some(delivered);
        if done {
            break;
        }
    }
    if last != Some(DeliveryOutcome::Done) {
        return Err(format!("redelivered: {last:?}"));
    }
    let left = world.footprint().after_a_stop();
    left.differs_from(&effect.clone().after_a_stop()).map_or(Ok(()), Err)
}
