//! A call ends at its own timeout, or before the invocation's time runs out.

use super::*;
use resilience::Deadline;
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};

const OWN: Duration = Duration::from_millis(40);

async fn hangs() -> Result<(), CallError> {
    pending().await
}

#[tokio::test]
async fn a_provider_that_hangs_is_given_up_at_the_calls_own_timeout() {
    assert_eq!(answer_within(OWN, hangs()).await, Err(CallError::TimedOut(OWN)));
    let far = Deadline::of_invocation(Duration::from_secs(20));
    assert_eq!(far.scope(answer_within(OWN, hangs())).await, Err(CallError::TimedOut(OWN)));
}

#[tokio::test]
async fn a_call_near_the_end_of_the_invocation_is_cut_short() {
    let near = Deadline::of_invocation(Duration::from_millis(2_030));
    let outcome = near.scope(answer_within(Duration::from_secs(4), hangs())).await;
    let Err(CallError::CutShort(after)) = outcome else { panic!("{outcome:?}") };
    assert!(after <= Duration::from_millis(30), "{after:?}");
}

#[tokio::test]
async fn a_call_that_no_time_is_left_for_is_not_made() {
    let is_made = AtomicBool::new(false);
    let call = async {
        is_made.store(true, Ordering::SeqCst);
        Ok(())
    };
    let outcome = Deadline::of_invocation(Duration::from_secs(1)).scope(answer_within(OWN, call)).await;
    assert_eq!(outcome, Err(CallError::CutShort(Duration::ZERO)));
    assert!(!is_made.load(Ordering::SeqCst));
}
