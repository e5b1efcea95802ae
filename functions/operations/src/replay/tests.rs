//! The whole command on in-memory tables and a queue: plan, send, pace, cursor, and what a stopped run leaves behind.

use crate::testing::{World, of_orders};
use events::{Delivered, Envelope, EventId, Service, ShippingEvent};
use resilience::{Clock as _, Failure};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use testkit::{DamagedScan, Gate, Plan, Stop, now, order_id};

fn ids(envelopes: &[Envelope]) -> BTreeSet<String> {
    envelopes.iter().map(|envelope| envelope.id.to_string()).collect()
}

/// A request for the events of a time.
fn of_time(to: &str, to_do: &str, since: jiff::Timestamp, until: jiff::Timestamp) -> Value {
    json!({"service": "orders", "to": to, "do": to_do, "since": since, "until": until})
}

#[tokio::test]
async fn a_plan_counts_by_type_what_a_send_would_send_and_sends_nothing() {
    let world = World::new();
    world.place_and_pay(1).await;
    world.clock.advance(Duration::from_hours(1));
    world.place_and_pay(2).await;
    let plan = world.answer_replay(of_orders("take-payment", "plan", &[1, 2, 3])).await;
    assert_eq!((&plan["events"], &plan["by_type"]), (&json!(2), &json!({"OrderPlaced": 2})));
    assert_eq!(plan["not_subscribed"], json!({"OrderUpdated": 2}));
    assert_eq!((&plan["oldest"], &plan["newest"]), (&json!(now()), &json!(now() + Duration::from_hours(1))));
    assert!(plan["consumer"].as_str().unwrap().contains("payments"), "{plan}");
    assert_eq!(
        (&plan["cursor"], &plan["items_read"], &plan["read_units"]),
        (&json!(null), &json!(4), &json!(null))
    );
    assert_eq!(world.sent(), Vec::<String>::new());
    let sent = world.answer_replay(of_orders("take-payment", "send", &[1, 2, 3])).await;
    assert_eq!(sent["by_type"], plan["by_type"]);
}

#[tokio::test]
async fn only_the_events_of_the_type_are_sent_if_one_is_named() {
    let world = World::new();
    world.place_and_pay(1).await;
    for (event_type, events) in [("OrderPlaced", 1), ("CustomerErasureRequested", 0)] {
        let mut request = of_orders("take-payment", "plan", &[1]);
        request["type"] = json!(event_type);
        assert_eq!(world.answer_replay(request).await["events"], events, "{event_type}");
    }
}

/// An erasure is sent again after a restore, however old it is.
#[test]
fn an_erasure_is_never_too_old() {
    for to in ["plan-deliveries", "notify-customer", "take-payment", "ship-order"] {
        let erasure = testkit::envelope(&order_id(1), 1, &events::OrdersEvent::from(testkit::erasure()));
        let years_later = now() + Duration::from_hours(24 * 365);
        assert!(matches!(super::fate(to, &erasure, years_later), super::Fate::Taken), "{to}");
    }
}

#[tokio::test]
async fn a_replayed_event_is_the_stored_one_with_a_mark_that_no_table_has() {
    let world = World::new();
    let [placed, _] = world.place_and_pay(1).await;
    world.clock.advance(Duration::from_hours(5));
    world.answer_replay(of_orders("take-payment", "send", &[1])).await;
    let marked = Envelope { replayed: Some(world.clock.now()), ..placed.clone() };
    assert_eq!(world.replayed(), std::slice::from_ref(&marked));
    assert_eq!(world.queue.sent()[0].group, order_id(1).as_str());
    assert_eq!(world.orders.all_events()[0], placed, "the event is unchanged");
    assert!(!marked.stored().contains("replayed"), "a table could not hold the mark");
}

#[tokio::test]
async fn an_event_that_is_not_readable_is_counted_and_those_behind_it_are_sent() {
    let world = World::new();
    world.place_and_pay(1).await;
    world.place_and_pay(2).await;
    let open: Arc<dyn Gate> = Plan::open();
    let mut replay = world.replay_events(&open);
    let damaged = vec![EventId::try_from(format!("orders/{}/1", order_id(1))).unwrap()];
    replay.services.get_mut(&Service::Orders).unwrap().scan =
        Arc::new(DamagedScan { of: world.orders.clone(), damaged });
    let request = of_time("take-payment", "send", now(), now() + Duration::from_hours(1));
    let sent = runtime::command::work(&replay, request).await.unwrap();
    assert_eq!((&sent["events"], &sent["unreadable"]), (&json!(1), &json!(1)));
    assert_eq!(world.replayed()[0].subject, order_id(2).as_str());
}

#[tokio::test]
async fn a_consumer_that_does_not_subscribe_to_the_service_is_refused() {
    let world = World::new();
    world.place_and_pay(1).await;
    for to in ["track-order", "deliver-webhook", "publish-events", "no-function"] {
        let open: Arc<dyn Gate> = Plan::open();
        let refused = world.run_replay(&open, of_orders(to, "send", &[1])).await.unwrap_err();
        assert!(matches!(refused, Failure::Reject { .. }), "{to}");
        assert!(
            refused.reason().contains("notify-customer, plan-deliveries, ship-order, take-payment"),
            "{refused}"
        );
    }
    assert_eq!(world.sent(), Vec::<String>::new());
}

#[tokio::test]
async fn a_time_holds_the_events_from_its_beginning_to_before_its_end_and_states_its_cost() {
    let world = World::new();
    let mut all = Vec::new();
    for n in 0..4 {
        all.push(world.place_and_pay(n).await[0].clone());
        world.clock.advance(Duration::from_hours(1));
    }
    let (since, until) = (all[1].time, all[3].time);
    let answer = world.answer_replay(of_time("take-payment", "send", since, until)).await;
    assert_eq!(ids(&world.replayed()), ids(&all[1..3]));
    assert_eq!((&answer["events"], &answer["items_read"]), (&json!(2), &json!(8)));
    assert!(answer["read_units"].as_u64() > Some(0), "{answer}");
}

#[tokio::test]
async fn what_the_consumer_would_refuse_for_its_age_is_counted_and_not_sent() {
    let world = World::new();
    world.place_and_pay(1).await;
    world.clock.advance(Duration::from_hours(24));
    world.place_and_pay(2).await;
    // The contact of an order is taken at any age, and `OrderUpdated` is no news unless the order is cancelled.
    let notified = world.answer_replay(of_orders("notify-customer", "send", &[1, 2])).await;
    assert_eq!((&notified["by_type"], &notified["too_old"]), (&json!({"OrderPlaced": 2}), &json!(0)));
    world.clock.advance(Duration::from_hours(29 * 24));
    let planned = world.answer_replay(of_orders("plan-deliveries", "plan", &[1, 2])).await;
    assert_eq!((&planned["events"], &planned["too_old"]), (&json!(2), &json!(2)), "order 1 is 30 days old");
}

#[tokio::test]
async fn the_consumer_gets_so_many_a_second_over_all_runs_and_each_event_once() {
    let world = World::new();
    let mut all = Vec::new();
    for n in 0..150 {
        all.push(world.place_and_pay(n).await[0].clone());
    }
    let began = world.clock.now();
    let mut input = of_time("take-payment", "send", now(), now() + Duration::from_secs(1));
    input["per_second"] = json!(1);
    let answers = world.replay_all(input).await;
    assert!(answers.len() > 2, "the line of one run is full after a minute: {}", answers.len());
    assert_eq!(answers.iter().map(|answer| answer["events"].as_u64().unwrap()).sum::<u64>(), 150);
    let replayed = world.replayed();
    assert_eq!((replayed.len(), ids(&replayed)), (150, ids(&all)));
    assert!(world.queue.sent().iter().all(|work| work.delay <= super::pace::LINE));
    let turns = world.queue.sent().into_iter().zip(&replayed);
    let turns: Vec<i64> = turns
        .map(|(work, envelope)| (envelope.replayed.unwrap() + work.delay).duration_since(began).as_secs())
        .collect();
    assert_eq!(turns, (0..150).collect::<Vec<i64>>());
}

#[tokio::test]
async fn a_run_out_of_time_answers_where_to_go_on() {
    let world = World::new();
    world.place_and_pay(1).await;
    let open: Arc<dyn Gate> = Plan::open();
    let mut step = world.replay_events(&open);
    step.work_for = Duration::ZERO;
    let input = of_orders("take-payment", "send", &[1]);
    let answer = runtime::command::work(&step, input.clone()).await.unwrap();
    assert_eq!((&answer["events"], answer["cursor"].is_null()), (&json!(0), false));
    let mut rest = input;
    rest["cursor"] = answer["cursor"].clone();
    assert_eq!(world.answer_replay(rest).await["events"], 1);
}

#[tokio::test]
async fn a_send_stopped_at_any_call_names_the_cursor_that_loses_nothing() {
    for call in 0..20 {
        let world = World::new();
        let sent: Vec<Envelope> = [world.place_and_pay(1).await, world.place_and_pay(2).await].concat();
        let placed: Vec<Envelope> =
            sent.into_iter().filter(|event| event.event_type == "OrderPlaced").collect();
        for stop in [Stop::Fail, Stop::LoseReply] {
            let plan: Arc<dyn Gate> = Plan::stopping(call, stop);
            let mut input = of_orders("take-payment", "send", &[1, 2]);
            if let Err(failure) = world.run_replay(&plan, input.clone()).await {
                assert!(matches!(failure, Failure::Retry { .. }), "{failure}");
                if let Some((_, cursor)) = failure.reason().split_once("CURSOR=") {
                    input["cursor"] = json!(cursor);
                }
                world.answer_replay(input).await;
            }
            assert_eq!(ids(&world.replayed()), ids(&placed), "{stop:?} at call {call}");
        }
    }
}

#[tokio::test]
async fn a_cursor_of_another_request_is_refused() {
    let world = World::new();
    world.place_and_pay(1).await;
    let open: Arc<dyn Gate> = Plan::open();
    let mut step = world.replay_events(&open);
    step.work_for = Duration::ZERO;
    let planned = runtime::command::work(&step, of_orders("take-payment", "plan", &[1])).await.unwrap();
    let others = [of_orders("take-payment", "send", &[1]), of_orders("take-payment", "plan", &[1, 2])];
    for mut other in others {
        other["cursor"] = planned["cursor"].clone();
        let refused = world.run_replay(&open, other).await.unwrap_err();
        assert!(refused.reason().starts_with("the cursor does not belong"), "{refused}");
    }
}

#[tokio::test]
async fn events_of_another_service_are_sent_to_its_own_consumers() {
    let world = World::new();
    let delivered = world.happen::<ShippingEvent>(&world.shipping, 1, Delivered {}).await;
    let mut input = of_orders("track-order", "send", &[1]);
    input["service"] = json!("shipping");
    world.answer_replay(input).await;
    assert_eq!(ids(&world.replayed()), ids(&[delivered]));
}
