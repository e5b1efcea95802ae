//! The end of an invocation's time: the runner drops the work wherever it waits, as `resilience::deadline` does on the real clock.

use super::chance::Chance;
use async_trait::async_trait;
use resilience::Failure;
use resilience::deadline::OutOfTime;
use runtime::queue::Handler;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

/// Does `work`, and now and then drops it where it waits.
pub(super) async fn in_time<T>(chance: &Chance, work: impl Future<Output = T>) -> Result<T, OutOfTime> {
    let mut work = pin!(work);
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Ok(done)),
        Poll::Pending if chance.fault("out of time", 5) => Poll::Ready(Err(OutOfTime)),
        Poll::Pending => Poll::Pending,
    })
    .await
}

/// A queue function's step that may run out of time.
pub(super) struct Timed {
    pub(super) step: Arc<dyn Handler>,
    pub(super) chance: Chance,
}

#[async_trait]
impl Handler for Timed {
    async fn handle(&self, body: &str, deliveries: u32) -> Result<(), Failure> {
        in_time(&self.chance, self.step.handle(body, deliveries)).await?
    }
}
