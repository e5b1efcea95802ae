//! A run that is stopped at any of its calls loses no delivery and counts the attempt once.

use super::*;

#[tokio::test]
async fn stopped_at_any_call_the_attempt_still_counts_once() {
    for (first_answer, calls) in [(204, 8), (500, 9), (410, 10)] {
        let mut expected = None;
        for (call, stop) in [(usize::MAX, Stop::Fail)]
            .into_iter()
            .chain((0..calls).flat_map(|call| Stop::ALL.map(|stop| (call, stop))))
        {
            let world = World::default();
            world.register(URL).await;
            world.receivers.answer_next(URL, Ok(status(first_answer)));
            world.receivers.answer_next(URL, Ok(status(first_answer)));
            world.publish_paid(1).await;
            let job = world.work.take().remove(0);
            let plan = Plan::stopping(call, stop);
            let mut step = world.deliver();
            step.documents = Gated::new(plan.clone(), world.memory.clone());
            step.transport = Gated::new(plan.clone(), world.receivers.clone());
            step.work = Gated::new(plan.clone(), world.work.clone());
            let first = plan.drive(step.handle(&job.body, 1)).await;
            if first != Some(Ok(())) {
                world.deliver().handle(&job.body, 2).await.unwrap();
            }
            // A failed call is an attempt with another outcome. In every other case the documents must be equal.
            let is_call = plan.calls().get(call) == Some(&"transport.send");
            if call != usize::MAX && is_call && matches!(stop, Stop::Fail | Stop::LoseReply) {
                continue;
            }
            let left = documents_in(&world.memory);
            let expected = expected.get_or_insert_with(|| left.clone());
            assert_eq!(&left, expected, "{first_answer}: {stop:?} at {call}: {:?}", plan.calls());
            let again = world.work.sent().len();
            assert_eq!(again > 0, first_answer == 500, "{first_answer}: {stop:?} at {call}");
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
    world.clock.advance(PACE.lost_after());
    assert_eq!(world.schedule().await, 1);
    world.drain(Duration::ZERO).await;
    let calls = world.receivers.calls();
    assert_eq!(calls.len(), 2, "at least once");
    assert_eq!(header(&calls[0], "webhook-id"), header(&calls[1], "webhook-id"));
    assert_eq!(world.deliveries(&endpoint).await[0]["status"], "delivered");
}
