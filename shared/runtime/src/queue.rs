//! Queue consumers: one bad message never takes its neighbours along, and a failure says what happens next.

use async_trait::async_trait;
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use events::{Envelope, Event, ReadError};
use futures_util::future::join_all;
use jiff::Timestamp;
use lambda_runtime::LambdaEvent;
use outbound::{DeadLetter, Queue};
use resilience::{BackOff, Clock, Failure, RandomJitter};
use std::sync::Arc;
use std::time::Duration;
use tracing::Instrument as _;

/// One message, read.
#[derive(Debug, Clone)]
pub struct Message {
    /// The envelope as it was published.
    pub envelope: Envelope,
    /// What it says.
    pub event: Event,
    /// How often it was delivered, this time included.
    pub deliveries: u32,
}

impl Message {
    /// Reads an envelope's JSON. Unreadable for good is `Reject`; written by a newer build is `Retry`.
    pub fn read(body: &str, deliveries: u32) -> Result<Self, Failure> {
        let envelope: Envelope = serde_json::from_str(body).map_err(|error| {
            Failure::reject(format!("the message is no envelope: {:?}", error.classify()))
        })?;
        let event = Event::read(&envelope).map_err(|error| match error {
            ReadError::NewerVersion { .. } => Failure::retry(error),
            ReadError::UnknownType { .. } | ReadError::Malformed { .. } => Failure::reject(error),
        })?;
        Ok(Self { envelope, event, deliveries })
    }
}

/// What a function does with a message. Every consumer tolerates duplicates, reordering and gaps.
#[async_trait]
pub trait Consumer: Send + Sync {
    /// Handles one message.
    async fn consume(&self, message: &Message) -> Result<(), Failure>;
}

/// What a function does with a message's body. Every [`Consumer`] of events is one; a queue of work that is no event
/// has one of its own.
#[async_trait]
pub trait Handler: Send + Sync {
    /// Handles one message, which was delivered so often, this time included.
    async fn handle(&self, body: &str, deliveries: u32) -> Result<(), Failure>;
}

#[async_trait]
impl<C: Consumer> Handler for C {
    async fn handle(&self, body: &str, deliveries: u32) -> Result<(), Failure> {
        let message = Message::read(body, deliveries)?;
        let span = tracing::Span::current();
        span.record("order.id", &message.envelope.subject);
        span.record("event.id", message.envelope.id.as_str());
        if let Some(traceparent) = &message.envelope.traceparent {
            span.record("traceparent", traceparent.as_str());
        }
        self.consume(&message).await
    }
}

/// A queue function: its queue, its patience, and what consumes.
pub struct Worker {
    /// The function's name, for dead letters.
    pub function: &'static str,
    /// Its queue and dead-letter queue.
    pub queue: Arc<dyn Queue>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// A message that still fails this long after it was sent is set aside.
    pub give_up_after: Duration,
    /// What consumes.
    pub consumer: Arc<dyn Handler>,
}

impl Worker {
    /// Handles a batch; the answer names the messages that are to come back.
    pub async fn work(&self, batch: SqsEvent) -> SqsBatchResponse {
        let mut response = SqsBatchResponse::default();
        let outcomes = join_all(batch.records.iter().map(|record| self.handle(record))).await;
        for (record, comes_back) in batch.records.iter().zip(outcomes) {
            if comes_back {
                response.add_failure(record.message_id.clone().unwrap_or_default());
            }
        }
        response
    }

    async fn handle(&self, record: &SqsMessage) -> bool {
        let body = record.body.as_deref().unwrap_or_default();
        let deliveries =
            record.attributes.get("ApproximateReceiveCount").and_then(|n| n.parse().ok()).unwrap_or(1);
        let span = tracing::info_span!(
            "message",
            message.id = record.message_id.as_deref().unwrap_or_default(),
            message.deliveries = deliveries,
            order.id = tracing::field::Empty,
            event.id = tracing::field::Empty,
            traceparent = tracing::field::Empty,
        );
        async {
            match self.consumer.handle(body, deliveries).await {
                Ok(()) => false,
                Err(failure) => self.after(failure, record, deliveries).await,
            }
        }
        .instrument(span)
        .await
    }

    /// Obeys a failure. `true`: the message comes back.
    async fn after(&self, failure: Failure, record: &SqsMessage, deliveries: u32) -> bool {
        let (reason, after) = match failure {
            Failure::Reject { reason } => return self.set_aside(record, reason).await,
            Failure::Retry { reason, after } => (reason, after),
        };
        if self.is_too_old(record) {
            return self
                .set_aside(record, format!("given up after {}s: {reason}", self.give_up_after.as_secs()))
                .await;
        }
        let wait = after.unwrap_or_else(|| BackOff::MESSAGE.wait(deliveries, &RandomJitter));
        tracing::warn!(failure = "retry", reason, wait_seconds = wait.as_secs(), "the message comes back");
        let receipt = record.receipt_handle.as_deref().unwrap_or_default();
        if let Err(error) = self.queue.put_off(receipt, wait).await {
            tracing::warn!(%error, "the message comes back after the queue's own visibility time-out");
        }
        true
    }

    async fn set_aside(&self, record: &SqsMessage, reason: String) -> bool {
        tracing::error!(failure = "reject", reason, "the message is set aside in the dead-letter queue");
        let letter = DeadLetter {
            body: record.body.clone().unwrap_or_default(),
            reason,
            function: self.function.to_owned(),
        };
        match self.queue.set_aside(&letter).await {
            Ok(()) => false,
            Err(error) => {
                tracing::error!(%error, "the dead-letter queue is out; the message comes back");
                true
            }
        }
    }

    fn is_too_old(&self, record: &SqsMessage) -> bool {
        let sent = record
            .attributes
            .get("SentTimestamp")
            .and_then(|text| text.parse().ok())
            .and_then(|millis| Timestamp::from_millisecond(millis).ok());
        sent.is_some_and(|sent| {
            self.clock.now().duration_since(sent).unsigned_abs() > self.give_up_after
                && self.clock.now() > sent
        })
    }
}

/// Runs a queue function until the platform ends it.
pub async fn run(worker: Worker) -> Result<(), crate::Error> {
    let worker = Arc::new(worker);
    lambda_runtime::run(lambda_runtime::service_fn(move |event: LambdaEvent<SqsEvent>| {
        let worker = Arc::clone(&worker);
        async move {
            let span = tracing::info_span!("batch", request_id = event.context.request_id);
            Ok::<_, std::convert::Infallible>(worker.work(event.payload).instrument(span).await)
        }
    }))
    .await
}
