//! What is found again, on the twin of the table.

use super::*;
use crate::testing::{PACE, Scene, URL};
use std::time::Duration;
use testkit::{Gated, Plan, Stop, answer};

#[tokio::test]
async fn a_wait_that_is_too_long_for_the_queue_is_found_in_the_index() {
    let scene = Scene::default();
    let (endpoint, _) = scene.register(URL).await;
    for _ in 0..3 {
        scene.receivers.answer_next(URL, Ok(answer(500, &[])));
    }
    scene.paid(1).await;
    scene.drain(Duration::from_mins(10)).await;
    assert_eq!(scene.log(&endpoint).await[0]["attempted"], 3);
    assert_eq!(scene.work.sent(), [], "half an hour is more than the queue holds back");
    scene.clock.advance(Duration::from_mins(29));
    assert_eq!(scene.schedule().await, 0);
    scene.clock.advance(Duration::from_mins(8));
    assert_eq!(scene.schedule().await, 1);
    scene.drain(Duration::ZERO).await;
    let log = scene.log(&endpoint).await;
    assert_eq!((&log[0]["status"], &log[0]["attempted"]), (&"delivered".into(), &4.into()));
    scene.clock.advance(Duration::from_hours(24));
    assert_eq!(scene.schedule().await, 0, "what was delivered is in the index no more");
}

#[tokio::test]
async fn one_delivery_that_fails_does_not_stop_the_others_and_fails_the_run() {
    let scene = Scene::default();
    scene.register(URL).await;
    for order in 1..=5 {
        scene.paid(order).await;
    }
    assert_eq!(scene.work.take().len(), 5);
    scene.clock.advance(PACE.lost_after());
    // One of the sends is refused.
    let step = ScheduleCallbacks {
        documents: scene.memory.clone(),
        pending_by_time: Arc::new(scene.memory.index("pending_shard", "overdue_at")),
        work: Gated::new(Plan::stopping(2, Stop::Fail), scene.work.clone()),
        clock: scene.clock.clone(),
        pace: PACE,
    };
    assert!(step.run().await.is_err());
    assert_eq!(scene.work.take().len(), 4);
    // It is looked for again, like all whose message does nothing.
    scene.clock.advance(PACE.again_after());
    assert_eq!(scene.schedule().await, 5);
}

#[tokio::test]
async fn an_index_that_lags_sends_nothing_that_was_delivered() {
    let scene = Scene::default();
    scene.register(URL).await;
    scene.paid(1).await;
    let stale = Arc::new(event_store::Memory::default());
    for (key, document) in scene.memory.all_documents() {
        stale.put(&key, &document).await.unwrap();
    }
    scene.drain(Duration::ZERO).await;
    scene.clock.advance(PACE.lost_after());
    let step = ScheduleCallbacks {
        documents: scene.memory.clone(),
        pending_by_time: Arc::new(stale.index("pending_shard", "overdue_at")),
        work: scene.work.clone(),
        clock: scene.clock.clone(),
        pace: PACE,
    };
    assert_eq!(step.run().await.unwrap()["sent"], 0);
}
