//! Invocations under way: a batch of messages, a batch of a stream, a call of the API, a scheduled run. Each runs until
//! chance stops it.

use super::chance::Chance;
use super::executor::Running;
use super::queues::Received;
use super::streams;
use super::time_limits::in_time;
use super::webhook_senders::STANDARD;
use super::world::{SECRET, Source};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use event_store::{Key, Written};
use jiff::Timestamp;
use outbound::Secret;
use resilience::Failure;
use runtime::http::{Endpoint, Problem, Reply, Request};
use runtime::panics::{caught, guarded};
use runtime::queue::Worker;
use runtime::schedule::Task;
use std::sync::Arc;
use testkit::{RequestBuilder as _, SENDER_SECRET};
use webhooks::{EasyPost, StandardWebhooks, Stripe};

/// A call of the API, which its caller repeats until it has an answer.
#[derive(Clone)]
pub(super) struct Call {
    /// The function that answers it (`world::HTTP_FUNCTIONS`).
    pub(super) operation: &'static str,
    pub(super) request: Request,
    pub(super) ready_at: Timestamp,
    /// The number of events in the stream that it reads, at the time it is sent.
    pub(super) known: usize,
}

impl Call {
    pub(super) fn new(operation: &'static str, request: Request, ready_at: Timestamp) -> Self {
        Self { operation, request, ready_at, known: 0 }
    }

    /// Signs a webhook as it is sent: a receiver rejects a signature that is too old.
    pub(super) fn sign(&mut self, now: Timestamp) {
        let secret = Secret::new(SECRET);
        let (name, signature) = match self.operation {
            "POST /webhooks/stripe" => ("stripe-signature", Stripe::sign(&self.request.body, &secret, now)),
            STANDARD => return self.sign_as_standard(now),
            "POST /webhooks/easypost" => ("x-hmac-signature", EasyPost::sign(&self.request.body, &secret)),
            _ => return,
        };
        self.request = std::mem::replace(&mut self.request, testkit::request("")).header(name, &signature);
    }

    fn sign_as_standard(&mut self, now: Timestamp) {
        let id = Request::header(&self.request, "webhook-id").unwrap_or_default().to_owned();
        let signature = StandardWebhooks::sign(&id, &self.request.body, &Secret::new(SENDER_SECRET), now);
        self.request = std::mem::replace(&mut self.request, testkit::request(""))
            .header("webhook-timestamp", &now.as_second().to_string())
            .header("webhook-signature", &signature.expect("the sender's secret is valid"));
    }
}

/// What an invocation works on.
pub(super) enum Work {
    /// Messages of a queue.
    Messages(&'static str, Vec<Received>),
    /// The index of a source, the number of its records, and the key of one that no reader handles.
    Batch(usize, usize, Option<Key>),
    Call(Call),
    Scheduled,
}

/// The result of an invocation.
pub(super) enum Done {
    Worked(SqsBatchResponse),
    Read(Result<(), Failure>),
    Answered(Result<Reply, Problem>),
    Scheduled,
}

/// An invocation under way.
pub(super) struct Invocation {
    pub(super) work: Work,
    pub(super) running: Running<Done>,
    /// The platform timed it out and gave its work to another invocation. Its result is ignored.
    pub(super) is_zombie: bool,
    /// Chance injected a fault into it.
    pub(super) met_a_fault: bool,
}

impl Invocation {
    fn new(work: Work, running: Running<Done>) -> Self {
        Self { work, running, is_zombie: false, met_a_fault: false }
    }

    pub(super) fn messages(queue: &'static str, received: Vec<Received>, worker: Arc<Worker>) -> Self {
        let mut event = SqsEvent::default();
        event.records = received.iter().map(sqs_message).collect();
        let running = async move { Done::Worked(worker.work(event).await) };
        Self::new(Work::Messages(queue, received), Box::pin(running))
    }

    pub(super) fn batch(place: usize, items: Vec<Written>, count: usize, source: &Source) -> Self {
        let (worker, is_json) = (source.worker.clone(), source.is_json_batch);
        let poison = items.iter().find_map(streams::poison_in);
        let running = async move { Done::Read(guarded(streams::read(&worker, is_json, items)).await) };
        Self::new(Work::Batch(place, count, poison), Box::pin(running))
    }

    /// As `Server` guards its endpoint.
    pub(super) fn call(call: Call, function: Arc<dyn Endpoint>, chance: Chance) -> Self {
        let request = call.request.clone();
        let running = async move { Done::Answered(answer(&*function, request, &chance).await) };
        Self::new(Work::Call(call), Box::pin(running))
    }

    pub(super) fn scheduled(task: Arc<dyn Task>) -> Self {
        // The next run does what a failed run left.
        let running = async move {
            drop(guarded(task.run()).await);
            Done::Scheduled
        };
        Self::new(Work::Scheduled, Box::pin(running))
    }
}

async fn answer(function: &dyn Endpoint, request: Request, chance: &Chance) -> Result<Reply, Problem> {
    in_time(chance, caught(function.answer(request))).await??
}

/// A message as SQS passes it to a function.
fn sqs_message(received: &Received) -> SqsMessage {
    let mut message = SqsMessage::default();
    message.message_id = Some(received.id.to_string());
    message.receipt_handle = Some(received.receipt());
    message.body = Some(received.body.to_string());
    message.attributes = [
        ("ApproximateReceiveCount".to_owned(), received.deliveries.to_string()),
        ("SentTimestamp".to_owned(), received.sent_at.as_millisecond().to_string()),
    ]
    .into();
    message
}
