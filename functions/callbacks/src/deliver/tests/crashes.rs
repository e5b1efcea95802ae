//! A run that is stopped at any of its calls loses no delivery and counts the attempt once.

use super::*;

/// A run over one delivery, stopped at this call, and then repeated. Returns the documents, how the message ended, and the
/// calls of the first run.
async fn stopped_at(
    call: usize,
    stop: Stop,
    first_answer: u16,
) -> (Vec<(Key, Value)>, bool, Vec<&'static str>) {
    let world = World::default();
    world.register(URL).await;
    world.receivers.answer_next(URL, Ok(status(first_answer)));
    world.receivers.answer_next(URL, Ok(status(first_answer)));
    world.publish_paid(1).await;
    let job = world.work.take().remove(0);
    let plan = Plan::stopping(call, stop);
    let mut deliver = world.deliver();
    deliver.documents = Gated::new(plan.clone(), world.memory.clone());
    deliver.transport = Gated::new(plan.clone(), world.receivers.clone());
    let mut last = plan.drive(deliver.handle(&job.body, 1)).await;
    if last != Some(Ok(())) {
        last = Some(world.deliver().handle(&job.body, 2).await);
    }
    assert_eq!(world.work.sent(), [], "the function sends no message to its own queue");
    (documents_in(&world.memory), last == Some(Ok(())), plan.calls())
}

#[tokio::test]
async fn stopped_at_any_call_the_attempt_still_counts_once() {
    for first_answer in [204, 500, 410] {
        let (expected, is_done, calls) = stopped_at(usize::MAX, Stop::Fail, first_answer).await;
        assert_eq!(is_done, first_answer != 500, "the message stays in the queue until the next attempt");
        assert!(calls.len() > 8, "{calls:?}");
        for (call, stop) in (0..calls.len()).flat_map(|call| Stop::ALL.map(|stop| (call, stop))) {
            // A failed call is an attempt with another outcome. In every other case the documents must be equal.
            if calls[call] == "transport.send" && matches!(stop, Stop::Fail | Stop::LoseReply) {
                continue;
            }
            let (left, ended, _) = stopped_at(call, stop, first_answer).await;
            assert_eq!((&left, ended), (&expected, is_done), "{first_answer}: {stop:?} at {call}: {calls:?}");
        }
    }
}

#[tokio::test]
async fn a_crash_during_the_call_loses_nothing_even_without_its_message() {
    let world = World::default();
    let (endpoint, _) = world.register(URL).await;
    world.publish_paid(1).await;
    let job = world.work.take().remove(0);
    let plan = Plan::stopping(0, Stop::CrashAfter);
    let mut step = world.deliver();
    step.transport = Gated::new(plan.clone(), world.receivers.clone());
    assert!(plan.drive(step.handle(&job.body, 1)).await.is_none());
    assert_eq!(world.deliveries(&endpoint).await[0]["attempted"], 0);
    world.clock.advance(LOST_AFTER);
    assert_eq!(world.schedule().await, 1);
    world.drain(Duration::ZERO).await;
    let calls = world.receivers.calls();
    assert_eq!(calls.len(), 2, "at least once");
    assert_eq!(header(&calls[0], "webhook-id"), header(&calls[1], "webhook-id"));
    assert_eq!(world.deliveries(&endpoint).await[0]["status"], "delivered");
}
