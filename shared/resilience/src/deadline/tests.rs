//! Which time an invocation, its work and its calls have.

use super::*;
use std::future::pending;

const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[test]
fn the_work_ends_a_second_before_the_invocation() {
    assert_eq!(time_to_work(millis(20_000)), millis(19_000));
    assert_eq!(time_to_work(millis(1_000)), Duration::ZERO);
    assert_eq!(time_to_work(Duration::ZERO), Duration::ZERO);
}

#[test]
fn a_call_ends_at_its_own_timeout_or_a_second_before_the_work() {
    assert_eq!(time_to_call(millis(4_000), millis(19_000)), millis(4_000));
    assert_eq!(time_to_call(millis(4_000), millis(5_000)), millis(4_000));
    assert_eq!(time_to_call(millis(4_000), millis(4_999)), millis(3_999));
    assert_eq!(time_to_call(millis(4_000), millis(900)), Duration::ZERO);
}

#[tokio::test]
async fn without_a_deadline_a_call_has_its_own_timeout() {
    assert_eq!(Deadline::current(), None);
    assert_eq!((call_timeout(millis(4_000)), record_timeout()), (millis(4_000), None));
    assert_eq!(in_time(async { 7 }).await, Ok(7));
}

#[test]
fn a_deadline_after_a_time_has_that_time_left() {
    let left = Deadline::after(millis(10_000)).left();
    assert!(left <= millis(10_000) && left > millis(9_000), "{left:?}");
}

#[tokio::test]
async fn a_call_reads_the_deadline_of_its_task() {
    let deadline = Deadline::of_invocation(millis(4_000));
    let (call, record) = deadline.scope(async { (call_timeout(millis(60_000)), record_timeout()) }).await;
    assert!(call <= millis(2_000) && call > millis(1_500), "{call:?}");
    assert!(record.is_some_and(|record| record <= millis(2_900) && record > millis(2_500)), "{record:?}");
}

#[tokio::test]
async fn work_is_stopped_at_its_deadline() {
    let deadline = Deadline::of_invocation(millis(1_020));
    assert_eq!(deadline.scope(in_time(pending::<()>())).await, Err(OutOfTime));
    assert_eq!(deadline.left(), Duration::ZERO);
    assert_eq!(deadline.bound(async { 7 }).await, Ok(7), "what is ready at once is finished");
}

#[tokio::test]
async fn the_hand_back_has_time_after_the_work_and_ends_before_the_invocation() {
    let left = Deadline::of_invocation(millis(1_000)).of_hand_back().left();
    assert!(left > millis(500) && left <= millis(800), "{left:?}");
}
