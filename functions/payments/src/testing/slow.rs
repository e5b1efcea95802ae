//! A network in which one call stands still, so that a delivery can be overtaken by the one that takes its place.

use crate::testing::World;
use crate::{Stripe, TakePayment};
use async_trait::async_trait;
use outbound::{Answer, Call, CallError, Method, Transport};
use resilience::Failure;
use runtime::queue::{Consumer as _, Message};
use std::sync::Arc;
use testkit::FakeStripe;
use tokio::sync::Semaphore;

/// Where the call stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stands {
    /// It has not reached the provider.
    BeforeIt,
    /// The provider did what it was asked for, and its answer is on the way.
    BehindIt,
}

/// Such a network.
pub(crate) struct Slow {
    provider: Arc<FakeStripe>,
    /// How the address of such a call ends.
    ending: &'static str,
    stands: Stands,
    /// Calls that pass before one waits.
    passes: Semaphore,
    waits: Semaphore,
    goes_on: Semaphore,
}

impl Slow {
    /// The `POST` to such an address waits, after so many that pass.
    pub(crate) fn at(world: &World, ending: &'static str, stands: Stands, passes: usize) -> Arc<Self> {
        Arc::new(Self {
            provider: world.provider.clone(),
            ending,
            stands,
            passes: Semaphore::new(passes),
            waits: Semaphore::new(0),
            goes_on: Semaphore::new(0),
        })
    }

    /// The message is worked on until its call stands still; then `meanwhile` happens, and the call goes on.
    pub(crate) async fn overtaken(
        self: Arc<Self>,
        world: &World,
        message: &Message,
        meanwhile: impl Future<Output = ()>,
    ) -> Result<(), Failure> {
        let step = world.take_payment();
        let zombie =
            TakePayment { stripe: Stripe { transport: self.clone(), ..step.stripe.clone() }, ..step };
        let (outcome, ()) = tokio::join!(zombie.consume(message), async {
            self.waits.acquire().await.unwrap().forget();
            meanwhile.await;
            self.goes_on.add_permits(1);
        });
        outcome
    }

    async fn stand_still(&self) {
        if let Ok(permit) = self.passes.try_acquire() {
            permit.forget();
            return;
        }
        self.waits.add_permits(1);
        self.goes_on.acquire().await.unwrap().forget();
        self.goes_on.add_permits(1);
    }
}

#[async_trait]
impl Transport for Slow {
    async fn send(&self, call: Call) -> Result<Answer, CallError> {
        let is_slow = call.method == Method::Post && call.url.ends_with(self.ending);
        if is_slow && self.stands == Stands::BeforeIt {
            self.stand_still().await;
        }
        let answer = self.provider.send(call).await;
        if is_slow && self.stands == Stands::BehindIt {
            self.stand_still().await;
        }
        answer
    }
}
