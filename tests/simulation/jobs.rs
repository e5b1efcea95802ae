//! Work under way: a delivery, a batch, a call from outside, a sweep. Each runs until chance stops it.

use super::executor::Running;
use super::mailroom::Taken;
use super::senders::STANDARD;
use super::streams;
use super::world::{SECRET, Source};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use event_store::Written;
use jiff::Timestamp;
use outbound::Secret;
use resilience::Failure;
use runtime::http::{Endpoint, Problem, Reply, Request};
use runtime::queue::Worker;
use runtime::schedule::Task;
use std::sync::Arc;
use testkit::{RequestBuilder as _, SENDER_SECRET};
use webhooks::{EasyPost, StandardWebhooks, Stripe};

/// A call from outside, which is made again until it has an answer.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) door: &'static str,
    pub(super) request: Request,
    pub(super) ready_at: Timestamp,
    /// How many events there were of what it asks for when it was sent.
    pub(super) known: usize,
}

impl Call {
    pub(super) fn new(door: &'static str, request: Request, ready_at: Timestamp) -> Self {
        Self { door, request, ready_at, known: 0 }
    }

    /// A webhook is signed when it is sent: a receiver takes no old signature.
    pub(super) fn sign(&mut self, now: Timestamp) {
        let secret = Secret::new(SECRET);
        let (name, signature) = match self.door {
            "POST /webhooks/stripe" => ("stripe-signature", Stripe::sign(&self.request.body, &secret, now)),
            STANDARD => return self.sign_as_standard(now),
            "POST /webhooks/easypost" => ("x-hmac-signature", EasyPost::sign(&self.request.body, &secret)),
            _ => return,
        };
        self.request = std::mem::replace(&mut self.request, testkit::request("")).header(name, &signature);
    }
}

impl Call {
    fn sign_as_standard(&mut self, now: Timestamp) {
        let id = Request::header(&self.request, "webhook-id").unwrap_or_default().to_owned();
        let signature = StandardWebhooks::sign(&id, &self.request.body, &Secret::new(SENDER_SECRET), now);
        self.request = std::mem::replace(&mut self.request, testkit::request(""))
            .header("webhook-timestamp", &now.as_second().to_string())
            .header("webhook-signature", &signature.expect("the sender's secret is sound"));
    }
}

/// What is being worked on.
pub(super) enum Work {
    /// Messages of a queue.
    Messages(&'static str, Vec<Taken>),
    /// The place of a source, and how many of its records.
    Batch(usize, usize),
    Call(Call),
    Sweep,
}

/// What came of it.
pub(super) enum Done {
    Worked(SqsBatchResponse),
    Read(Result<(), Failure>),
    Answered(Result<Reply, Problem>),
    Swept,
}

/// A handler under way.
pub(super) struct Job {
    pub(super) work: Work,
    pub(super) running: Running<Done>,
    /// Its work was given to another; whatever it says is not heard.
    pub(super) is_zombie: bool,
    /// Something went wrong for it that the world did.
    pub(super) met_a_fault: bool,
}

impl Job {
    fn new(work: Work, running: Running<Done>) -> Self {
        Self { work, running, is_zombie: false, met_a_fault: false }
    }

    pub(super) fn messages(queue: &'static str, taken: Vec<Taken>, worker: Arc<Worker>) -> Self {
        let mut event = SqsEvent::default();
        event.records = taken.iter().map(delivery).collect();
        let running = async move { Done::Worked(worker.work(event).await) };
        Self::new(Work::Messages(queue, taken), Box::pin(running))
    }

    pub(super) fn batch(place: usize, items: Vec<Written>, count: usize, source: &Source) -> Self {
        let (worker, spells_out) = (source.worker.clone(), source.spells_out);
        let running = async move { Done::Read(streams::read(&worker, spells_out, items).await) };
        Self::new(Work::Batch(place, count), Box::pin(running))
    }

    pub(super) fn call(call: Call, door: Arc<dyn Endpoint>) -> Self {
        let request = call.request.clone();
        let running = async move { Done::Answered(door.answer(request).await) };
        Self::new(Work::Call(call), Box::pin(running))
    }

    pub(super) fn sweep(task: Arc<dyn Task>) -> Self {
        // A sweep that fails is made again by the next one.
        let running = async move {
            drop(task.run().await);
            Done::Swept
        };
        Self::new(Work::Sweep, Box::pin(running))
    }
}

/// A message as the platform hands it to a function.
fn delivery(taken: &Taken) -> SqsMessage {
    let mut message = SqsMessage::default();
    message.message_id = Some(taken.ticket.to_string());
    message.receipt_handle = Some(taken.receipt());
    message.body = Some(taken.body.to_string());
    message.attributes = [
        ("ApproximateReceiveCount".to_owned(), taken.deliveries.to_string()),
        ("SentTimestamp".to_owned(), taken.sent_at.as_millisecond().to_string()),
    ]
    .into();
    message
}
