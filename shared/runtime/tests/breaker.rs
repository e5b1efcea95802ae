//! The circuit breaker, over several processes on one table, in front of somebody who keeps count.

#![expect(clippy::unwrap_used, reason = "a test may be blunt outside of its test functions too")]

use async_trait::async_trait;
use event_store::{Document, Documents, Memory};
use outbound::{Answer, Call, CallError, Method, Transport};
use resilience::FixedClock;
use runtime::breaker::Breaker;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use testkit::{Effect, Gate, GateDecision, Gated, Log, now};

const NAME: &str = "stripe";
const TIMEOUT: Duration = Duration::from_secs(4);

/// Answers as it is told, and counts how often it was called.
struct Provider {
    says: Mutex<Result<Answer, CallError>>,
    calls: AtomicUsize,
}

#[async_trait]
impl Transport for Provider {
    async fn send(&self, _call: Call) -> Result<Answer, CallError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        // So long that others get as far as to a call of their own.
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        self.says.lock().unwrap().clone()
    }
}

/// The table's own troubles, and how much it was asked.
#[derive(Default)]
struct Table {
    fails: Mutex<Vec<(&'static str, GateDecision)>>,
    reads: AtomicUsize,
    writes: AtomicUsize,
    /// Whoever has written the next time sleeps so long after it.
    sleeps: Mutex<Option<(Arc<FixedClock>, Duration)>>,
}

#[async_trait]
impl Gate for Table {
    async fn before(&self, name: &'static str, effect: Effect) -> GateDecision {
        let count = if effect == Effect::Read { &self.reads } else { &self.writes };
        count.fetch_add(1, Ordering::Relaxed);
        // Whoever asks a table waits for it, and others run.
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

struct Scene {
    memory: Arc<Memory>,
    clock: Arc<FixedClock>,
    provider: Arc<Provider>,
    table: Arc<Table>,
}

impl Scene {
    fn new() -> Self {
        let provider = Provider { says: Mutex::new(status(200)), calls: AtomicUsize::new(0) };
        Self {
            memory: Arc::default(),
            clock: Arc::new(FixedClock::at(now())),
            provider: Arc::new(provider),
            table: Arc::default(),
        }
    }

    /// A process of its own, which knows nothing yet.
    fn process(&self) -> Arc<Breaker> {
        let documents = Gated::new(self.table.clone(), self.memory.clone());
        Breaker::before(self.provider.clone(), NAME, documents, self.clock.clone())
    }

    fn says(&self, answer: Result<Answer, CallError>) {
        *self.provider.says.lock().unwrap() = answer;
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

    /// It is out, and five calls have shown it.
    async fn out() -> Self {
        let scene = Self::new();
        scene.says(status(503));
        for _ in 0..5 {
            assert_eq!(scene.process().send(call()).await, status(503));
        }
        scene
    }
}

fn call() -> Call {
    Call { method: Method::Get, url: String::new(), headers: Vec::new(), body: Vec::new(), timeout: TIMEOUT }
}

#[expect(clippy::unnecessary_wraps, reason = "it is what a transport says")]
fn status(status: u16) -> Result<Answer, CallError> {
    Ok(Answer { status, headers: Vec::new(), body: Vec::new() })
}

fn paused(seconds: u64) -> Result<Answer, CallError> {
    Err(CallError::Paused(Duration::from_secs(seconds)))
}

#[tokio::test]
async fn two_processes_open_it_together_after_five_failures() {
    let scene = Scene::new();
    let (one, two) = (scene.process(), scene.process());
    scene.says(Err(CallError::TimedOut(TIMEOUT)));
    for _ in 0..2 {
        one.send(call()).await.unwrap_err();
        two.send(call()).await.unwrap_err();
    }
    scene.says(Err(CallError::Connection("refused".to_owned())));
    one.send(call()).await.unwrap_err();
    assert_eq!(one.send(call()).await, paused(15));
    scene.pass(5);
    assert_eq!(two.send(call()).await, paused(10), "it goes by what it read, for five seconds");
    assert_eq!(scene.calls(), 5);
}

#[tokio::test]
async fn while_it_is_open_no_call_reaches_the_provider_whoever_asks() {
    let scene = Scene::out().await;
    for second in 0..15 {
        assert_eq!(scene.process().send(call()).await, paused(15 - second));
        scene.pass(1);
    }
    assert_eq!(scene.calls(), 5);
}

#[tokio::test]
async fn of_many_processes_at_once_one_makes_the_call_that_tries_it() {
    let scene = Scene::out().await;
    scene.pass(15);
    let (a, b, c) = (scene.process(), scene.process(), scene.process());
    let answers: [_; 3] = tokio::join!(a.send(call()), b.send(call()), c.send(call())).into();
    assert_eq!(scene.calls(), 6);
    let made = answers.iter().filter(|answer| **answer == status(503)).count();
    let wait = answers.iter().filter(|answer| matches!(answer, Err(CallError::Paused(_)))).count();
    assert_eq!((made, wait), (1, 2), "{answers:?}");
}

#[tokio::test]
async fn a_success_closes_it_for_everybody_and_a_failure_doubles_the_pause() {
    let scene = Scene::out().await;
    for (before, after) in [(15, 30), (30, 60), (60, 120), (120, 240), (240, 300), (300, 300)] {
        scene.pass(before - 1);
        assert_eq!(scene.process().send(call()).await, paused(1));
        scene.pass(1);
        assert_eq!(scene.process().send(call()).await, status(503));
        assert_eq!(scene.process().send(call()).await, paused(after));
    }
    scene.says(status(200));
    scene.pass(300);
    for _ in 0..2 {
        assert_eq!(scene.process().send(call()).await, status(200));
    }
    scene.says(status(500));
    for _ in 0..4 {
        assert_eq!(scene.process().send(call()).await, status(500), "and begins anew");
    }
    assert_eq!(scene.process().send(call()).await, status(500));
    assert_eq!(scene.process().send(call()).await, paused(15));
}

#[tokio::test]
async fn a_process_that_dies_in_its_probe_does_not_leave_it_open_for_ever() {
    let scene = Scene::out().await;
    scene.says(status(200));
    scene.pass(15);
    let dying = scene.process();
    {
        let mut probe = dying.send(call());
        while scene.calls() == 5 {
            tokio::select! { biased; _ = &mut probe => panic!("it was to die"), () = std::future::ready(()) => {} }
        }
    }
    assert_eq!(
        scene.process().send(call()).await,
        paused(6),
        "the time of a call, and to write what came of it"
    );
    scene.pass(6);
    assert_eq!(scene.process().send(call()).await, status(200));
    assert_eq!(scene.process().send(call()).await, status(200));
}

#[tokio::test]
async fn a_process_that_slept_until_its_lease_ran_out_calls_under_a_new_one_or_not_at_all() {
    let scene = Scene::out().await;
    scene.pass(15);
    *scene.table.sleeps.lock().unwrap() = Some((scene.clock.clone(), Duration::from_secs(10)));
    let (sleeper, other) = (scene.process(), scene.process());
    let meanwhile = async {
        while scene.calls() == 5 {
            tokio::task::yield_now().await;
        }
        other.send(call()).await
    };
    let (made, waits) = tokio::join!(sleeper.send(call()), meanwhile);
    assert_eq!((made, waits, scene.calls()), (status(503), paused(6), 6));
}

#[tokio::test]
async fn an_item_that_cannot_be_read_lets_calls_through() {
    let scene = Scene::out().await;
    scene.table.fails.lock().unwrap().push(("documents.get", GateDecision::Fail));
    for calls in [6, 7] {
        assert_eq!(scene.process().send(call()).await, status(503));
        assert_eq!(scene.calls(), calls);
    }
    scene.table.fails.lock().unwrap().clear();
    assert!(matches!(scene.process().send(call()).await, Err(CallError::Paused(_))));
}

#[tokio::test]
async fn an_item_that_makes_no_sense_lets_calls_through_and_is_written_anew() {
    let scene = Scene::new();
    let nonsense = Document::of(&"nonsense").versioned(7);
    scene.memory.put(&Breaker::key(NAME), &nonsense).await.unwrap();
    scene.says(status(502));
    for _ in 0..5 {
        assert_eq!(scene.process().send(call()).await, status(502));
    }
    assert_eq!(scene.process().send(call()).await, paused(15));
}

/// A probe that may hold the lease without knowing it would be a second one beside whoever takes it next.
#[tokio::test]
async fn where_the_lease_may_not_be_written_no_probe_is_made() {
    for verdict in [GateDecision::Fail, GateDecision::LoseReply] {
        let scene = Scene::out().await;
        scene.pass(15);
        scene.table.fails.lock().unwrap().push(("documents.put_newer", verdict));
        assert_eq!(scene.process().send(call()).await, paused(6), "{verdict:?}");
        assert_eq!(scene.calls(), 5, "{verdict:?}");
        scene.table.fails.lock().unwrap().clear();
        scene.pass(6);
        assert_eq!(scene.process().send(call()).await, status(503), "{verdict:?}");
    }
}

#[tokio::test]
async fn what_the_breaker_cannot_write_does_not_change_what_the_call_came_to() {
    let scene = Scene::new();
    scene.says(status(500));
    scene.table.fails.lock().unwrap().push(("documents.put_newer", GateDecision::Fail));
    for _ in 0..9 {
        assert_eq!(scene.process().send(call()).await, status(500));
    }
}

#[tokio::test]
async fn a_refusal_and_a_word_about_the_rate_come_from_somebody_who_is_there() {
    for answered in [400, 402, 404, 409, 429] {
        let scene = Scene::new();
        let process = scene.process();
        scene.says(status(500));
        for _ in 0..4 {
            process.send(call()).await.unwrap();
        }
        scene.says(status(answered));
        process.send(call()).await.unwrap();
        scene.says(status(500));
        for _ in 0..4 {
            assert_eq!(process.send(call()).await, status(500), "{answered} has taken the failures back");
        }
        assert_eq!(process.send(call()).await, status(500));
        assert_eq!(process.send(call()).await, paused(15), "{answered}");
    }
}

#[tokio::test]
async fn a_failure_that_is_repeated_from_memory_says_nothing() {
    let scene = Scene::new();
    let headers = vec![("idempotent-replayed".to_owned(), "true".to_owned())];
    let replayed = Ok(Answer { status: 500, headers, body: Vec::new() });
    scene.says(replayed.clone());
    for _ in 0..9 {
        assert_eq!(scene.process().send(call()).await, replayed);
    }
    let scene = Scene::out().await;
    scene.says(replayed.clone());
    scene.pass(15);
    for _ in 0..2 {
        assert_eq!(scene.process().send(call()).await, replayed, "it is neither back nor out for longer");
    }
}

#[tokio::test]
async fn calls_that_fare_well_write_nothing_and_read_once_in_five_seconds() {
    let scene = Scene::new();
    let process = scene.process();
    for _ in 0..50 {
        process.send(call()).await.unwrap();
    }
    assert_eq!(scene.asked(), (1, 0));
    scene.pass(5);
    process.send(call()).await.unwrap();
    assert_eq!(scene.asked(), (2, 0));
}

#[tokio::test]
async fn it_writes_the_lines_that_the_alarm_counts_and_that_say_that_it_is_over() {
    let log = Log::of("take-payment", "error");
    let scene = Scene::out().await;
    scene.pass(15);
    scene.process().send(call()).await.unwrap();
    let lines = log.lines();
    assert_eq!(lines.len(), 2, "one when it opens, and one for each probe that fails");
    for (line, seconds) in lines.iter().zip([15, 30]) {
        assert_eq!((&line["DependencyOut"], &line["dependency"]), (&1.into(), &NAME.into()));
        assert_eq!(line["pause_seconds"], seconds);
    }
    drop(log);
    let log = Log::of("take-payment", "warn");
    scene.says(status(200));
    scene.pass(30);
    scene.process().send(call()).await.unwrap();
    let lines = log.lines();
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!((&line["dependency"], &line["out_seconds"]), (&NAME.into(), &45.into()));
}
