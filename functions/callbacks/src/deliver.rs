//! `deliver-webhook`: calls an endpoint, and records what came of it.
//!
//! - Trigger: the delivery queue's message about one attempt of one delivery (`plan-deliveries`, `schedule-callbacks`,
//!   `manage-callbacks`, and this function for the next attempt).
//! - Effect: one call, signed by every secret that holds, to an address that is public; then the attempt is recorded in
//!   the delivery, and after that the endpoint's health, its disabling where it is gone or hopeless, and the message
//!   about the next attempt follow. An attempt that the endpoint's health does not admit is put off: by seconds if as
//!   many calls are under way as may be, until the breaker's pause is over if it is open. Neither counts.
//! - Events said: none.
//! - Idempotent by the attempt's number, which is recorded once. At least once to the endpoint: a crash after the call
//!   repeats it under the same `webhook-id`. What follows the record is drawn again by a repeated message.
//! - Retry: the table or the queue is out; the endpoint is busy.
//! - Reject: a message that is no errand. A receiver's refusal never is: it is an attempt that failed.

use crate::delivery::{Attempt, Delivery, EndedBecause, Outcome, Turn};
use crate::disabled::{self, DisabledBecause};
use crate::endpoint::{Endpoint, Standing};
use crate::errand::{self, Errand, Pace};
use crate::health::{self, Entry, Health};
use crate::lanes::Lanes;
use crate::retry::{later, retry_after};
use crate::store::{self, Changed};
use async_trait::async_trait;
use event_store::Documents;
use jiff::Timestamp;
use outbound::{Call, CallError, Method, Transport, WorkQueue};
use resilience::{Clock, Failure, Jitter};
use runtime::queue::Handler;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use webhooks::StandardWebhooks;

/// An endpoint with as many calls under way as may be is asked for again after this, and up to twice as long.
const BUSY_FOR: Duration = Duration::from_secs(2);

/// The step of `deliver-webhook`.
pub struct DeliverWebhook {
    /// Endpoints, deliveries, health.
    pub documents: Arc<dyn Documents>,
    /// The delivery queue.
    pub work: Arc<dyn WorkQueue>,
    /// Calls endpoints, on the networks that they may be on.
    pub transport: Arc<dyn Transport>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Spreads what failed together.
    pub jitter: Arc<dyn Jitter>,
    /// How long things take.
    pub pace: Pace,
    /// How many calls to one endpoint may be under way at once, and who stands in line for them here.
    pub lanes: Lanes,
}

#[async_trait]
impl Handler for DeliverWebhook {
    async fn handle(&self, body: &str, _deliveries: u32) -> Result<(), Failure> {
        let errand = Errand::read(body)?;
        let key = store::delivery_key(&errand.endpoint, &errand.delivery);
        let Some(delivery) = store::read::<Delivery>(&*self.documents, &key).await? else {
            tracing::info!(delivery.id = errand.delivery, "the delivery is forgotten");
            return Ok(());
        };
        match delivery.turn(errand.attempt, self.clock.now()) {
            Turn::Due => self.bring(&errand, &delivery).await,
            Turn::Recorded(outcome) => self.follow(&errand, &delivery, outcome).await,
            Turn::Nothing => Ok(()),
        }
    }
}

impl DeliverWebhook {
    async fn bring(&self, errand: &Errand, delivery: &Delivery) -> Result<(), Failure> {
        let endpoint: Option<Endpoint> =
            store::read(&*self.documents, &store::endpoint_key(&errand.endpoint)).await?;
        let because = match endpoint.as_ref().map(|endpoint| &endpoint.standing) {
            Some(Standing::Enabled { .. }) => None,
            Some(Standing::Disabled { .. }) => Some(EndedBecause::EndpointDisabled),
            Some(Standing::Deleted { .. }) | None => Some(EndedBecause::EndpointDeleted),
        };
        if let Some(because) = because {
            let now = self.clock.now();
            return self.change(errand, |there| there.ended(because, now)).await.map(|_| ());
        }
        // Held until the call is recorded.
        let _place = self.lanes.stand(&errand.endpoint, &*self.clock).await;
        match (endpoint, self.enter(errand).await?) {
            (Some(endpoint), Entry::Admitted(_)) => {
                let (attempt, asked) = self.call(&endpoint, delivery, errand.attempt).await?;
                let recorded = self.record(errand, &attempt, asked).await?;
                match recorded {
                    Some(delivery) => self.follow(errand, &delivery, attempt.outcome).await,
                    None => Ok(()),
                }
            }
            (_, Entry::Busy) => {
                let wait = BUSY_FOR + BUSY_FOR * self.jitter.thousandths().min(1000) / 1000;
                Err(Failure::retry_after("as many calls to the endpoint are under way as may be", wait))
            }
            (_, Entry::Paused(until)) => self.put_off(errand, until).await,
            (None, Entry::Admitted(_)) => Ok(()),
        }
    }

    /// Asks the endpoint's health for a call, and takes the lease.
    async fn enter(&self, errand: &Errand) -> Result<Entry, Failure> {
        // What was decided last; the write that it asked for has succeeded, or it asked for none.
        let entry = Mutex::new(Entry::Busy);
        let key = store::health_key(&errand.endpoint);
        let decide = |there: Option<&Health>| {
            let (now, until) = (self.clock.now(), later(self.clock.now(), self.pace.lease()));
            let nothing = Health::default();
            let health = there.unwrap_or(&nothing);
            let decided = health.enter(&errand.delivery, errand.attempt, self.lanes.width, now, until);
            *entry.lock().unwrap_or_else(PoisonError::into_inner) = decided.clone();
            Ok(match decided {
                Entry::Admitted(new) => Some(new).filter(|new| there != Some(new)),
                Entry::Busy | Entry::Paused(_) => None,
            })
        };
        store::change::<Health, Failure>(&*self.documents, &*self.clock, &key, decide).await?;
        Ok(entry.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    async fn call(
        &self,
        endpoint: &Endpoint,
        delivery: &Delivery,
        number: u32,
    ) -> Result<(Attempt, Option<Duration>), Failure> {
        let at = self.clock.now();
        let (id, body) = (&delivery.id, delivery.body.as_bytes());
        let signature = StandardWebhooks::sign_all(id, body, &endpoint.signing(at), at)
            .map_err(|refusal| Failure::reject(format!("the endpoint's secrets cannot sign: {refusal}")))?;
        let call = Call {
            method: Method::Post,
            url: endpoint.url.clone(),
            headers: [
                ("content-type", "application/json".to_owned()),
                ("user-agent", concat!("Conveyor/", env!("CARGO_PKG_VERSION")).to_owned()),
                ("webhook-id", id.clone()),
                ("webhook-timestamp", at.as_second().to_string()),
                ("webhook-signature", signature),
            ]
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
            body: body.to_vec(),
            timeout: self.pace.call_within,
        };
        let answer = self.transport.send(call).await;
        let now = self.clock.now();
        let asked = answer.as_ref().ok().and_then(|answer| retry_after(answer, now));
        let outcome = match answer {
            Ok(answer) => Outcome::Status(answer.status),
            Err(CallError::TimedOut(_)) => Outcome::TimedOut,
            // An endpoint's breaker stands before its delivery, and none before this transport.
            Err(CallError::Connection(_) | CallError::Paused(_)) => Outcome::ConnectionFailed,
            // The URL was judged sound when it was registered; what is unsound is where it leads to.
            Err(CallError::Unsound(_)) => Outcome::AddressRefused,
        };
        let millis = now.duration_since(at).unsigned_abs().as_millis();
        let latency_ms = u64::try_from(millis).unwrap_or(u64::MAX);
        tracing::info!(
            endpoint.id = endpoint.id,
            delivery.id = delivery.id,
            delivery.attempt = number,
            http.status = outcome.status(),
            error = outcome.error(),
            latency_ms,
            "the endpoint was called"
        );
        Ok((Attempt { number, at, latency_ms, outcome }, asked))
    }

    async fn record(
        &self,
        errand: &Errand,
        attempt: &Attempt,
        asked: Option<Duration>,
    ) -> Result<Option<Delivery>, Failure> {
        let now = self.clock.now();
        self.change(errand, |there| there.recorded(attempt, asked, now, self.pace, &*self.jitter)).await
    }

    /// What follows a recorded attempt. Each part looks whether it is done.
    async fn follow(&self, errand: &Errand, delivery: &Delivery, outcome: Outcome) -> Result<(), Failure> {
        let now = self.clock.now();
        let key = store::health_key(&errand.endpoint);
        let left = store::change::<Health, Failure>(&*self.documents, &*self.clock, &key, |there| {
            Ok(there
                .and_then(|health| health.left(&errand.delivery, errand.attempt, outcome.is_success(), now)))
        });
        let health = left.await?.now().unwrap_or_default();
        if !outcome.is_success() {
            self.disable(errand, outcome, &health, now).await?;
        }
        if delivery.attempted == errand.attempt {
            errand::send(&*self.work, delivery, now).await.map_err(Failure::retry)?;
        }
        Ok(())
    }

    async fn disable(
        &self,
        errand: &Errand,
        outcome: Outcome,
        health: &Health,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let decide = |there: &Endpoint| {
            let Standing::Enabled { since } = there.standing else { return None };
            let because = match outcome {
                Outcome::Status(410) => DisabledBecause::Gone,
                _ if health.is_hopeless(since, now) => DisabledBecause::Failing,
                Outcome::Status(_)
                | Outcome::TimedOut
                | Outcome::ConnectionFailed
                | Outcome::AddressRefused => return None,
            };
            there.disabled(because, now)
        };
        let key = store::endpoint_key(&errand.endpoint);
        let changed = store::change::<Endpoint, Failure>(&*self.documents, &*self.clock, &key, |there| {
            Ok(there.and_then(decide))
        });
        if let Changed::Written(Endpoint { standing: Standing::Disabled { because, .. }, .. }) =
            changed.await?
        {
            disabled::report(&errand.endpoint, because);
        }
        Ok(())
    }

    async fn put_off(&self, errand: &Errand, until: Timestamp) -> Result<(), Failure> {
        let now = self.clock.now();
        let back = health::back_at(until, &*self.jitter);
        if let Some(delivery) = self.change(errand, |there| there.put_off(back, now, self.pace)).await? {
            tracing::info!(delivery.id = delivery.id, %back, "the breaker is open; put off");
            errand::send(&*self.work, &delivery, now).await.map_err(Failure::retry)?;
        }
        Ok(())
    }

    /// Changes the delivery; what stands there then.
    async fn change(
        &self,
        errand: &Errand,
        decide: impl Fn(&Delivery) -> Option<Delivery> + Send + Sync,
    ) -> Result<Option<Delivery>, Failure> {
        let key = store::delivery_key(&errand.endpoint, &errand.delivery);
        let changed = store::change::<Delivery, Failure>(&*self.documents, &*self.clock, &key, |there| {
            Ok(there.and_then(&decide))
        });
        Ok(changed.await?.now())
    }
}

#[cfg(test)]
mod tests;
