//! Queue consumers: each message of a batch fails or succeeds alone, and its [`Failure`] decides what happens to it.
//!
//! A message that is not finished when the invocation's time runs out, or whose handling panics, is retried like after any other
//! transient failure. Its neighbours are handled.

use crate::letters::{LetterRecord, LetterRecords};
use crate::outcomes::{Outcome, Outcomes};
use crate::panics::guarded;
use crate::probe::{self, Probe};
use crate::{Settings, correlation, traces};
use async_trait::async_trait;
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use event_store::Documents;
use events::{Envelope, Event, ReadError, ServiceEvent as _};
use futures_util::future::join_all;
use jiff::Timestamp;
use outbound::{DeadLetter, Queue};
use resilience::{BackOff, Clock, Deadline, Failure, RandomJitter, SystemClock};
use std::sync::Arc;
use std::time::Duration;
use tracing::Instrument as _;
use tracing::field::Empty;

/// One message, read.
#[derive(Debug, Clone)]
pub struct Message {
    /// The envelope as it was published.
    pub envelope: Envelope,
    /// The event in it.
    pub event: Event,
    /// How often the message was delivered, this time included.
    pub deliveries: u32,
}

impl Message {
    /// Reads an envelope's JSON. `Retry` if a newer build wrote it, in a newer version or of a type that is new: this build
    /// may still run beside its successor. `Reject` if it cannot be read at all.
    pub fn read(body: &str, deliveries: u32) -> Result<Self, Failure> {
        let envelope: Envelope = json::from_str(body)
            .map_err(|error| Failure::reject(format!("the message is not an envelope: {error}")))?;
        let event = Event::read(&envelope).map_err(|error| match error {
            ReadError::NewerVersion { .. } | ReadError::UnknownType { .. } => Failure::retry(error),
            ReadError::Malformed { .. } => Failure::reject(error),
        })?;
        Ok(Self { envelope, event, deliveries })
    }

    /// Whether the event may have been handled before: the message was delivered before, or an operator replayed the event.
    pub fn is_repeat(&self) -> bool {
        self.deliveries > 1 || self.envelope.replayed.is_some()
    }
}

/// Ignores an event that the step does not handle.
///
/// A subscription's filter takes up to 15 minutes to change, so a queue still receives a type that its step no longer handles.
/// [Amazon SNS, "Message filtering"](https://docs.aws.amazon.com/sns/latest/dg/sns-message-filtering.html)
pub fn ignored(event: &Event) -> Result<(), Failure> {
    let event_type = match event {
        Event::Catalog(event) => event.event_type(),
        Event::Orders(event) => event.event_type(),
        Event::Payments(event) => event.event_type(),
        Event::Inventory(event) => event.event_type(),
        Event::Shipping(event) => event.event_type(),
    };
    tracing::warn!(event_type, "ignored: this function does not handle events of this type");
    Ok(())
}

/// What a function does with an event. Every consumer tolerates duplicates, reordering and gaps.
#[async_trait]
pub trait Consumer: Send + Sync {
    /// Handles one message.
    async fn consume(&self, message: &Message) -> Result<(), Failure>;
}

/// What a function does with a message's body. Every [`Consumer`] is one; a queue whose messages are not events has its own.
#[async_trait]
pub trait Handler: Send + Sync {
    /// Handles one message. `deliveries` is how often it was delivered, this time included.
    async fn handle(&self, body: &str, deliveries: u32) -> Result<(), Failure>;
}

#[async_trait]
impl<C: Consumer> Handler for C {
    async fn handle(&self, body: &str, deliveries: u32) -> Result<(), Failure> {
        let mut message = Message::read(body, deliveries)?;
        let envelope = &mut message.envelope;
        envelope.traceparent = correlation::begin(&envelope.id, envelope.traceparent.as_ref());
        if let Some(replayed) = message.envelope.replayed {
            tracing::Span::current().record("event.replayed", tracing::field::display(replayed));
        }
        self.consume(&message).await
    }
}

/// A queue function: its queue, its consumer, and how long it retries.
pub struct Worker {
    /// The function's name, for dead letters.
    pub function: &'static str,
    /// Its queue and dead-letter queue.
    pub queue: Arc<dyn Queue>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// A message that still fails this long after it was sent is dead-lettered.
    pub give_up_after: Duration,
    /// What handles the messages.
    pub consumer: Arc<dyn Handler>,
    /// Where it is recorded of which order a message was dead-lettered.
    pub records: LetterRecords,
}

impl Worker {
    /// Reads `QUEUE_URL`, `DEAD_LETTER_QUEUE_URL`, `GIVE_UP_AFTER_SECONDS` and `LETTERS_TABLE_NAME`; `queue` makes the adapter of
    /// the two URLs, `table` that of the table.
    pub fn from_settings<D: Documents + 'static>(
        settings: &mut Settings,
        function: &'static str,
        queue: impl FnOnce(&str, &str) -> Arc<dyn Queue>,
        table: impl FnOnce(&str) -> Arc<D>,
        consumer: impl Handler + 'static,
    ) -> Self {
        let (url, dead_letters) = (settings.text("QUEUE_URL"), settings.text("DEAD_LETTER_QUEUE_URL"));
        Self {
            function,
            queue: queue(&url, &dead_letters),
            clock: Arc::new(SystemClock),
            give_up_after: Duration::from_secs(settings.required("GIVE_UP_AFTER_SECONDS")),
            consumer: Arc::new(consumer),
            records: LetterRecords::from_settings(settings, table),
        }
    }

    /// Handles a batch. The response is the SQS *partial batch response*: it names the messages that return to the queue. The event
    /// source must set `ReportBatchItemFailures`, which `local/template/kinds.py` does for every queue function.
    pub async fn work(&self, batch: SqsEvent) -> SqsBatchResponse {
        let mut response = SqsBatchResponse::default();
        let outcomes = join_all(batch.records.iter().map(|record| self.handle(record))).await;
        let mut ages = Vec::new();
        for (record, outcome) in batch.records.iter().zip(&outcomes) {
            match outcome {
                Outcome::Handled => ages.push(self.age(record)),
                Outcome::Retried => response.add_failure(message_id(record)),
                Outcome::DeadLettered => {}
            }
        }
        Outcomes::of(outcomes).report(&ages);
        response
    }

    async fn handle(&self, record: &SqsMessage) -> Outcome {
        let body = record.body.as_deref().unwrap_or_default();
        let deliveries =
            record.attributes.get("ApproximateReceiveCount").and_then(|n| n.parse().ok()).unwrap_or(1);
        // What identifies the message costs as much as the rest of a line, so the lines of a message that is handled at its first
        // delivery do without. Its event is named in every line.
        let is_repeat = deliveries > 1;
        let span = tracing::info_span!(
            "message",
            message.id = is_repeat.then(|| message_id(record)),
            message.deliveries = is_repeat.then_some(deliveries),
            order.id = Empty,
            event.id = Empty,
            event.replayed = Empty,
            trace_id = Empty,
            otel.kind = Empty,
            otel.span_id = Empty,
            otel.parent_id = Empty,
            otel.failed = Empty,
        );
        async {
            let outcome = match guarded(self.consumer.handle(body, deliveries)).await {
                Ok(()) => Outcome::Handled,
                Err(failure) => self.hand_back(failure, record, deliveries).await,
            };
            if outcome == Outcome::Retried {
                self.report_age(record);
            }
            outcome
        }
        .instrument(span)
        .await
    }

    /// Does what a failure asks for, within the time that is kept for it.
    async fn hand_back(&self, failure: Failure, record: &SqsMessage, deliveries: u32) -> Outcome {
        let span = tracing::Span::current();
        span.record("message.id", message_id(record)).record("message.deliveries", deliveries);
        span.record("otel.failed", true);
        // On the heap, because few messages fail and every message's future would be as large.
        let after = guarded(async { Ok(Box::pin(self.after(failure, record, deliveries)).await) });
        let handed_back = match Deadline::current() {
            Some(deadline) => deadline.of_hand_back().scope(after).await,
            None => after.await,
        };
        handed_back.unwrap_or_else(|error| {
            tracing::error!(%error, "the message returns after the queue's own visibility timeout");
            Outcome::Retried
        })
    }

    /// Does what a failure asks for.
    async fn after(&self, failure: Failure, record: &SqsMessage, deliveries: u32) -> Outcome {
        let (reason, after) = match failure {
            Failure::Reject { reason } => return self.dead_letter(record, reason).await,
            Failure::Retry { reason, after } => (reason, after),
        };
        if self.is_too_old(record) {
            return self
                .dead_letter(record, format!("given up after {}s: {reason}", self.give_up_after.as_secs()))
                .await;
        }
        let wait = after.unwrap_or_else(|| BackOff::MESSAGE.wait(deliveries, &RandomJitter));
        tracing::warn!(
            failure = "retry",
            reason,
            wait_seconds = wait.as_secs(),
            "the message returns to the queue"
        );
        let receipt = record.receipt_handle.as_deref().unwrap_or_default();
        if let Err(error) = self.queue.retry_after(receipt, wait).await {
            tracing::warn!(%error, "the message returns after the queue's own visibility timeout");
        }
        Outcome::Retried
    }

    async fn dead_letter(&self, record: &SqsMessage, reason: String) -> Outcome {
        tracing::error!(failure = "reject", reason, "the message is moved to the dead-letter queue");
        let letter = DeadLetter {
            body: record.body.clone().unwrap_or_default(),
            reason,
            function: self.function.to_owned(),
            message_id: message_id(record).to_owned(),
        };
        match self.queue.dead_letter(&letter).await {
            Ok(()) => {
                self.record(letter).await;
                Outcome::DeadLettered
            }
            Err(error) => {
                tracing::error!(%error, "the dead-letter queue is out; the message returns to its queue");
                Outcome::Retried
            }
        }
    }

    /// After the letter: see [`crate::letters`].
    async fn record(&self, letter: DeadLetter) {
        let subject = json::from_str::<Envelope>(&letter.body).ok().map(|envelope| envelope.subject);
        let record = LetterRecord {
            function: letter.function,
            reason: letter.reason,
            message_id: letter.message_id,
            at: self.clock.now(),
        };
        self.records.add(subject.as_deref(), &record).await;
    }

    fn is_too_old(&self, record: &SqsMessage) -> bool {
        self.age(record) > self.give_up_after
    }

    /// Writes the line from which the alarm's metric is read. SQS's own age of the oldest message leaves out messages that were
    /// received several times.
    fn report_age(&self, record: &SqsMessage) {
        tracing::info!(
            metric = "RetriedMessageAge",
            metric.by = "function",
            metric.unit = "Seconds",
            metric.value = self.age(record).as_secs(),
            "the message was not handled and waits for its next delivery"
        );
    }

    /// The time since the message was sent.
    fn age(&self, record: &SqsMessage) -> Duration {
        let sent = record
            .attributes
            .get("SentTimestamp")
            .and_then(|text| text.parse().ok())
            .and_then(|millis| Timestamp::from_millisecond(millis).ok());
        let age = sent.map(|sent| self.clock.now().duration_since(sent));
        age.and_then(|age| Duration::try_from(age).ok()).unwrap_or_default()
    }
}

fn message_id(record: &SqsMessage) -> &str {
    record.message_id.as_deref().unwrap_or_default()
}

/// Runs a queue function until the platform ends it.
pub async fn run(worker: Worker, probe: Probe) -> Result<(), crate::Error> {
    let worker = Arc::new(worker);
    probe::run(probe, parse_sample, move |batch: SqsEvent, context| {
        let worker = Arc::clone(&worker);
        async move {
            let span = tracing::info_span!("batch", request_id = context.request_id);
            let work = async {
                let response = worker.work(batch).await;
                traces::export().await;
                response
            };
            let work = work.instrument(span);
            Ok(crate::time_left::deadline(&context).scope(work).await)
        }
    })
    .await
}

/// What a probe parses: a batch with one event.
const SAMPLE: &str = include_str!("../../../events/take-payment/order-expired.json");

pub(crate) fn parse_sample() -> Result<(), crate::Error> {
    let batch: SqsEvent = json::from_str(SAMPLE)?;
    for message in batch.records {
        Message::read(message.body.as_deref().unwrap_or_default(), 1)?;
    }
    Ok(())
}
