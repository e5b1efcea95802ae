//! The states of a delivery: what an attempt, a redelivery, an end and a late message do to it.

use super::*;
use resilience::NoJitter;
use testkit::now;

fn fresh() -> Delivery {
    let message = Outgoing { id: "msg_1".to_owned(), kind: "order.paid", body: "{}".to_owned(), of: None };
    Delivery::new("ep_1", message, now())
}

fn attempt(number: u32, outcome: Outcome) -> Attempt {
    Attempt { number, at: now(), latency_ms: 7, outcome }
}

fn after(delivery: &Delivery, outcome: Outcome) -> Delivery {
    let attempt = attempt(delivery.attempted + 1, outcome);
    delivery.with_attempt(&attempt, None, now(), &NoJitter).unwrap()
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
    let again = exhausted.redelivered(now()).unwrap();
    assert_eq!((again.id.as_str(), again.attempted, again.next_at()), ("msg_1", 8, Some(now())));
    assert!(again.is_due(now()) && again.last_attempt().is_none());
    let first_wait = after(&again, Outcome::TimedOut).next_at().unwrap();
    assert_eq!(first_wait, later(now(), Duration::from_secs(6)));
    let last = (0..8).fold(again, |delivery, _| after(&delivery, Outcome::TimedOut));
    assert_eq!((last.state.clone(), last.attempted), (DeliveryState::Exhausted { at: now() }, 16));
}

#[test]
fn an_attempt_is_recorded_once() {
    let once = after(&fresh(), Outcome::TimedOut);
    assert_eq!(once.with_attempt(&attempt(1, Outcome::Status(200)), None, now(), &NoJitter), None);
    assert_eq!(once.with_attempt(&attempt(3, Outcome::Status(200)), None, now(), &NoJitter), None);
}

#[test]
fn an_answer_after_the_end_is_recorded_and_a_success_counts() {
    let ended = fresh().ended(EndedBecause::EndpointDeleted, now()).unwrap();
    let failed = after(&ended, Outcome::TimedOut);
    assert_eq!((failed.state.clone(), failed.attempted), (ended.state.clone(), 1));
    assert_eq!(after(&ended, Outcome::Status(200)).state, DeliveryState::Delivered { at: now() });
}

/// When it is due and when the schedule sends a message, in seconds from the start.
fn times(delivery: &Delivery) -> (i64, i64) {
    let seconds = |moment: Timestamp| moment.duration_since(now()).as_secs();
    match delivery.state {
        DeliveryState::Pending { next_at, overdue_at } => (seconds(next_at), seconds(overdue_at)),
        ref other => panic!("{other:?}"),
    }
}

fn at(seconds: u64) -> Timestamp {
    later(now(), Duration::from_secs(seconds))
}

#[test]
fn an_attempt_is_due_at_its_time_or_up_to_two_seconds_early() {
    assert!(fresh().is_due(now()));
    let failed = after(&fresh(), Outcome::Status(500));
    assert!(!failed.is_due(at(3)) && failed.is_due(at(4)));
    assert!(!after(&failed, Outcome::Status(200)).is_due(at(1000)));
}

#[test]
fn a_young_message_stays_in_the_queue_and_an_old_one_is_done() {
    let minutes = |minutes: u64| fresh().deferred(1, at(minutes * 60), now(), &NoJitter).unwrap();
    assert_eq!((minutes(15).in_queue_until(1), times(&minutes(15))), (Some(at(900)), (900, 1800)));
    assert_eq!((minutes(16).in_queue_until(1), times(&minutes(16))), (None, (960, 960)));
    assert_eq!(minutes(15).in_queue_until(2), None, "another message");
}

#[test]
fn only_the_newest_message_defers_a_delivery_or_keeps_it() {
    let run = Duration::from_mins(1);
    let again = fresh().resent(at(900)).unwrap();
    assert_eq!((again.message, again.deferred(1, at(950), at(900), &NoJitter)), (2, None));
    assert_eq!(again.kept(1, at(2690), run), None);
    assert_eq!(again.without(1), None);
    assert!(again.deferred(2, at(950), at(900), &NoJitter).is_some());
}

#[test]
fn a_delivery_whose_message_is_under_way_is_not_sent_again() {
    // The message waited in the queue for almost as long as a lost one.
    let kept = fresh().kept(1, at(890), Duration::from_mins(1)).unwrap();
    assert_eq!((kept.resent(at(900)), times(&kept)), (None, (0, 1790)));
    assert_eq!(fresh().kept(1, at(800), Duration::from_mins(1)), None, "there is time enough");
}

#[test]
fn a_lost_message_is_sent_again_after_twice_the_time_each_time() {
    let (mut delivery, mut sent_at) = (fresh(), Vec::new());
    for second in 0..20_000 {
        if let Some(again) = delivery.resent(at(second)) {
            sent_at.push(second);
            delivery = again;
        }
    }
    assert_eq!(sent_at, [900, 900 + 1800, 900 + 1800 + 3600, 900 + 1800 + 3600 + 7200]);
    assert_eq!(delivery.message, 5);
}

#[test]
fn a_delivery_leaves_the_index_a_minute_early_with_a_new_message() {
    let waiting = fresh().deferred(1, at(3600), now(), &NoJitter).unwrap();
    assert_eq!(waiting.resent(at(3539)), None);
    let sent = waiting.resent(at(3540)).unwrap();
    assert_eq!((sent.message, sent.in_queue_until(2), times(&sent)), (2, Some(at(3600)), (3600, 4500)));
    let late = waiting.resent(at(9000)).unwrap();
    assert_eq!(times(&late), (9000, 9900), "it is due at once");
}

#[test]
fn each_deferral_in_a_row_is_longer() {
    let (mut delivery, mut waits, mut second) = (fresh(), Vec::new(), 0);
    for _ in 0..14 {
        delivery = delivery.deferred(1, now(), at(second), &NoJitter).unwrap();
        let next = u64::try_from(times(&delivery).0).unwrap();
        waits.push(next - second);
        second = next;
    }
    assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600, 3600]);
    let tried = after(&delivery, Outcome::TimedOut);
    let again = tried.deferred(1, now(), now(), &NoJitter).unwrap();
    assert_eq!(times(&again).0, 2, "an attempt ends the row");
}

#[test]
fn a_redelivery_of_a_due_delivery_sends_no_second_message() {
    assert_eq!(fresh().redelivered(at(5)), None);
    let waiting = after(&fresh(), Outcome::TimedOut);
    assert_eq!(waiting.redelivered(at(1)).unwrap().message, 2, "the waiting message does nothing any more");
}

#[test]
fn a_delivery_of_an_older_build_is_read() {
    let mut old = serde_json::to_value(fresh()).unwrap();
    for field in ["message", "sent_at", "deferrals"] {
        old.as_object_mut().unwrap().remove(field).unwrap();
    }
    let read: Delivery = serde_json::from_value(old).unwrap();
    assert_eq!((read.message, read.is_due(now())), (0, true));
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
        delivery =
            (0..8).fold(delivery.redelivered(now()).unwrap_or(delivery), |d, _| after(&d, Outcome::TimedOut));
    }
    assert_eq!((delivery.attempts.len(), delivery.attempted), (MOST_LOGGED, 80));
    assert_eq!(delivery.attempts.last().unwrap().number, 80);
}
