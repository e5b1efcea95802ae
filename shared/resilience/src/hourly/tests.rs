//! No 60 minutes admit more than the limit, and the limit is worth its number.

use super::*;
use proptest::prelude::*;

const START: i64 = 1_772_442_930_000_000;

/// The moments at which these requests were admitted. They are decided in the given order, which is not the order of time.
fn admitted(limit: HourlyLimit, arrivals: &[i64]) -> Vec<i64> {
    let mut mark = 0;
    let mut admitted = Vec::new();
    for now in arrivals {
        if limit.admits(mark, *now) {
            mark = limit.after_request(mark, *now);
            admitted.push(*now);
        }
    }
    admitted.sort_unstable();
    admitted
}

/// The most of these moments, in order, that any 60 minutes hold, the last moment included.
fn most_in_an_hour(moments: &[i64]) -> usize {
    let until = |last: i64| moments.partition_point(|moment| *moment <= last);
    moments.iter().enumerate().map(|(place, first)| until(first + HOUR) - place).max().unwrap_or(0)
}

/// The moments of a caller that makes each request as soon as it is admitted, for two hours.
fn greedy(limit: HourlyLimit) -> Vec<i64> {
    let (mut mark, mut now, mut moments) = (0, START, Vec::new());
    while now <= START + 2 * HOUR {
        if limit.admits(mark, now) {
            mark = limit.after_request(mark, now);
            moments.push(now);
        } else {
            now += i64::try_from(limit.available(mark, now).more_in.as_micros()).unwrap();
        }
    }
    moments
}

/// Gaps between requests: none, some intervals, about an hour.
fn gaps() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => Just(0),
        4 => 0..HOUR / 50,
        2 => 0..HOUR / 2,
        1 => HOUR - 2..HOUR + 3,
    ]
}

proptest! {
    #[test]
    fn no_60_minutes_admit_more_than_the_limit(
        per_hour in 0..40_u64,
        requests in prop::collection::vec((gaps(), -2_000_000..2_000_000_i64), 0..400),
    ) {
        let limit = HourlyLimit::of(per_hour);
        let mut now = START;
        // Each process has a clock of its own, so a later decision may have an earlier time.
        let arrivals: Vec<i64> = requests.iter().map(|(gap, skew)| { now += gap; now + skew }).collect();
        prop_assert!(most_in_an_hour(&admitted(limit, &arrivals)) <= usize::try_from(limit.per_hour()).unwrap());
    }

    #[test]
    fn a_limit_of_any_size_keeps_its_bounds(per_hour in 1..=u64::MAX, used in 0..i64::MAX / 4) {
        let limit = HourlyLimit::of(per_hour);
        let refill = HOUR / limit.interval();
        prop_assert!(limit.burst() + refill <= limit.per_hour());
        prop_assert!(limit.burst() * limit.interval() <= HOUR + limit.burst());
        let available = limit.available(START + used, START);
        prop_assert!((0..=limit.burst()).contains(&available.requests));
        prop_assert_eq!(available.requests > 0, limit.admits(START + used, START));
    }

    #[test]
    fn what_is_said_to_be_available_is(per_hour in 1..2000_u64, used in 0..HOUR) {
        let limit = HourlyLimit::of(per_hour);
        let mark = START + used.min(limit.burst() * limit.interval());
        let before = limit.available(mark, START);
        let wait = i64::try_from(before.more_in.as_micros()).unwrap();
        if before.requests < limit.burst() {
            prop_assert_eq!(limit.available(mark, START + wait).requests, before.requests + 1);
            prop_assert_eq!(limit.available(mark, START + wait - 1).requests, before.requests);
        } else {
            prop_assert_eq!(wait, 0);
        }
    }
}

#[test]
fn a_caller_that_waits_as_long_as_it_has_to_gets_the_whole_limit() {
    for per_hour in [1, 2, 3, 30, 1000, 50_000] {
        let moments = greedy(HourlyLimit::of(per_hour));
        let first_hour = moments.iter().filter(|moment| **moment <= START + HOUR).count();
        assert_eq!(most_in_an_hour(&moments), usize::try_from(per_hour).unwrap(), "{per_hour} an hour");
        assert_eq!(first_hour, usize::try_from(per_hour).unwrap(), "{per_hour} an hour");
    }
}

#[test]
fn half_of_the_limit_may_be_used_at_once() {
    for (per_hour, burst, interval) in
        [(1, 1, HOUR + 1), (2, 1, HOUR), (3, 1, HOUR / 2), (30, 15, HOUR / 15), (1000, 500, 7_200_000)]
    {
        let limit = HourlyLimit::of(per_hour);
        assert_eq!((limit.burst(), limit.interval()), (burst, interval), "{per_hour} an hour");
        let at_once = vec![START; 2000];
        assert_eq!(admitted(limit, &at_once).len(), usize::try_from(burst).unwrap(), "{per_hour} an hour");
    }
}

#[test]
fn an_admin_loads_a_catalogue_of_10_000_skus_in_an_hour() {
    // A product and its stock, and half as many reads. The template's default.
    let moments = greedy(HourlyLimit::of(50_000));
    assert!(moments.iter().filter(|moment| **moment <= START + HOUR).count() >= 30_000);
}
