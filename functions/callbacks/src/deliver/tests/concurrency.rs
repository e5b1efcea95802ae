//! Calls to one endpoint at the same time: the limit over all processes, and the queue within one.

use super::*;

#[tokio::test]
async fn calls_over_the_limit_are_retried_within_seconds_and_are_no_attempts() {
    let world = World::default();
    let (endpoint, _) = world.register(URL).await;
    for order in 0..3 {
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
    let busy = world.deliver().handle(&jobs[2].body, 1).await.unwrap_err();
    assert!(matches!(&busy, Failure::Retry { after: Some(after), .. } if *after == BUSY_FOR * 2), "{busy:?}");
    assert_eq!(
        world.deliveries(&endpoint).await.iter().map(|one| one["attempted"].as_u64()).max(),
        Some(Some(0))
    );
    // Once their leases expire, the call is admitted.
    world.clock.advance(PACE.lease());
    world.deliver().handle(&jobs[2].body, 2).await.unwrap();
    assert_eq!(world.receivers.calls().len(), 1);
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
