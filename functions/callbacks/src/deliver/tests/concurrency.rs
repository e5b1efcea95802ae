//! Calls to one endpoint at the same time: the limit over all processes, and the queue within one.

use super::*;

#[tokio::test]
async fn calls_over_the_limit_wait_in_line_and_are_no_attempts() {
    let world = World::default();
    let (endpoint, _) = world.register(URL).await;
    for order in 0..4 {
        world.publish_paid(order).await;
    }
    let jobs = world.work.take();
    // Two runs died during their calls, and each holds a lease.
    for job in &jobs[..2] {
        let mut step = world.deliver();
        let plan = Plan::stopping(0, Stop::CrashBefore);
        step.transport = Gated::new(plan.clone(), world.receivers.clone());
        assert!(plan.drive(step.handle(&job.body, 1)).await.is_none());
    }
    // One delivery waits in the queue. The other one is deferred for longer each time.
    for (job, waits) in [(&jobs[2], vec![2]), (&jobs[3], vec![2, 4, 8, 16])] {
        for expected in waits {
            let busy = world.deliver().handle(&job.body, 1).await.unwrap_err();
            let Failure::Retry { after: Some(after), .. } = &busy else { panic!("{busy:?}") };
            assert_eq!(after.as_secs(), expected);
            if *job == jobs[3] {
                world.clock.advance(*after);
            }
        }
    }
    assert_eq!(
        world.deliveries(&endpoint).await.iter().map(|one| one["attempted"].as_u64()).max(),
        Some(Some(0))
    );
    // Once their leases expire, the call is admitted.
    world.clock.advance(PACE.lease());
    world.deliver().handle(&jobs[2].body, 2).await.unwrap();
    assert_eq!(world.receivers.calls().len(), 1);
}

#[tokio::test]
async fn a_message_that_waited_too_long_ends_and_the_schedule_sends_another() {
    let world = World::default();
    let (endpoint, _) = world.register(URL).await;
    for order in 0..3 {
        world.publish_paid(order).await;
    }
    let jobs = world.work.take();
    // The queue was long. Two runs died during their calls, and each holds a lease.
    world.clock.advance(Duration::from_mins(15) - Duration::from_secs(1));
    for job in &jobs[..2] {
        let mut step = world.deliver();
        let plan = Plan::stopping(0, Stop::CrashBefore);
        step.transport = Gated::new(plan.clone(), world.receivers.clone());
        assert!(plan.drive(step.handle(&job.body, 1)).await.is_none());
    }
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.deliver().handle(&jobs[2].body, 1).await, Ok(()), "its message is done");
    assert_eq!(world.schedule().await, 1, "the messages of the two others are under way");
    world.clock.advance(PACE.lease());
    world.drain(Duration::from_mins(1)).await;
    let delivered = world.deliveries(&endpoint).await;
    assert_eq!(delivered.iter().filter(|one| one["status"] == "delivered").count(), 1, "{delivered:#?}");
}

/// Receivers that let other tasks run before they answer.
struct Slow(Arc<testkit::Receivers>);

#[async_trait]
impl Transport for Slow {
    async fn send(&self, call: Call) -> Result<Answer, CallError> {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        self.0.send(call).await
    }
}

#[tokio::test]
async fn a_batch_for_one_endpoint_is_delivered_in_one_run() {
    let world = World::default();
    let (endpoint, _) = world.register(URL).await;
    for order in 0..10 {
        world.publish_paid(order).await;
    }
    // The system clock, because a fixed clock ends every wait for a permit at once.
    let (clock, transport) = (Arc::new(resilience::SystemClock), Arc::new(Slow(world.receivers.clone())));
    let step = DeliverWebhook { transport, clock, ..world.deliver() };
    let jobs = world.work.take();
    let outcomes = join_all(jobs.iter().map(|job| step.handle(&job.body, 1))).await;
    assert_eq!(outcomes, vec![Ok(()); 10]);
    assert!(world.deliveries(&endpoint).await.iter().all(|delivery| delivery["status"] == "delivered"));
    assert_eq!(world.receivers.calls().len(), 10);
}
