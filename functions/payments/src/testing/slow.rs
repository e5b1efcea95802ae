//! A network in which one call stops, so that a delivery can be overtaken by the next one.

use crate::testing::World;
use crate::{Stripe, TakePayment};
use async_trait::async_trait;
use outbound::{Answer, Call, CallError, Method, Transport};
use resilience::Failure;
use runtime::queue::{Consumer as _, Message};
use std::sync::Arc;
use testkit::FakeStripe;
use tokio::sync::Semaphore;

/// Where the call stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StopsAt {
    /// Before it reaches the provider.
    Call,
    /// The provider has acted, and its answer is under way.
    Answer,
}

/// A network that stops one kind of call.
pub(crate) struct Slow {
    provider: Arc<FakeStripe>,
    /// The end of the URL of such a call.
    ending: &'static str,
    stops_at: StopsAt,
    /// Calls that pass before one stops.
    passes: Semaphore,
    stopped: Semaphore,
    continues: Semaphore,
}

impl Slow {
    /// The `POST` to such a URL stops, after `passes` that pass.
    pub(crate) fn at(world: &World, ending: &'static str, stops_at: StopsAt, passes: usize) -> Arc<Self> {
        Arc::new(Self {
            provider: world.provider.clone(),
            ending,
            stops_at,
            passes: Semaphore::new(passes),
            stopped: Semaphore::new(0),
            continues: Semaphore::new(0),
        })
    }

    /// Handles the message until its call stops; then `meanwhile` runs, and the call continues.
    pub(crate) async fn overtaken(
        self: Arc<Self>,
        world: &World,
        message: &Message,
        meanwhile: impl Future<Output = ()>,
    ) -> Result<(), Failure> {
        let step = world.take_payment();
        let slow = TakePayment { stripe: Stripe { transport: self.clone(), ..step.stripe.clone() }, ..step };
        let (outcome, ()) = tokio::join!(slow.consume(message), async {
            self.stopped.acquire().await.unwrap().forget();
            meanwhile.await;
            self.continues.add_permits(1);
        });
        outcome
    }

    async fn stop(&self) {
        if let Ok(permit) = self.passes.try_acquire() {
            permit.forget();
            return;
        }
        self.stopped.add_permits(1);
        self.continues.acquire().await.unwrap().forget();
        self.continues.add_permits(1);
    }
}

#[async_trait]
impl Transport for Slow {
    async fn send(&self, call: Call) -> Result<Answer, CallError> {
        let is_slow = call.method == Method::Post && call.url.ends_with(self.ending);
        if is_slow && self.stops_at == StopsAt::Call {
            self.stop().await;
        }
        let answer = self.provider.send(call).await;
        if is_slow && self.stops_at == StopsAt::Answer {
            self.stop().await;
        }
        answer
    }
}
