//! Which overdue deliveries the schedule sends to the queue.

use super::*;
use crate::delivery::LOST_AFTER;
use crate::testing::{URL, World};
use std::time::Duration;
use testkit::{Gated, Plan, Stop, answer};

#[tokio::test]
async fn a_wait_too_long_for_the_queue_is_found_in_the_index() {
    let world = World::default();
    let (endpoint, _) = world.register(URL).await;
    for _ in 0..3 {
        world.receivers.answer_next(URL, Ok(answer(500, &[])));
    }
    world.publish_paid(1).await;
    world.drain(Duration::from_mins(10)).await;
    assert_eq!(world.deliveries(&endpoint).await[0]["attempted"], 3);
    assert_eq!(world.work.sent(), [], "half an hour is longer than the queue can delay a message");
    world.clock.advance(Duration::from_mins(34));
    assert_eq!(world.schedule().await, 0);
    world.clock.advance(Duration::from_mins(1));
    assert_eq!(world.schedule().await, 1);
    let delay = world.work.sent()[0].delay.as_secs();
    assert!((55..=60).contains(&delay), "the message is delayed until the attempt is due: {delay}");
    world.drain(Duration::from_mins(1)).await;
    let log = world.deliveries(&endpoint).await;
    assert_eq!((&log[0]["status"], &log[0]["attempted"]), (&"delivered".into(), &4.into()));
    world.clock.advance(Duration::from_hours(24));
    assert_eq!(world.schedule().await, 0, "a delivered one is no longer in the index");
}

#[tokio::test]
async fn one_failing_delivery_fails_the_run_but_not_the_others() {
    let world = World::default();
    world.register(URL).await;
    for order in 1..=5 {
        world.publish_paid(order).await;
    }
    assert_eq!(world.work.take().len(), 5);
    world.clock.advance(LOST_AFTER);
    // The third send fails.
    let step = ScheduleCallbacks {
        documents: world.memory.clone(),
        pending_by_time: Arc::new(world.memory.index("pending_shard", "overdue_at")),
        work: Gated::new(Plan::stopping(2, Stop::Fail), world.work.clone()),
        clock: world.clock.clone(),
    };
    assert!(step.run().await.is_err());
    assert_eq!(world.work.take().len(), 4);
    // The next run sends it. The four others have their messages.
    assert_eq!((world.schedule().await, world.schedule().await), (1, 0));
    world.clock.advance(LOST_AFTER * 2);
    assert_eq!(world.schedule().await, 5, "none of the five was handled");
}

#[tokio::test]
async fn a_stale_index_sends_nothing_that_is_delivered() {
    let world = World::default();
    world.register(URL).await;
    world.publish_paid(1).await;
    let stale = Arc::new(event_store::Memory::default());
    for (key, document) in world.memory.all_documents() {
        stale.put(&key, &document).await.unwrap();
    }
    world.drain(Duration::ZERO).await;
    world.clock.advance(LOST_AFTER);
    let step = ScheduleCallbacks {
        documents: world.memory.clone(),
        pending_by_time: Arc::new(stale.index("pending_shard", "overdue_at")),
        work: world.work.clone(),
        clock: world.clock.clone(),
    };
    assert_eq!(step.run().await.unwrap()["sent"], 0);
}
