//! Each message waits for its turn, and the line has an end.

use super::{LINE, Pace};
use std::time::Duration;
use testkit::now;

#[test]
fn messages_have_their_turns_one_after_the_other() {
    let mut pace = Pace { free_at: now(), per_second: 4 };
    let delays: Vec<u128> = (0..5).filter_map(|_| pace.next(now())).map(|delay| delay.as_millis()).collect();
    assert_eq!(delays, [0, 250, 500, 750, 1000]);
}

#[test]
fn a_line_that_has_passed_is_not_caught_up() {
    let late = now() + Duration::from_mins(5);
    let mut pace = Pace { free_at: now(), per_second: 1 };
    assert_eq!((pace.next(late), pace.next(late)), (Some(Duration::ZERO), Some(Duration::from_secs(1))));
}

#[test]
fn a_full_line_takes_no_message_and_another_run_follows_when_it_is_half_as_long() {
    let mut pace = Pace { free_at: now() + LINE, per_second: 1 };
    assert_eq!(pace.next(now()), Some(LINE), "the last one");
    assert_eq!(pace.next(now()), None);
    let wait = Pace::wait(pace.free_at, now());
    assert_eq!(wait, Duration::from_secs(31));
    assert!(pace.next(now() + wait).is_some());
    assert_eq!(Pace::wait(now(), now() + LINE), Duration::ZERO, "the line is over");
}
