//! Unit tests of the `retry` module.

use super::*;
use resilience::{NoJitter, RandomJitter};
use testkit::{answer, now};

struct Least;

impl Jitter for Least {
    fn thousandths(&self) -> u32 {
        0
    }
}

fn waits(jitter: &dyn Jitter) -> Vec<i64> {
    let after = |attempt| Some(next_try(attempt, now(), None, jitter)?.duration_since(now()).as_secs());
    (1..20).map_while(after).collect()
}

#[test]
fn the_waits_are_those_that_receivers_expect_and_chance_adds_a_fifth_at_most() {
    assert_eq!(waits(&Least), [5, 300, 1800, 7200, 18_000, 36_000, 36_000]);
    assert_eq!(waits(&NoJitter), [6, 360, 2160, 8640, 21_600, 43_200, 43_200]);
    for _ in 0..100 {
        let bounds = waits(&Least).into_iter().zip(waits(&NoJitter));
        assert!(waits(&RandomJitter).iter().zip(bounds).all(|(wait, (l, m))| (l..=m).contains(wait)));
    }
    assert_eq!(next_try(0, now(), None, &Least), None);
}

#[test]
fn a_receiver_that_asks_for_time_gets_it_up_to_a_day() {
    let wait = |attempt, asked: u64| {
        let asked = Some(Duration::from_secs(asked));
        next_try(attempt, now(), asked, &Least).map(|at| at.duration_since(now()).as_secs())
    };
    assert_eq!(wait(1, 120), Some(120));
    assert_eq!(wait(1, 1), Some(5), "never sooner than without");
    assert_eq!(wait(2, u64::MAX), Some(86_400));
    assert_eq!(wait(8, 120), None, "the last attempt is the last");
}

#[test]
fn retry_after_is_read_in_both_forms() {
    let read = |text: &str| retry_after(&answer(503, &[("retry-after", text)]), now()).map(|d| d.as_secs());
    assert_eq!(read("120"), Some(120));
    // testkit's now is 03:04:05 of that Friday.
    assert_eq!(read("Fri, 02 Jan 2026 03:05:05 GMT"), Some(60));
    for nothing in ["Fri, 02 Jan 2026 03:04:05 GMT", "Thu, 01 Jan 2026 00:00:00 GMT", "soon", "-1", ""] {
        assert_eq!(read(nothing), None, "{nothing}");
    }
}
