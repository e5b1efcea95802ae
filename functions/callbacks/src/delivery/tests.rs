//! The states of a delivery: what an attempt, a redelivery, an end and a late message do to it.

use super::*;
use crate::testing::PACE;
use resilience::NoJitter;
use testkit::now;

fn fresh() -> Delivery {
    let message = Outgoing { id: "msg_1".to_owned(), kind: "order.paid", body: "{}".to_owned() };
    Delivery::new("ep_1", message, now(), PACE)
}

fn attempt(number: u32, outcome: Outcome) -> Attempt {
    Attempt { number, at: now(), latency_ms: 7, outcome }
}

fn after(delivery: &Delivery, outcome: Outcome) -> Delivery {
    let attempt = attempt(delivery.attempted + 1, outcome);
    delivery.with_attempt(&attempt, None, now(), PACE, &NoJitter).unwrap()
}

#[test]
fn any_2xx_delivers_and_everything_else_is_retried() {
    for status in [200, 201, 202, 204, 299] {
        assert_eq!(after(&fresh(), Outcome::Status(status)).state, DeliveryState::Delivered { at: now() });
    }
    for outcome in [
        Outcome::Status(199),
        Outcome::Status(301),
        Outcome::Status(400),
        Outcome::Status(404),
        Outcome::Status(429),
        Outcome::Status(503),
        Outcome::TimedOut,
        Outcome::ConnectionFailed,
        Outcome::AddressRefused,
    ] {
        assert!(after(&fresh(), outcome).next_at().is_some(), "{outcome:?}");
        assert!(outcome.error().is_some());
    }
}

#[test]
fn the_eighth_failure_exhausts_and_a_redelivery_restarts_the_schedule() {
    let tried = (0..7).fold(fresh(), |delivery, _| after(&delivery, Outcome::TimedOut));
    assert!(tried.next_at().is_some());
    let exhausted = after(&tried, Outcome::TimedOut);
    assert_eq!(exhausted.state, DeliveryState::Exhausted { at: now() });
    let again = exhausted.redelivered(now(), PACE).unwrap();
    assert_eq!((again.id.as_str(), again.attempted, again.next_at()), ("msg_1", 8, Some(now())));
    assert_eq!(again.job_state(9, now()), JobState::Due);
    let first_wait = after(&again, Outcome::TimedOut).next_at().unwrap();
    assert_eq!(first_wait, later(now(), Duration::from_secs(6)));
    let last = (0..8).fold(again, |delivery, _| after(&delivery, Outcome::TimedOut));
    assert_eq!((last.state.clone(), last.attempted), (DeliveryState::Exhausted { at: now() }, 16));
}

#[test]
fn an_attempt_is_recorded_once() {
    let once = after(&fresh(), Outcome::TimedOut);
    assert_eq!(once.with_attempt(&attempt(1, Outcome::Status(200)), None, now(), PACE, &NoJitter), None);
    assert_eq!(once.with_attempt(&attempt(3, Outcome::Status(200)), None, now(), PACE, &NoJitter), None);
}

#[test]
fn an_answer_after_the_end_is_recorded_and_a_success_counts() {
    let ended = fresh().ended(EndedBecause::EndpointDeleted, now()).unwrap();
    let failed = after(&ended, Outcome::TimedOut);
    assert_eq!((failed.state.clone(), failed.attempted), (ended.state.clone(), 1));
    assert_eq!(after(&ended, Outcome::Status(200)).state, DeliveryState::Delivered { at: now() });
}

#[test]
fn a_job_is_due_only_for_the_next_attempt_at_its_time() {
    let delivery = fresh();
    assert_eq!(delivery.job_state(1, now()), JobState::Due);
    assert_eq!(delivery.job_state(2, now()), JobState::Ignored);
    let failed = after(&delivery, Outcome::Status(500));
    assert_eq!(failed.job_state(1, now()), JobState::Recorded(Outcome::Status(500)));
    assert_eq!(failed.job_state(2, now()), JobState::Ignored, "too early");
    assert_eq!(
        failed.job_state(2, later(now(), Duration::from_secs(4))),
        JobState::Due,
        "up to two seconds early"
    );
    let delivered = after(&failed, Outcome::Status(200));
    assert_eq!(delivered.job_state(3, now()), JobState::Ignored);
}

#[test]
fn a_delivery_in_the_queue_is_overdue_after_its_time_and_any_other_at_its_time() {
    let overdue = |wait| match pending(later(now(), wait), now(), PACE) {
        DeliveryState::Pending { next_at, overdue_at } => overdue_at.duration_since(next_at).as_secs(),
        other => panic!("{other:?}"),
    };
    assert_eq!(overdue(Duration::ZERO), 90);
    assert_eq!(overdue(Duration::from_mins(15)), 90);
    assert_eq!(overdue(Duration::from_secs(901)), 0);
}

#[test]
fn a_pending_delivery_is_in_the_index_sorted_by_time() {
    let has =
        |delivery: &Delivery| delivery.document().attributes.iter().any(|(name, _)| *name == "pending_shard");
    assert!(has(&fresh()));
    assert!(!has(&after(&fresh(), Outcome::Status(200))));
    let mut moments: Vec<_> =
        [0, 1, 999, 1000, 1001].map(|millis| sortable(later(now(), Duration::from_millis(millis)))).into();
    let sorted = moments.clone();
    moments.sort();
    assert_eq!(moments, sorted);
    assert!(sorted[0].parse::<Timestamp>().is_ok());
}

#[test]
fn the_log_keeps_the_newest_attempts_and_the_count_of_all() {
    let mut delivery = fresh();
    for _ in 0..10 {
        delivery = (0..8)
            .fold(delivery.redelivered(now(), PACE).unwrap_or(delivery), |d, _| after(&d, Outcome::TimedOut));
    }
    assert_eq!((delivery.attempts.len(), delivery.attempted), (MOST_LOGGED, 80));
    assert_eq!(delivery.attempts.last().unwrap().number, 80);
}
