//! The whole command on in-memory queues: list, requeue, discard, and what a stopped or slow run leaves behind.

use super::HOLD;
use crate::testing::{NONSENSE, World, ids, list, out_of_stock, outcomes};
use async_trait::async_trait;
use outbound::{DeadLetterQueue as _, DeadLetteredBy};
use resilience::{Failure, FixedClock};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use testkit::{Gate, Log, Plan, Stop};

#[tokio::test]
async fn a_list_shows_the_oldest_first_with_reasons_and_releases_all() {
    let world = World::new();
    let first = world.reject(&out_of_stock(1));
    let second = world.reject(NONSENSE);
    let answer = world.answer_redrive(list()).await;
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
async fn a_requeued_message_is_in_its_queue_unchanged_and_no_longer_a_dead_letter() {
    let world = World::new();
    let (wanted, other) = (world.reject(&out_of_stock(1)), world.reject(&out_of_stock(2)));
    let answer =
        world.answer_redrive(json!({"function": "take-payment", "do": "requeue", "ids": [wanted]})).await;
    assert_eq!(outcomes(&answer), [(wanted.as_str(), "requeued")]);
    assert_eq!(world.sent(), [out_of_stock(1)]);
    assert_eq!(world.queue.sent()[0].group, testkit::order_id(1).as_str());
    assert_eq!(world.letters.all(), [(other, out_of_stock(2))]);
    assert_eq!(world.letters.in_flight(), 0, "the other one is released");
}

#[tokio::test]
async fn a_requeued_message_is_not_found_again_and_not_sent_again() {
    let world = World::new();
    let id = world.reject(&out_of_stock(1));
    let input = json!({"function": "take-payment", "do": "requeue", "ids": [id, "unknown"]});
    let first = world.answer_redrive(input.clone()).await;
    assert_eq!(outcomes(&first), [(id.as_str(), "requeued"), ("unknown", "not_found")]);
    let again = world.answer_redrive(input).await;
    assert_eq!(outcomes(&again), [(id.as_str(), "not_found"), ("unknown", "not_found")]);
    assert_eq!(world.sent().len(), 1);
    let listed = world.answer_redrive(json!({"function": "take-payment", "do": "list", "ids": [id]})).await;
    assert_eq!(listed["not_found"], json!([id]));
}

#[tokio::test]
async fn a_requeue_stopped_at_any_call_never_loses_the_message() {
    let input = json!({"function": "take-payment", "do": "requeue", "all": true});
    for call in 0..5 {
        for stop in Stop::ALL {
            let world = World::new();
            world.reject(&out_of_stock(1));
            let plan = Plan::stopping(call, stop);
            plan.drive(world.run_redrive(plan.clone(), input.clone())).await;
            let is_somewhere = !world.letters.all().is_empty() || !world.sent().is_empty();
            assert!(is_somewhere, "call {call}, {stop:?}");
            world.clock.advance(HOLD);
            world.answer_redrive(input.clone()).await;
            assert!(world.letters.all().is_empty(), "call {call}, {stop:?}");
            assert!((1..=2).contains(&world.sent().len()), "call {call}, {stop:?}: {:?}", world.sent());
        }
    }
}

#[tokio::test]
async fn a_message_that_its_queue_refuses_is_kept_with_the_reason() {
    let world = World::new();
    let id = world.reject(&out_of_stock(1));
    // Two calls receive, the third one sends.
    let plan = Plan::stopping(2, Stop::Fail);
    let input = json!({"function": "take-payment", "do": "requeue", "all": true});
    let answer = world.run_redrive(plan.clone(), input).await.unwrap();
    assert_eq!(plan.calls()[2], "work.send");
    assert_eq!(outcomes(&answer), [(id.as_str(), "kept")]);
    assert!(answer["outcomes"][0]["because"].as_str().unwrap().contains("send it to its queue"), "{answer}");
    assert_eq!((world.letters.all().len(), world.letters.in_flight()), (1, 0));
}

#[tokio::test]
async fn a_stream_record_cannot_be_requeued_and_the_answer_explains_why() {
    let world = World::new();
    let (name, reason) = ("publish-events".to_owned(), "no envelope".to_owned());
    let dead_lettered_by = DeadLetteredBy::Function { name, reason };
    let id = world.records.add(r#"{"pk": "order#0a", "sk": "event#000001"}"#, dead_lettered_by);
    let answer =
        world.answer_redrive(json!({"function": "publish-events", "do": "requeue", "all": true})).await;
    assert_eq!(outcomes(&answer), [(id.as_str(), "kept")]);
    assert!(
        answer["outcomes"][0]["because"].as_str().unwrap().contains("does not deliver it again"),
        "{answer}"
    );
    assert_eq!((world.records.all().len(), world.records.in_flight(), world.sent().len()), (1, 0, 0));
}

#[tokio::test]
async fn a_discard_deletes_and_logs_who_why_and_what_but_no_body() {
    let world = World::new();
    let (wanted, other) = (world.reject(&out_of_stock(1)), world.reject(NONSENSE));
    let log = Log::of("redrive-dead-letters", "info");
    let input = json!({
        "function": "take-payment", "do": "discard", "ids": [wanted, other],
        "reason": "ordered by a test", "by": "ops",
    });
    let answer = world.answer_redrive(input).await;
    assert_eq!(outcomes(&answer), [(wanted.as_str(), "discarded"), (other.as_str(), "discarded")]);
    assert!(world.letters.all().is_empty() && world.sent().is_empty());
    let lines = log.lines();
    let line = lines.iter().find(|line| line["level"] == "WARN").expect("a warning");
    assert_eq!((&line["why"], &line["by"]), (&json!("ordered by a test"), &json!("ops")));
    assert_eq!(line["of"], "take-payment");
    for expected in [wanted.as_str(), &other, testkit::order_id(1).as_str(), "OutOfStock"] {
        assert!(line["letters"].as_str().unwrap().contains(expected), "{expected} in {line}");
    }
    assert!(!log.text().contains("Ada"), "{}", log.text());
}

#[tokio::test]
async fn all_takes_a_bounded_number_and_reports_that_more_remain() {
    let world = World::new();
    let dead_letters: Vec<String> = (0..25).map(|n| world.reject(&out_of_stock(n))).collect();
    let listed = world.answer_redrive(json!({"function": "take-payment", "do": "list", "limit": 12})).await;
    assert_eq!((ids(&listed).len(), &listed["more"]), (12, &json!(true)));
    let input = json!({"function": "take-payment", "do": "requeue", "all": true, "limit": 20});
    let first = world.answer_redrive(input.clone()).await;
    assert_eq!((outcomes(&first).len(), &first["more"]), (20, &json!(true)));
    assert_eq!(world.letters.in_flight(), 0);
    let last = world.answer_redrive(input).await;
    assert_eq!((outcomes(&last).len(), &last["more"]), (5, &json!(false)));
    assert_eq!(world.sent().len(), dead_letters.len());
}

#[tokio::test]
async fn a_message_is_found_by_its_id_among_many() {
    let world = World::new();
    let dead_letters: Vec<String> = (0..35).map(|n| world.reject(&out_of_stock(n))).collect();
    let answer = world
        .answer_redrive(json!({"function": "take-payment", "do": "requeue", "ids": [dead_letters[31]]}))
        .await;
    assert_eq!(outcomes(&answer), [(dead_letters[31].as_str(), "requeued")]);
    assert_eq!((world.letters.all().len(), world.letters.in_flight()), (34, 0));
}

/// A gate that advances the clock by nine seconds at each call.
struct Slow(Arc<FixedClock>);

#[async_trait]
impl Gate for Slow {
    async fn before(&self, _: &'static str, _: testkit::Effect) -> testkit::GateDecision {
        self.0.advance(Duration::from_secs(14));
        testkit::GateDecision::Pass
    }

    async fn after(&self, _: &'static str, _: testkit::Effect) {}
}

#[tokio::test]
async fn a_run_out_of_time_keeps_the_rest_and_releases_it() {
    let world = World::new();
    let dead_letters: Vec<String> = (0..4).map(|n| world.reject(&out_of_stock(n))).collect();
    let input = json!({"function": "take-payment", "do": "requeue", "all": true});
    let answer = world.run_redrive(Arc::new(Slow(world.clock.clone())), input).await.unwrap();
    // Two calls receive and two move each message: the limit of 60 seconds is reached after the second one.
    let became = outcomes(&answer).into_iter().map(|(_, outcome)| outcome).collect::<Vec<_>>();
    assert_eq!((became, &answer["more"]), (vec!["requeued", "requeued", "kept", "kept"], &json!(true)));
    let left: Vec<String> = world.letters.all().into_iter().map(|(id, _)| id).collect();
    assert_eq!((left.as_slice(), world.letters.in_flight()), (&dead_letters[2..], 0));
}

#[tokio::test]
async fn an_unavailable_dead_letter_queue_fails_the_run() {
    let world = World::new();
    world.reject(&out_of_stock(1));
    world.letters.is_out.store(true, Ordering::SeqCst);
    let failed = world.run_redrive(Plan::open(), list()).await.unwrap_err();
    assert!(matches!(&failed, Failure::Retry { reason, .. } if reason.contains("receive the dead letters")));
}

#[tokio::test]
async fn dead_letters_held_by_another_run_are_not_found_until_released() {
    let world = World::new();
    let id = world.reject(&out_of_stock(1));
    world.letters.take(1, HOLD).await.unwrap();
    let input = json!({"function": "take-payment", "do": "requeue", "ids": [id]});
    assert_eq!(outcomes(&world.answer_redrive(input.clone()).await), [(id.as_str(), "not_found")]);
    world.clock.advance(HOLD);
    assert_eq!(outcomes(&world.answer_redrive(input).await), [(id.as_str(), "requeued")]);
}

#[tokio::test]
async fn an_unknown_function_is_refused_with_the_known_ones() {
    let world = World::new();
    let input = json!({"function": "take-payments", "do": "list"});
    let refused = world.run_redrive(Plan::open(), input).await.unwrap_err();
    assert!(
        matches!(&refused, Failure::Reject { reason } if reason.contains("publish-events, take-payment"))
    );
}

#[tokio::test]
async fn a_unique_prefix_of_an_id_is_enough() {
    let world = World::new();
    let (other, wanted) = (world.reject(&out_of_stock(1)), world.reject(&out_of_stock(2)));
    let common = other.bytes().zip(wanted.bytes()).take_while(|(one, other)| one == other).count();
    let prefix = &wanted[..=common];
    let requeue = json!({"function": "take-payment", "do": "requeue", "ids": [prefix]});
    assert_eq!(outcomes(&world.answer_redrive(requeue.clone()).await), [(wanted.as_str(), "requeued")]);
    assert_eq!((world.sent(), world.letters.in_flight()), (vec![out_of_stock(2)], 0));
    assert_eq!(outcomes(&world.answer_redrive(requeue).await), [(prefix, "not_found")]);
}

#[tokio::test]
async fn an_ambiguous_prefix_moves_nothing_and_releases_all() {
    let world = World::new();
    let ids: Vec<String> = (0..25).map(|n| world.reject(&out_of_stock(n))).collect();
    let input = json!({"function": "take-payment", "do": "requeue", "ids": [ids[3], ids[4][..8]]});
    let rejection = world.run_redrive(Plan::open(), input).await.unwrap_err();
    assert!(matches!(&rejection, Failure::Reject { reason } if reason.contains("25 ids")), "{rejection:?}");
    assert_eq!((world.sent().len(), world.letters.all().len(), world.letters.in_flight()), (0, 25, 0));
}

#[tokio::test]
async fn a_count_names_each_function_with_dead_letters_and_receives_none() {
    let world = World::new();
    world.reject(NONSENSE);
    let answer = world.answer_redrive(json!({"do": "count"})).await;
    let counted = |function: &str| json!({"function": function, "dead_letters": 2});
    assert_eq!(answer, json!({"functions": [counted("publish-events"), counted("take-payment")]}));
    // A dead letter that was received would be hidden from this list.
    assert_eq!(ids(&world.answer_redrive(list()).await).len(), 1);
}
