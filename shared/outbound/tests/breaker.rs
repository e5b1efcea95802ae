//! The circuit breaker: several processes share one table and call a provider that counts its calls.

#![expect(clippy::unwrap_used, reason = "a test may be blunt outside of its test functions too")]

use async_trait::async_trait;
use event_store::{Document, Documents, Memory};
use outbound::{Answer, Breaker, Call, CallError, Method, Transport};
use resilience::FixedClock;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use testkit::{Effect, Gate, GateDecision, Gated, Log, now};

const NAME: &str = "stripe";
const TIMEOUT: Duration = Duration::from_secs(4);

/// Gives the answer that the test sets, and counts its calls.
struct Provider {
    answer: Mutex<Result<Answer, CallError>>,
    calls: AtomicUsize,
}

#[async_trait]
impl Transport for Provider {
    async fn send(&self, _call: Call) -> Result<Answer, CallError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        // Meanwhile, the other processes reach their own call.
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        self.answer.lock().unwrap().clone()
    }
}

/// The table's failures, and how often it was called.
#[derive(Default)]
struct Table {
    fails: Mutex<Vec<(&'static str, GateDecision)>>,
    reads: AtomicUsize,
    writes: AtomicUsize,
    /// The process that writes next sleeps this long afterwards.
    sleeps: Mutex<Option<(Arc<FixedClock>, Duration)>>,
}

#[async_trait]
impl Gate for Table {
    async fn before(&self, name: &'static str, effect: Effect) -> GateDecision {
        let count = if effect == Effect::Read { &self.reads } else { &self.writes };
        count.fetch_add(1, Ordering::Relaxed);
        // A process waits for the table, and others run.
        tokio::task::yield_now().await;
        let fails = self.fails.lock().unwrap();
        fails.iter().find(|(call, _)| *call == name).map_or(GateDecision::Pass, |(_, verdict)| *verdict)
    }

    async fn after(&self, _name: &'static str, effect: Effect) {
        if let Some((clock, time)) = self.sleeps.lock().unwrap().take_if(|_| effect == Effect::Write) {
            clock.advance(time);
        }
    }
}

struct World {
    memory: Arc<Memory>,
    clock: Arc<FixedClock>,
    provider: Arc<Provider>,
    table: Arc<Table>,
}

impl World {
    fn new() -> Self {
        let provider = Provider { answer: Mutex::new(status(200)), calls: AtomicUsize::new(0) };
        Self {
            memory: Arc::default(),
            clock: Arc::new(FixedClock::at(now())),
            provider: Arc::new(provider),
            table: Arc::default(),
        }
    }

    /// A new process, which has read nothing yet.
    fn process(&self) -> Arc<Breaker> {
        let documents = Gated::new(self.table.clone(), self.memory.clone());
        Breaker::before(self.provider.clone(), NAME, documents, self.clock.clone())
    }

    fn answers(&self, answer: Result<Answer, CallError>) {
        *self.provider.answer.lock().unwrap() = answer;
    }

    fn calls(&self) -> usize {
        self.provider.calls.load(Ordering::Relaxed)
    }

    fn asked(&self) -> (usize, usize) {
        (self.table.reads.load(Ordering::Relaxed), self.table.writes.load(Ordering::Relaxed))
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// The provider is out, and five failed calls have opened the breaker.
    async fn out() -> Self {
        let world = Self::new();
        world.answers(status(503));
        for _ in 0..5 {
            assert_eq!(world.process().send(call()).await, status(503));
        }
        world
    }
}

fn call() -> Call {
    Call { method: Method::Get, url: String::new(), headers: Vec::new(), body: Vec::new(), timeout: TIMEOUT }
}

#[expect(clippy::unnecessary_wraps, reason = "a transport answers with a result")]
fn status(status: u16) -> Result<Answer, CallError> {
    Ok(Answer { status, headers: Vec::new(), body: Vec::new() })
}

/// The lines that have this field.
fn lines_about(log: &Log, field: &str) -> Vec<Value> {
    log.lines().into_iter().filter(|line| line.get(field).is_some()).collect()
}

fn paused(seconds: u64) -> Result<Answer, CallError> {
    Err(CallError::Paused(Duration::from_secs(seconds)))
}

#[tokio::test]
async fn two_processes_together_open_it_after_five_failures() {
    let world = World::new();
    let (one, two) = (world.process(), world.process());
    world.answers(Err(CallError::TimedOut(TIMEOUT)));
    for _ in 0..2 {
        one.send(call()).await.unwrap_err();
        two.send(call()).await.unwrap_err();
    }
    world.answers(Err(CallError::Connection("refused".to_owned())));
    one.send(call()).await.unwrap_err();
    assert_eq!(one.send(call()).await, paused(15));
    world.pass(5);
    assert_eq!(two.send(call()).await, paused(10), "it relies on its last read for five seconds");
    assert_eq!(world.calls(), 5);
}

#[tokio::test]
async fn while_it_is_open_no_process_calls_the_provider() {
    let world = World::out().await;
    for second in 0..15 {
        assert_eq!(world.process().send(call()).await, paused(15 - second));
        world.pass(1);
    }
    assert_eq!(world.calls(), 5);
}

#[tokio::test]
async fn of_concurrent_processes_one_makes_the_probe() {
    let world = World::out().await;
    world.pass(15);
    let (a, b, c) = (world.process(), world.process(), world.process());
    let answers: [_; 3] = tokio::join!(a.send(call()), b.send(call()), c.send(call())).into();
    assert_eq!(world.calls(), 6);
    let made = answers.iter().filter(|answer| **answer == status(503)).count();
    let wait = answers.iter().filter(|answer| matches!(answer, Err(CallError::Paused(_)))).count();
    assert_eq!((made, wait), (1, 2), "{answers:?}");
}

#[tokio::test]
async fn a_successful_probe_closes_it_and_a_failed_one_doubles_the_pause() {
    let world = World::out().await;
    for (before, after) in [(15, 30), (30, 60), (60, 120), (120, 240), (240, 300), (300, 300)] {
        world.pass(before - 1);
        assert_eq!(world.process().send(call()).await, paused(1));
        world.pass(1);
        assert_eq!(world.process().send(call()).await, status(503));
        assert_eq!(world.process().send(call()).await, paused(after));
    }
    world.answers(status(200));
    world.pass(300);
    for _ in 0..2 {
        assert_eq!(world.process().send(call()).await, status(200));
    }
    world.answers(status(500));
    for _ in 0..4 {
        assert_eq!(world.process().send(call()).await, status(500), "the count begins anew");
    }
    assert_eq!(world.process().send(call()).await, status(500));
    assert_eq!(world.process().send(call()).await, paused(15));
}

#[tokio::test]
async fn a_process_that_dies_in_its_probe_is_replaced_after_its_lease() {
    let world = World::out().await;
    world.answers(status(200));
    world.pass(15);
    let dying = world.process();
    {
        let mut probe = dying.send(call());
        while world.calls() == 5 {
            tokio::select! { biased; _ = &mut probe => panic!("the process dies before the answer"), () = std::future::ready(()) => {} }
        }
    }
    assert_eq!(
        world.process().send(call()).await,
        paused(6),
        "the time of a call, and of writing its outcome"
    );
    world.pass(6);
    assert_eq!(world.process().send(call()).await, status(200));
    assert_eq!(world.process().send(call()).await, status(200));
}

#[tokio::test]
async fn a_process_that_slept_through_its_lease_needs_a_new_one() {
    let world = World::out().await;
    world.pass(15);
    *world.table.sleeps.lock().unwrap() = Some((world.clock.clone(), Duration::from_secs(10)));
    let (sleeper, other) = (world.process(), world.process());
    let meanwhile = async {
        while world.calls() == 5 {
            tokio::task::yield_now().await;
        }
        other.send(call()).await
    };
    let (made, waits) = tokio::join!(sleeper.send(call()), meanwhile);
    assert_eq!((made, waits, world.calls()), (status(503), paused(6), 6));
}

#[tokio::test]
async fn an_item_that_cannot_be_read_lets_calls_through() {
    let world = World::out().await;
    world.table.fails.lock().unwrap().push(("documents.get", GateDecision::Fail));
    for calls in [6, 7] {
        assert_eq!(world.process().send(call()).await, status(503));
        assert_eq!(world.calls(), calls);
    }
    world.table.fails.lock().unwrap().clear();
    assert!(matches!(world.process().send(call()).await, Err(CallError::Paused(_))));
}

#[tokio::test]
async fn a_malformed_item_lets_calls_through_and_is_overwritten() {
    let world = World::new();
    let nonsense = Document::of(&"nonsense").versioned(7);
    world.memory.put(&Breaker::key(NAME), &nonsense).await.unwrap();
    world.answers(status(502));
    for _ in 0..5 {
        assert_eq!(world.process().send(call()).await, status(502));
    }
    assert_eq!(world.process().send(call()).await, paused(15));
}

/// Otherwise two probes could be made: this one, and that of the process that takes the lease next.
#[tokio::test]
async fn no_probe_is_made_if_its_lease_may_not_be_written() {
    for verdict in [GateDecision::Fail, GateDecision::LoseReply] {
        let world = World::out().await;
        world.pass(15);
        world.table.fails.lock().unwrap().push(("documents.put_newer", verdict));
        assert_eq!(world.process().send(call()).await, paused(6), "{verdict:?}");
        assert_eq!(world.calls(), 5, "{verdict:?}");
        world.table.fails.lock().unwrap().clear();
        world.pass(6);
        assert_eq!(world.process().send(call()).await, status(503), "{verdict:?}");
    }
}

#[tokio::test]
async fn a_failed_write_does_not_change_the_outcome_of_the_call() {
    let world = World::new();
    world.answers(status(500));
    world.table.fails.lock().unwrap().push(("documents.put_newer", GateDecision::Fail));
    for _ in 0..9 {
        assert_eq!(world.process().send(call()).await, status(500));
    }
}

#[tokio::test]
async fn a_refusal_and_a_429_count_as_answers() {
    for answered in [400, 402, 404, 409, 429] {
        let world = World::new();
        let process = world.process();
        world.answers(status(500));
        for _ in 0..4 {
            process.send(call()).await.unwrap();
        }
        world.answers(status(answered));
        process.send(call()).await.unwrap();
        world.answers(status(500));
        for _ in 0..4 {
            assert_eq!(process.send(call()).await, status(500), "{answered} resets the count of failures");
        }
        assert_eq!(process.send(call()).await, status(500));
        assert_eq!(process.send(call()).await, paused(15), "{answered}");
    }
}

#[tokio::test]
async fn a_replayed_failure_counts_for_nothing() {
    let world = World::new();
    let headers = vec![("idempotent-replayed".to_owned(), "true".to_owned())];
    let replayed = Ok(Answer { status: 500, headers, body: Vec::new() });
    world.answers(replayed.clone());
    for _ in 0..9 {
        assert_eq!(world.process().send(call()).await, replayed);
    }
    let world = World::out().await;
    world.answers(replayed.clone());
    world.pass(15);
    for _ in 0..2 {
        assert_eq!(world.process().send(call()).await, replayed, "it neither closes nor extends the pause");
    }
}

#[tokio::test]
async fn successful_calls_write_nothing_and_read_once_in_five_seconds() {
    let world = World::new();
    let process = world.process();
    for _ in 0..50 {
        process.send(call()).await.unwrap();
    }
    assert_eq!(world.asked(), (1, 0));
    world.pass(5);
    process.send(call()).await.unwrap();
    assert_eq!(world.asked(), (2, 0));
}

#[tokio::test]
async fn it_logs_the_lines_that_the_alarm_counts_and_the_recovery() {
    let log = Log::of("take-payment", "error");
    let world = World::out().await;
    world.pass(15);
    world.process().send(call()).await.unwrap();
    let lines = lines_about(&log, "DependencyOut");
    assert_eq!(lines.len(), 2, "one when it opens, and one for each probe that fails");
    for (line, seconds) in lines.iter().zip([15, 30]) {
        assert_eq!((&line["DependencyOut"], &line["dependency"]), (&1.into(), &NAME.into()));
        assert_eq!(line["pause_seconds"], seconds);
    }
    drop(log);
    let log = Log::of("take-payment", "warn");
    world.answers(status(200));
    world.pass(30);
    world.process().send(call()).await.unwrap();
    let lines = lines_about(&log, "out_seconds");
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!((&line["dependency"], &line["out_seconds"]), (&NAME.into(), &45.into()));
}

#[tokio::test]
async fn every_call_that_is_made_is_measured_with_its_error_and_one_that_is_not_made_is_none() {
    let log = Log::of("take-payment", "error");
    let world = World::new();
    let process = world.process();
    process.send(call()).await.unwrap();
    world.answers(status(503));
    for _ in 0..20 {
        drop(process.send(call()).await);
    }
    let lines = lines_about(&log, "ProviderLatency");
    assert_eq!(lines.len(), world.calls(), "the breaker is open by now");
    assert!(lines.len() < 20, "{}", lines.len());
    let errors: Vec<_> = lines.iter().map(|line| line["ProviderErrors"].as_u64().unwrap()).collect();
    assert_eq!((errors[0], errors[1], &lines[0]["dependency"]), (0, 1, &json!(NAME)));
    let directive = &lines[0]["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(directive["Dimensions"], json!([["stack", "dependency"]]));
}
