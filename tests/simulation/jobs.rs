//! Work under way: a delivery, a batch, a call from outside, a sweep. Each runs until chance stops it.

use super::executor::Running;
use super::world::SECRET;
use event_store::Written;
use events::Envelope;
use jiff::Timestamp;
use outbound::Secret;
use resilience::Failure;
use runtime::http::{Endpoint, Problem, Reply, Request};
use runtime::queue::{Consumer, Message};
use runtime::schedule::Task;
use runtime::stream::{Poison, Reader};
use std::sync::Arc;
use testkit::RequestBuilder as _;
use webhooks::{EasyPost, Stripe};

/// A message that waits in a queue.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) queue: &'static str,
    pub(super) body: Arc<str>,
    /// For the trace and for people.
    pub(super) about: Arc<Envelope>,
    pub(super) deliveries: u32,
    /// It is not visible before.
    pub(super) ready_at: Timestamp,
}

/// A call from outside, which is made again until it has an answer.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) door: &'static str,
    pub(super) request: Request,
    pub(super) ready_at: Timestamp,
}

impl Call {
    /// A webhook is signed when it is sent: a receiver takes no old signature.
    pub(super) fn sign(&mut self, now: Timestamp) {
        let secret = Secret::new(SECRET);
        let (name, signature) = match self.door {
            "POST /webhooks/stripe" => ("stripe-signature", Stripe::sign(&self.request.body, &secret, now)),
            "POST /webhooks/easypost" => ("x-hmac-signature", EasyPost::sign(&self.request.body, &secret)),
            _ => return,
        };
        self.request = std::mem::replace(&mut self.request, testkit::request("")).header(name, &signature);
    }
}

/// What is being worked on.
pub(super) enum Work {
    Message(Waiting),
    /// The place of a source, and how many of its records.
    Batch(usize, usize),
    Call(Call),
    Sweep,
}

/// What came of it.
pub(super) enum Done {
    Consumed(Result<(), Failure>),
    Read(Result<Vec<Poison>, Failure>),
    Answered(Result<Reply, Problem>),
    Swept,
}

/// A handler under way.
pub(super) struct Job {
    pub(super) work: Work,
    pub(super) running: Running<Done>,
    /// Its work was given to another; whatever it says is not heard.
    pub(super) is_zombie: bool,
}

impl Job {
    fn new(work: Work, running: Running<Done>) -> Self {
        Self { work, running, is_zombie: false }
    }

    pub(super) fn message(waiting: Waiting, consumer: Arc<dyn Consumer>) -> Self {
        let (body, deliveries) = (waiting.body.clone(), waiting.deliveries);
        let running = async move {
            let read = Message::read(&body, deliveries);
            Done::Consumed(match read {
                Ok(message) => consumer.consume(&message).await,
                Err(failure) => Err(failure),
            })
        };
        Self::new(Work::Message(waiting), Box::pin(running))
    }

    pub(super) fn batch(place: usize, items: Vec<Written>, count: usize, reader: Arc<dyn Reader>) -> Self {
        let records = items.into_iter().map(super::queues::record).collect();
        let running = async move { Done::Read(reader.read(records).await) };
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
