//! `deliver-webhook`: calls an endpoint and records the attempt.
//!
//! - Trigger: a job in the delivery queue. `plan-deliveries`, `schedule-callbacks` and `manage-callbacks` send it. This function
//!   sends none, so that Lambda finds no loop in it.
//! - Effect: one call to an address of the allowed networks, signed with every valid secret; then the attempt is recorded in the delivery. The
//!   follow-up comes last: the endpoint's health, and disabling the endpoint if it is gone or failed too long. If the endpoint
//!   is busy or its breaker is open, the delivery is deferred to its place in the endpoint's line. That counts as no attempt.
//! - Publishes: nothing.
//! - Idempotent by the attempt's number, which is recorded once. The endpoint is called at least once: a crash after the call
//!   repeats it under the same `webhook-id`. A redelivered job repeats the follow-up of the last attempt, and each part checks
//!   whether it is done. A job that another one has replaced does nothing.
//! - Retry: the delivery waits for minutes, so its message waits in the queue; the table is unavailable.
//! - Reject: a message that is not a job. A refusal by the receiver is a failed attempt, not a rejection.

use crate::attempt::{Attempt, Outcome};
use crate::delivery::{Delivery, EndedBecause};
use crate::delivery_job::{DeliveryJob, wait_until};
use crate::disabled::{self, DisabledBecause};
use crate::endpoint::{Endpoint, EndpointState};
use crate::health::{Admission, Health};
use crate::lanes::Lanes;
use crate::pace::Pace;
use crate::retry::{later, retry_after};
use crate::store::{self, Changed};
use async_trait::async_trait;
use event_store::Documents;
use jiff::Timestamp;
use outbound::{Call, CallError, Method, Transport};
use resilience::{Clock, Failure, Jitter};
use runtime::correlation;
use runtime::queue::Handler;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use webhooks::StandardWebhooks;

/// The step of `deliver-webhook`.
pub struct DeliverWebhook {
    /// Endpoints, deliveries, health.
    pub documents: Arc<dyn Documents>,
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
        if let Some(of) = &delivery.of {
            correlation::begin(&of.id, of.traceparent.as_ref());
        }
        if delivery.message != job.message {
            tracing::info!(delivery.id = delivery.id, job.message, "another message has this delivery now");
            return Ok(());
        }
        // A run that recorded it may have stopped before the follow-up.
        if let Some(last) = delivery.last_attempt() {
            self.follow_up(&job, last).await?;
        }
        let left = if delivery.is_due(self.clock.now()) {
            self.attempt(&job, &delivery).await?
        } else {
            Some(delivery)
        };
        match left.and_then(|delivery| delivery.in_queue_until(job.message)) {
            Some(next_at) => {
                let wait = wait_until(next_at, self.clock.now());
                Err(Failure::retry_after("the delivery waits for its next attempt", wait))
            }
            None => Ok(()),
        }
    }
}

impl DeliverWebhook {
    /// Makes the attempt, or defers it. Returns the delivery that is stored afterwards.
    async fn attempt(&self, job: &DeliveryJob, delivery: &Delivery) -> Result<Option<Delivery>, Failure> {
        let endpoint: Option<Endpoint> =
            store::read(&*self.documents, &store::endpoint_key(&job.endpoint)).await?;
        let endpoint = match endpoint.as_ref().map(|endpoint| &endpoint.state) {
            Some(EndpointState::Enabled { .. }) => endpoint,
            Some(EndpointState::Disabled { .. }) => {
                return self.end(job, EndedBecause::EndpointDisabled).await;
            }
            Some(EndpointState::Deleted { .. }) | None => None,
        };
        let Some(endpoint) = endpoint else { return self.end(job, EndedBecause::EndpointDeleted).await };
        let number = delivery.attempted + 1;
        // Held until the attempt is recorded.
        let _permit = self.lanes.acquire(&job.endpoint, &*self.clock).await;
        let now = self.clock.now();
        let keep = |delivery: &Delivery| delivery.kept(job.message, now, self.pace.run());
        if keep(delivery).is_some() {
            let kept = self.change(job, keep).await?;
            if kept.is_none_or(|kept| kept.message != job.message) {
                return Ok(None);
            }
        }
        match self.admit(job, number).await? {
            Admission::Granted(_) => {
                let (attempt, retry_after) = self.call(&endpoint, delivery, number).await?;
                let recorded = self.record(job, &attempt, retry_after).await?;
                self.follow_up(job, &attempt).await?;
                Ok(recorded)
            }
            Admission::Busy(_, place) => self.defer(job, place, "it has enough calls under way").await,
            Admission::Paused(_, place) => self.defer(job, place, "its breaker is open").await,
        }
    }

    /// Asks the endpoint's health whether the call may be made, and stores its lease or its place in the line.
    async fn admit(&self, job: &DeliveryJob, number: u32) -> Result<Admission, Failure> {
        // Every run of `decide` overwrites it. After `change` has succeeded it holds the decision that was stored.
        let admission = Mutex::new(Admission::Granted(Health::default()));
        let key = store::health_key(&job.endpoint);
        let decide = |stored: Option<&Health>| {
            let (now, until) = (self.clock.now(), later(self.clock.now(), self.pace.lease()));
            let unknown = Health::default();
            let health = stored.unwrap_or(&unknown);
            let decided = health.admit(&job.delivery, number, self.lanes.width, now, until);
            *admission.lock().unwrap_or_else(PoisonError::into_inner) = decided.clone();
            let (Admission::Granted(new) | Admission::Busy(new, _) | Admission::Paused(new, _)) = decided;
            Ok(Some(new).filter(|new| stored != Some(new)))
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
        self.change(job, |delivery| delivery.with_attempt(attempt, retry_after, now, &*self.jitter)).await
    }

    /// Completes what follows a recorded attempt. Each part checks whether it is done.
    async fn follow_up(&self, job: &DeliveryJob, attempt: &Attempt) -> Result<(), Failure> {
        let (now, outcome) = (self.clock.now(), attempt.outcome);
        let key = store::health_key(&job.endpoint);
        let changed = store::change::<Health, Failure>(&*self.documents, &*self.clock, &key, |stored| {
            let result = |health: &Health| {
                health.with_result(&job.delivery, attempt.number, outcome.is_success(), now)
            };
            Ok(stored.and_then(result))
        });
        let health = changed.await?.stored().unwrap_or_default();
        if !outcome.is_success() {
            self.disable_if_dead(job, outcome, &health, now).await?;
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

    async fn end(&self, job: &DeliveryJob, because: EndedBecause) -> Result<Option<Delivery>, Failure> {
        let now = self.clock.now();
        self.change(job, |delivery| delivery.ended(because, now)).await
    }

    async fn defer(
        &self,
        job: &DeliveryJob,
        place: Timestamp,
        because: &str,
    ) -> Result<Option<Delivery>, Failure> {
        let now = self.clock.now();
        tracing::info!(
            endpoint.id = job.endpoint,
            delivery.id = job.delivery,
            %place,
            "the endpoint gets no call now: {because}"
        );
        self.change(job, |delivery| delivery.deferred(job.message, place, now, &*self.jitter)).await
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
