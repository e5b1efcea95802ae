//! Letters looked at, sent back and discarded, through the command's door, on twins of the queues.

use super::*;
use events::{Envelope, InventoryEvent, OutOfStock};
use outbound::LaidBy;
use resilience::FixedClock;
use std::sync::atomic::Ordering;
use testkit::{Gate, Gated, Log, MemoryLetters, MemoryWork, Plan, Stop};

const WORKS_FOR: Duration = Duration::from_secs(40);
const NONSENSE: &str = "Ada Person, Street 1";

struct World {
    clock: Arc<FixedClock>,
    letters: Arc<MemoryLetters>,
    queue: Arc<MemoryWork>,
    /// Of a reader of a stream: nothing can go back.
    records: Arc<MemoryLetters>,
}

impl World {
    fn new() -> Self {
        let clock = Arc::new(FixedClock::at(testkit::now()));
        let letters = || Arc::new(MemoryLetters::new(clock.clone()));
        Self { letters: letters(), queue: Arc::default(), records: letters(), clock }
    }

    /// Sets aside what a function rejected.
    fn rejected(&self, body: &str) -> String {
        self.clock.advance(Duration::from_secs(1));
        let (name, reason) = ("take-payment".to_owned(), "the provider did not understand it".to_owned());
        self.letters.add(body, LaidBy::Function { name, reason })
    }

    async fn ask_behind(&self, gate: Arc<dyn Gate>, asked: Value) -> Result<Value, Failure> {
        let gated = |letters: &Arc<MemoryLetters>| Gated::new(gate.clone(), letters.clone());
        let queue: Arc<dyn WorkQueue> = Gated::new(gate.clone(), self.queue.clone());
        let takes = LetterBox { letters: gated(&self.letters), queue: Some(queue) };
        let publishes = LetterBox { letters: gated(&self.records), queue: None };
        let step = RedriveDeadLetters {
            boxes: [("take-payment".to_owned(), takes), ("publish-events".to_owned(), publishes)].into(),
            clock: self.clock.clone(),
            work_for: WORKS_FOR,
        };
        runtime::command::work(&step, asked).await
    }

    async fn ask(&self, asked: Value) -> Value {
        self.ask_behind(Plan::open(), asked).await.unwrap()
    }

    fn sent(&self) -> Vec<String> {
        self.queue.sent().into_iter().map(|work| work.body).collect()
    }
}

fn list() -> Value {
    json!({"function": "take-payment", "do": "list"})
}

fn message(n: u64) -> String {
    let envelope: Envelope = testkit::envelope(
        &testkit::order_id(n),
        2,
        &InventoryEvent::OutOfStock(OutOfStock { missing: Vec::new() }),
    );
    serde_json::to_string(&envelope).unwrap()
}

fn outcomes(answer: &Value) -> Vec<(&str, &str)> {
    let outcomes = answer["outcomes"].as_array().unwrap();
    outcomes.iter().map(|it| (it["id"].as_str().unwrap(), it["outcome"].as_str().unwrap())).collect()
}

fn ids(answer: &Value) -> Vec<&str> {
    answer["letters"].as_array().unwrap().iter().map(|letter| letter["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_list_shows_the_oldest_first_with_their_reasons_and_hides_nothing() {
    let world = World::new();
    let first = world.rejected(&message(1));
    let second = world.rejected(NONSENSE);
    let answer = world.ask(list()).await;
    assert_eq!(ids(&answer), [&first, &second]);
    let letter = &answer["letters"][0];
    assert_eq!(letter["reason"], "the provider did not understand it");
    assert_eq!(letter["set_aside_by"], "take-payment");
    assert_eq!((&letter["kind"], &letter["can_be_requeued"]), (&json!("message"), &json!(true)));
    assert_eq!(letter["about"]["subject"], testkit::order_id(1).as_str());
    assert_eq!(answer["letters"][1]["kind"], "unreadable");
    assert_eq!((&answer["more"], &answer["not_found"]), (&json!(false), &json!([])));
    assert_eq!((world.letters.in_flight(), world.letters.all().len()), (0, 2));
}

#[tokio::test]
async fn a_requeued_message_is_in_its_queue_as_it_came_and_not_among_the_letters() {
    let world = World::new();
    let (wanted, other) = (world.rejected(&message(1)), world.rejected(&message(2)));
    let answer = world.ask(json!({"function": "take-payment", "do": "requeue", "ids": [wanted]})).await;
    assert_eq!(outcomes(&answer), [(wanted.as_str(), "requeued")]);
    assert_eq!(world.sent(), [message(1)]);
    assert_eq!(world.queue.sent()[0].group, testkit::order_id(1).as_str());
    assert_eq!(world.letters.all(), [(other, message(2))]);
    assert_eq!(world.letters.in_flight(), 0, "what was only looked at is given back");
}

#[tokio::test]
async fn what_is_gone_is_not_found_and_sent_no_second_time() {
    let world = World::new();
    let id = world.rejected(&message(1));
    let asked = json!({"function": "take-payment", "do": "requeue", "ids": [id, "of-nobody"]});
    let first = world.ask(asked.clone()).await;
    assert_eq!(outcomes(&first), [(id.as_str(), "requeued"), ("of-nobody", "not_found")]);
    let again = world.ask(asked).await;
    assert_eq!(outcomes(&again), [(id.as_str(), "not_found"), ("of-nobody", "not_found")]);
    assert_eq!(world.sent().len(), 1);
    let listed = world.ask(json!({"function": "take-payment", "do": "list", "ids": [id]})).await;
    assert_eq!(listed["not_found"], json!([id]));
}

#[tokio::test]
async fn whatever_call_a_requeue_is_stopped_at_the_message_is_never_nowhere() {
    let asked = json!({"function": "take-payment", "do": "requeue", "all": true});
    for call in 0..5 {
        for stop in Stop::ALL {
            let world = World::new();
            world.rejected(&message(1));
            let plan = Plan::stopping(call, stop);
            plan.drive(world.ask_behind(plan.clone(), asked.clone())).await;
            let is_somewhere = !world.letters.all().is_empty() || !world.sent().is_empty();
            assert!(is_somewhere, "call {call}, {stop:?}");
            world.clock.advance(HOLD);
            world.ask(asked.clone()).await;
            assert!(world.letters.all().is_empty(), "call {call}, {stop:?}");
            assert!((1..=2).contains(&world.sent().len()), "call {call}, {stop:?}: {:?}", world.sent());
        }
    }
}

#[tokio::test]
async fn what_a_failing_queue_does_not_take_is_kept_and_says_so() {
    let world = World::new();
    let id = world.rejected(&message(1));
    // Taken, then asked whether there are more, then sent.
    let plan = Plan::stopping(2, Stop::Fail);
    let asked = json!({"function": "take-payment", "do": "requeue", "all": true});
    let answer = world.ask_behind(plan.clone(), asked).await.unwrap();
    assert_eq!(plan.calls()[2], "work.send");
    assert_eq!(outcomes(&answer), [(id.as_str(), "kept")]);
    assert!(answer["outcomes"][0]["because"].as_str().unwrap().contains("send it to its queue"), "{answer}");
    assert_eq!((world.letters.all().len(), world.letters.in_flight()), (1, 0));
}

#[tokio::test]
async fn a_streams_record_is_kept_with_the_way_that_there_is_for_it() {
    let world = World::new();
    let (name, reason) = ("publish-events".to_owned(), "no envelope".to_owned());
    let laid_by = LaidBy::Function { name, reason };
    let id = world.records.add(r#"{"pk": "order#0a", "sk": "event#000001"}"#, laid_by);
    let answer = world.ask(json!({"function": "publish-events", "do": "requeue", "all": true})).await;
    assert_eq!(outcomes(&answer), [(id.as_str(), "kept")]);
    assert!(
        answer["outcomes"][0]["because"].as_str().unwrap().contains("does not bring it again"),
        "{answer}"
    );
    assert_eq!((world.records.all().len(), world.records.in_flight(), world.sent().len()), (1, 0, 0));
}

#[tokio::test]
async fn what_is_discarded_is_gone_and_the_log_says_who_why_and_what_without_its_body() {
    let world = World::new();
    let (wanted, other) = (world.rejected(&message(1)), world.rejected(NONSENSE));
    let log = Log::of("redrive-dead-letters", "info");
    let asked = json!({
        "function": "take-payment", "do": "discard", "ids": [wanted, other],
        "reason": "ordered by a test", "by": "ops",
    });
    let answer = world.ask(asked).await;
    assert_eq!(outcomes(&answer), [(wanted.as_str(), "discarded"), (other.as_str(), "discarded")]);
    assert!(world.letters.all().is_empty() && world.sent().is_empty());
    let lines = log.lines();
    let line = lines.iter().find(|line| line["level"] == "WARN").expect("a line about it");
    assert_eq!((&line["why"], &line["by"]), (&json!("ordered by a test"), &json!("ops")));
    assert_eq!(line["of"], "take-payment");
    for told in [wanted.as_str(), &other, testkit::order_id(1).as_str(), "OutOfStock"] {
        assert!(line["letters"].as_str().unwrap().contains(told), "{told} in {line}");
    }
    assert!(!log.text().contains("Ada"), "{}", log.text());
}

#[tokio::test]
async fn all_are_a_bounded_number_and_it_says_that_there_are_more() {
    let world = World::new();
    let laid: Vec<String> = (0..25).map(|n| world.rejected(&message(n))).collect();
    let listed = world.ask(json!({"function": "take-payment", "do": "list", "limit": 12})).await;
    assert_eq!((ids(&listed).len(), &listed["more"]), (12, &json!(true)));
    let asked = json!({"function": "take-payment", "do": "requeue", "all": true, "limit": 20});
    let first = world.ask(asked.clone()).await;
    assert_eq!((outcomes(&first).len(), &first["more"]), (20, &json!(true)));
    assert_eq!(world.letters.in_flight(), 0);
    let last = world.ask(asked).await;
    assert_eq!((outcomes(&last).len(), &last["more"]), (5, &json!(false)));
    assert_eq!(world.sent().len(), laid.len());
}

#[tokio::test]
async fn one_is_found_by_its_id_among_many() {
    let world = World::new();
    let laid: Vec<String> = (0..35).map(|n| world.rejected(&message(n))).collect();
    let answer = world.ask(json!({"function": "take-payment", "do": "requeue", "ids": [laid[31]]})).await;
    assert_eq!(outcomes(&answer), [(laid[31].as_str(), "requeued")]);
    assert_eq!((world.letters.all().len(), world.letters.in_flight()), (34, 0));
}

/// A gate that lets time pass at each call.
struct Slow(Arc<FixedClock>);

#[async_trait]
impl Gate for Slow {
    async fn before(&self, _: &'static str, _: testkit::Effect) -> testkit::GateDecision {
        self.0.advance(Duration::from_secs(9));
        testkit::GateDecision::Pass
    }

    async fn after(&self, _: &'static str, _: testkit::Effect) {}
}

#[tokio::test]
async fn a_run_that_has_no_time_left_keeps_the_rest_and_gives_it_back() {
    let world = World::new();
    let laid: Vec<String> = (0..4).map(|n| world.rejected(&message(n))).collect();
    let asked = json!({"function": "take-payment", "do": "requeue", "all": true});
    let answer = world.ask_behind(Arc::new(Slow(world.clock.clone())), asked).await.unwrap();
    // Two takes, then two calls a letter: 45 of 40 seconds are over after the second letter's.
    let became = outcomes(&answer).into_iter().map(|(_, outcome)| outcome).collect::<Vec<_>>();
    assert_eq!((became, &answer["more"]), (vec!["requeued", "requeued", "kept", "kept"], &json!(true)));
    let left: Vec<String> = world.letters.all().into_iter().map(|(id, _)| id).collect();
    assert_eq!((left.as_slice(), world.letters.in_flight()), (&laid[2..], 0));
}

#[tokio::test]
async fn letters_that_cannot_be_looked_at_fail_the_run_and_are_not_called_missing() {
    let world = World::new();
    world.rejected(&message(1));
    world.letters.is_out.store(true, Ordering::SeqCst);
    let failed = world.ask_behind(Plan::open(), list()).await.unwrap_err();
    assert!(matches!(&failed, Failure::Retry { reason, .. } if reason.contains("look at the dead letters")));
}

#[tokio::test]
async fn letters_that_another_run_holds_are_not_found_until_it_is_over() {
    let world = World::new();
    let id = world.rejected(&message(1));
    world.letters.take(1, HOLD).await.unwrap();
    let asked = json!({"function": "take-payment", "do": "requeue", "ids": [id]});
    assert_eq!(outcomes(&world.ask(asked.clone()).await), [(id.as_str(), "not_found")]);
    world.clock.advance(HOLD);
    assert_eq!(outcomes(&world.ask(asked).await), [(id.as_str(), "requeued")]);
}

#[tokio::test]
async fn a_function_without_dead_letters_is_refused_with_those_that_have_some() {
    let world = World::new();
    let asked = json!({"function": "take-payments", "do": "list"});
    let refused = world.ask_behind(Plan::open(), asked).await.unwrap_err();
    assert!(
        matches!(&refused, Failure::Reject { reason } if reason.contains("publish-events, take-payment"))
    );
}
