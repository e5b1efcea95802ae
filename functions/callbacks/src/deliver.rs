//! `deliver-webhook`: calls an endpoint and records the attempt.
//!
//! - Trigger: a job in the delivery queue. `plan-deliveries`, `schedule-callbacks` and `manage-callbacks` send it, and this
//!   function for the next attempt.
//! - Effect: one call to an address of the allowed networks, signed with every valid secret; then the attempt is recorded in the delivery. The
//!   follow-up comes last: the endpoint's health, disabling the endpoint if it is gone or failed too long, and the next job.
//!   If the endpoint is busy, the message is retried after seconds. If its breaker is open, the delivery is postponed until
//!   after the pause. Neither counts as an attempt.
//! - Publishes: nothing.
//! - Idempotent by the attempt's number, which is recorded once. The endpoint is called at least once: a crash after the call
//!   repeats it under the same `webhook-id`. A duplicate job repeats the follow-up, and each part checks whether it is done.
//! - Retry: the table or the queue is unavailable; the endpoint is busy.
//! - Reject: a message that is not a job. A refusal by the receiver is a failed attempt, not a rejection.

use crate::delivery::{Attempt, Delivery, EndedBecause, JobState, Outcome};
use crate::delivery_job::{self, DeliveryJob};
use crate::disabled::{self, DisabledBecause};
use crate::endpoint::{Endpoint, EndpointState};
use crate::health::{self, Admission, Health};
use crate::lanes::Lanes;
use crate::pace::Pace;
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

/// The retry delay of a busy endpoint. Jitter extends it up to twice as long.
const BUSY_FOR: Duration = Duration::from_secs(2);

/// The step of `deliver-webhook`.
pub struct DeliverWebhook {
    /// Endpoints, deliveries, health.
    pub documents: Arc<dyn Documents>,
    /// The delivery queue.
    pub work: Arc<dyn WorkQueue>,
    /// Calls endpoints, on the allowed networks only.
    pub transport: Arc<dyn Transport>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Spreads the retries of deliveries that failed together.
    pub jitter: Arc<dyn Jitter>,
    /// The time limits.
    pub pace: Pace,
    /// How many calls to one endpoint may be under way at once, and the permits of this process.
    pub lanes: Lanes,
}

#[async_trait]
impl Handler for DeliverWebhook {
    async fn handle(&self, body: &str, _deliveries: u32) -> Result<(), Failure> {
        let job = DeliveryJob::read(body)?;
        let key = store::delivery_key(&job.endpoint, &job.delivery);
        let Some(delivery) = store::read::<Delivery>(&*self.documents, &key).await? else {
            tracing::info!(delivery.id = job.delivery, "the delivery has expired");
            return Ok(());
        };
        match delivery.job_state(job.attempt, self.clock.now()) {
            JobState::Due => self.attempt(&job, &delivery).await,
            JobState::Recorded(outcome) => self.follow_up(&job, &delivery, outcome).await,
            JobState::Ignored => Ok(()),
        }
    }
}

impl DeliverWebhook {
    async fn attempt(&self, job: &DeliveryJob, delivery: &Delivery) -> Result<(), Failure> {
        let endpoint: Option<Endpoint> =
            store::read(&*self.documents, &store::endpoint_key(&job.endpoint)).await?;
        let because = match endpoint.as_ref().map(|endpoint| &endpoint.state) {
            Some(EndpointState::Enabled { .. }) => None,
            Some(EndpointState::Disabled { .. }) => Some(EndedBecause::EndpointDisabled),
            Some(EndpointState::Deleted { .. }) | None => Some(EndedBecause::EndpointDeleted),
        };
        if let Some(because) = because {
            let now = self.clock.now();
            return self.change(job, |delivery| delivery.ended(because, now)).await.map(|_| ());
        }
        // Held until the attempt is recorded.
        let _permit = self.lanes.acquire(&job.endpoint, &*self.clock).await;
        match (endpoint, self.admit(job).await?) {
            (Some(endpoint), Admission::Granted(_)) => {
                let (attempt, retry_after) = self.call(&endpoint, delivery, job.attempt).await?;
                let recorded = self.record(job, &attempt, retry_after).await?;
                match recorded {
                    Some(delivery) => self.follow_up(job, &delivery, attempt.outcome).await,
                    None => Ok(()),
                }
            }
            (_, Admission::Busy) => {
                let wait = BUSY_FOR + BUSY_FOR * self.jitter.thousandths().min(1000) / 1000;
                Err(Failure::retry_after("the limit of calls under way to the endpoint is reached", wait))
            }
            (_, Admission::Paused(until)) => self.postpone(job, until).await,
            (None, Admission::Granted(_)) => Ok(()),
        }
    }

    /// Asks the endpoint's health whether the call may be made, and if so stores the lease.
    async fn admit(&self, job: &DeliveryJob) -> Result<Admission, Failure> {
        // Every run of `decide` overwrites it. After `change` has succeeded it holds the decision that was stored.
        let admission = Mutex::new(Admission::Busy);
        let key = store::health_key(&job.endpoint);
        let decide = |stored: Option<&Health>| {
            let (now, until) = (self.clock.now(), later(self.clock.now(), self.pace.lease()));
            let unknown = Health::default();
            let health = stored.unwrap_or(&unknown);
            let decided = health.admit(&job.delivery, job.attempt, self.lanes.width, now, until);
            *admission.lock().unwrap_or_else(PoisonError::into_inner) = decided.clone();
            Ok(match decided {
                Admission::Granted(new) => Some(new).filter(|new| stored != Some(new)),
                Admission::Busy | Admission::Paused(_) => None,
            })
        };
        store::change::<Health, Failure>(&*self.documents, &*self.clock, &key, decide).await?;
        Ok(admission.into_inner().unwrap_or_else(PoisonError::into_inner))
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
        let retry_after = answer.as_ref().ok().and_then(|answer| retry_after(answer, now));
        let outcome = match answer {
            Ok(answer) => Outcome::Status(answer.status),
            Err(CallError::TimedOut(_)) => Outcome::TimedOut,
            // Says nothing about the endpoint, so it is no attempt.
            Err(error @ CallError::CutShort(_)) => return Err(Failure::retry(error)),
            // `Paused` does not occur: this transport has no breaker, since each endpoint has its own.
            Err(CallError::Connection(_) | CallError::Paused(_)) => Outcome::ConnectionFailed,
            // The URL's text was checked when it was registered, so only its address can be refused.
            Err(CallError::Invalid(_)) => Outcome::AddressRefused,
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
        Ok((Attempt { number, at, latency_ms, outcome }, retry_after))
    }

    async fn record(
        &self,
        job: &DeliveryJob,
        attempt: &Attempt,
        retry_after: Option<Duration>,
    ) -> Result<Option<Delivery>, Failure> {
        let now = self.clock.now();
        self.change(job, |delivery| {
            delivery.with_attempt(attempt, retry_after, now, self.pace, &*self.jitter)
        })
        .await
    }

    /// Completes what follows a recorded attempt. Each part checks whether it is done.
    async fn follow_up(
        &self,
        job: &DeliveryJob,
        delivery: &Delivery,
        outcome: Outcome,
    ) -> Result<(), Failure> {
        let now = self.clock.now();
        let key = store::health_key(&job.endpoint);
        let changed = store::change::<Health, Failure>(&*self.documents, &*self.clock, &key, |stored| {
            Ok(stored
                .and_then(|health| health.with_result(&job.delivery, job.attempt, outcome.is_success(), now)))
        });
        let health = changed.await?.stored().unwrap_or_default();
        if !outcome.is_success() {
            self.disable_if_dead(job, outcome, &health, now).await?;
        }
        if delivery.attempted == job.attempt {
            delivery_job::send(&*self.work, delivery, now).await.map_err(Failure::retry)?;
        }
        Ok(())
    }

    async fn disable_if_dead(
        &self,
        job: &DeliveryJob,
        outcome: Outcome,
        health: &Health,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let decide = |endpoint: &Endpoint| {
            let EndpointState::Enabled { since } = endpoint.state else { return None };
            let because = match outcome {
                Outcome::Status(410) => DisabledBecause::Gone,
                _ if health.has_failed_too_long(since, now) => DisabledBecause::Failing,
                Outcome::Status(_)
                | Outcome::TimedOut
                | Outcome::ConnectionFailed
                | Outcome::AddressRefused => return None,
            };
            endpoint.disabled(because, now)
        };
        let key = store::endpoint_key(&job.endpoint);
        let changed = store::change::<Endpoint, Failure>(&*self.documents, &*self.clock, &key, |stored| {
            Ok(stored.and_then(decide))
        });
        if let Changed::Written(Endpoint { state: EndpointState::Disabled { because, .. }, .. }) =
            changed.await?
        {
            disabled::report(&job.endpoint, because);
        }
        Ok(())
    }

    async fn postpone(&self, job: &DeliveryJob, until: Timestamp) -> Result<(), Failure> {
        let now = self.clock.now();
        let next_at = health::due_after_pause(until, &*self.jitter);
        if let Some(delivery) =
            self.change(job, |delivery| delivery.postponed(next_at, now, self.pace)).await?
        {
            tracing::info!(delivery.id = delivery.id, %next_at, "the breaker is open; the delivery is postponed");
            delivery_job::send(&*self.work, &delivery, now).await.map_err(Failure::retry)?;
        }
        Ok(())
    }

    /// Changes the delivery, and returns what is stored afterwards.
    async fn change(
        &self,
        job: &DeliveryJob,
        decide: impl Fn(&Delivery) -> Option<Delivery> + Send + Sync,
    ) -> Result<Option<Delivery>, Failure> {
        let key = store::delivery_key(&job.endpoint, &job.delivery);
        let changed = store::change::<Delivery, Failure>(&*self.documents, &*self.clock, &key, |stored| {
            Ok(stored.and_then(&decide))
        });
        Ok(changed.await?.stored())
    }
}

#[cfg(test)]
mod tests;
