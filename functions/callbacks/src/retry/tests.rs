//! The waits between attempts, with jitter and `Retry-After`.

use super::*;
use resilience::{NoJitter, RandomJitter};
use testkit::{answer, now};

struct LeastJitter;

impl Jitter for LeastJitter {
    fn thousandths(&self) -> u32 {
        0
    }
}

fn waits(jitter: &dyn Jitter) -> Vec<i64> {
    let after = |attempt| Some(next_try(attempt, now(), None, jitter)?.duration_since(now()).as_secs());
    (1..20).map_while(after).collect()
}

#[test]
fn jitter_adds_at_most_a_fifth_to_the_waits() {
    assert_eq!(waits(&LeastJitter), [5, 300, 1800, 7200, 18_000, 36_000, 36_000]);
    assert_eq!(waits(&NoJitter), [6, 360, 2160, 8640, 21_600, 43_200, 43_200]);
    for _ in 0..100 {
        let bounds = waits(&LeastJitter).into_iter().zip(waits(&NoJitter));
        assert!(waits(&RandomJitter).iter().zip(bounds).all(|(wait, (l, m))| (l..=m).contains(wait)));
    }
    assert_eq!(next_try(0, now(), None, &LeastJitter), None);
}

#[test]
fn retry_after_extends_the_wait_up_to_a_day() {
    let wait = |attempt, seconds: u64| {
        let retry_after = Some(Duration::from_secs(seconds));
        next_try(attempt, now(), retry_after, &LeastJitter).map(|at| at.duration_since(now()).as_secs())
    };
    assert_eq!(wait(1, 120), Some(120));
    assert_eq!(wait(1, 1), Some(5), "never sooner than the schedule");
    assert_eq!(wait(2, u64::MAX), Some(86_400));
    assert_eq!(wait(8, 120), None, "no attempt follows the last one");
}

#[test]
fn retry_after_is_read_in_both_forms() {
    let read = |text: &str| retry_after(&answer(503, &[("retry-after", text)]), now()).map(|d| d.as_secs());
    assert_eq!(read("120"), Some(120));
    // `now()` is 03:04:05 of that Friday.
    assert_eq!(read("Fri, 02 Jan 2026 03:05:05 GMT"), Some(60));
    for nothing in ["Fri, 02 Jan 2026 03:04:05 GMT", "Thu, 01 Jan 2026 00:00:00 GMT", "soon", "-1", ""] {
        assert_eq!(read(nothing), None, "{nothing}");
    }
}
