//! The ports of a step in the model: each call is numbered, its answer is kept, and at any of them the step can be
//! stopped, refused, or lose its answer.
//!
//! A step is deterministic given the answers of its ports. One that was stopped is therefore nothing but its work and
//! the answers it has had: to go on with it, it runs again from its start, is given those answers, and then asks the
//! world as it stands by now.

use crate::cell::Outside;
use async_trait::async_trait;
use event_store::{
    AppendError, Counters, Counts, Document, Documents, EventStore, Key, Memory, StoreError, StreamId,
    Transaction, TransactionError,
};
use events::Envelope;
use jiff::Timestamp;
use outbound::{Answer, Call, CallError, Method, Transport};
use std::any::Any;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use testkit::{Effect, Fault, now};

/// What becomes of one call of a step; the number is the call's, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Trouble {
    /// The step stops before it.
    StopBefore(u8),
    /// The step stops after it took effect and before the answer is there.
    StopAfter(u8),
    /// It takes no effect, and nobody answers.
    Fail(u8),
    /// It takes effect, and nobody answers.
    LoseReply(u8),
    /// The provider answers 500 and does nothing.
    ErrorBefore(u8),
    /// The provider does it and answers 500.
    ErrorAfter(u8),
}

impl Trouble {
    fn at(self, place: usize) -> bool {
        let (Self::StopBefore(at)
        | Self::StopAfter(at)
        | Self::Fail(at)
        | Self::LoseReply(at)
        | Self::ErrorBefore(at)
        | Self::ErrorAfter(at)) = self;
        usize::from(at) == place
    }
}

/// A call that a step made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) name: &'static str,
    pub(crate) effect: Effect,
}

impl Asked {
    pub(crate) fn is_of_provider(self) -> bool {
        self.name.starts_with("provider.")
    }
}

/// An answer that a step has had, and a text that is equal for equal ones.
#[derive(Clone)]
pub(crate) struct Heard {
    value: Arc<dyn Any + Send + Sync>,
    pub(crate) text: String,
}

/// What the step has asked and heard so far.
#[derive(Default)]
struct Reel {
    asked: Vec<Asked>,
    heard: Vec<Heard>,
    trouble: Option<Trouble>,
    is_stopped: bool,
}

/// One service's table and provider, as one run of a step sees them.
pub(crate) struct Wire {
    pub(crate) table: Arc<Memory>,
    outside: Outside,
    reel: Mutex<Reel>,
}

enum Turn {
    Heard(Heard),
    Live(Option<Trouble>),
}

impl Wire {
    pub(crate) fn new(
        table: Arc<Memory>,
        outside: Outside,
        heard: &[Heard],
        trouble: Option<Trouble>,
    ) -> Arc<Self> {
        let reel = Reel { heard: heard.to_vec(), trouble, ..Reel::default() };
        Arc::new(Self { table, outside, reel: Mutex::new(reel) })
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.reel().is_stopped
    }

    /// The calls of the run, and the answers it got.
    pub(crate) fn finish(&self) -> (Vec<Asked>, Vec<Heard>) {
        let reel = self.reel();
        (reel.asked.clone(), reel.heard.clone())
    }

    fn reel(&self) -> MutexGuard<'_, Reel> {
        self.reel.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn(&self, asked: Asked) -> Turn {
        let mut reel = self.reel();
        let place = reel.asked.len();
        reel.asked.push(asked);
        if let Some(heard) = reel.heard.get(place) {
            return Turn::Heard(heard.clone());
        }
        Turn::Live(reel.trouble.filter(|trouble| trouble.at(place)))
    }

    fn keep<T: Debug + Clone + Send + Sync + 'static>(&self, answer: T) -> T {
        let heard = Heard { text: format!("{answer:?}"), value: Arc::new(answer.clone()) };
        self.reel().heard.push(heard);
        answer
    }

    async fn stop<T>(&self) -> T {
        self.reel().is_stopped = true;
        std::future::pending().await
    }

    async fn ask<T: Debug + Clone + Send + Sync + 'static>(
        &self,
        name: &'static str,
        effect: Effect,
        live: impl Future<Output = T> + Send,
        failed: impl FnOnce() -> T + Send,
    ) -> T {
        self.ask_with(name, effect, |_| live, failed).await
    }

    async fn ask_with<T: Debug + Clone + Send + Sync + 'static, F: Future<Output = T> + Send>(
        &self,
        name: &'static str,
        effect: Effect,
        live: impl FnOnce(Option<Trouble>) -> F + Send,
        failed: impl FnOnce() -> T + Send,
    ) -> T {
        match self.turn(Asked { name, effect }) {
            Turn::Heard(heard) => match heard.value.downcast_ref::<T>() {
                Some(answer) => answer.clone(),
                // Another question than the last time: a step that is not deterministic cannot be explored.
                None => self.stop().await,
            },
            Turn::Live(Some(Trouble::StopBefore(_))) => self.stop().await,
            Turn::Live(Some(Trouble::Fail(_))) => self.keep(failed()),
            Turn::Live(Some(Trouble::StopAfter(_))) => {
                live(None).await;
                self.stop().await
            }
            Turn::Live(Some(Trouble::LoseReply(_))) => {
                live(None).await;
                self.keep(failed())
            }
            Turn::Live(trouble @ (Some(Trouble::ErrorBefore(_) | Trouble::ErrorAfter(_)) | None)) => {
                let answer = live(trouble).await;
                self.keep(answer)
            }
        }
    }
}

fn out() -> StoreError {
    StoreError::Unavailable("told to fail".to_owned())
}

/// Nothing that is decided depends on when an event was written (see `Act`), so all are written at the same time: two
/// worlds that differ by it alone are one.
fn at_the_beginning(envelope: &Envelope) -> Envelope {
    Envelope { time: now(), ..envelope.clone() }
}

#[async_trait]
impl EventStore for Wire {
    async fn read(&self, stream: &StreamId) -> Result<Vec<Envelope>, StoreError> {
        self.ask("store.read", Effect::Read, self.table.read(stream), || Err(out())).await
    }

    async fn append(&self, stream: &StreamId, envelope: &Envelope) -> Result<(), AppendError> {
        let envelope = at_the_beginning(envelope);
        let live = self.table.append(stream, &envelope);
        self.ask("store.append", Effect::Write, live, || Err(out().into())).await
    }
}

#[async_trait]
impl Documents for Wire {
    async fn get(&self, key: &Key) -> Result<Option<Document>, StoreError> {
        self.ask("documents.get", Effect::Read, self.table.get(key), || Err(out())).await
    }

    async fn get_many(&self, keys: &[Key]) -> Result<Vec<(Key, Document)>, StoreError> {
        self.ask("documents.get_many", Effect::Read, self.table.get_many(keys), || Err(out())).await
    }

    async fn put(&self, key: &Key, document: &Document) -> Result<(), StoreError> {
        self.ask("documents.put", Effect::Write, self.table.put(key, document), || Err(out())).await
    }

    async fn put_new(&self, key: &Key, document: &Document) -> Result<bool, StoreError> {
        self.ask("documents.put_new", Effect::Write, self.table.put_new(key, document), || Err(out())).await
    }

    async fn put_newer(&self, key: &Key, document: &Document) -> Result<bool, StoreError> {
        let live = self.table.put_newer(key, document);
        self.ask("documents.put_newer", Effect::Write, live, || Err(out())).await
    }

    async fn list(&self, pk: &str, prefix: &str) -> Result<Vec<(Key, Document)>, StoreError> {
        self.ask("documents.list", Effect::Read, self.table.list(pk, prefix), || Err(out())).await
    }

    async fn delete(&self, key: &Key) -> Result<(), StoreError> {
        self.ask("documents.delete", Effect::Write, self.table.delete(key), || Err(out())).await
    }
}

#[async_trait]
impl Counters for Wire {
    async fn counts(&self, key: &Key) -> Result<Option<Counts>, StoreError> {
        self.ask("counters.counts", Effect::Read, self.table.counts(key), || Err(out())).await
    }

    async fn set(
        &self,
        key: &Key,
        expected: Option<u64>,
        values: &[(&'static str, i64)],
    ) -> Result<bool, StoreError> {
        let live = self.table.set(key, expected, values);
        self.ask("counters.set", Effect::Write, live, || Err(out())).await
    }

    async fn count_up(&self, key: &Key, expires_at: Timestamp) -> Result<u64, StoreError> {
        let live = self.table.count_up(key, expires_at);
        self.ask("counters.count_up", Effect::Write, live, || Err(out())).await
    }

    async fn commit(&self, transaction: &Transaction) -> Result<(), TransactionError> {
        let mut transaction = transaction.clone();
        if let Some((_, envelope)) = &mut transaction.event {
            *envelope = at_the_beginning(envelope);
        }
        let live = self.table.commit(&transaction);
        self.ask("counters.commit", Effect::Write, live, || Err(out().into())).await
    }
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, call: Call) -> Result<Answer, CallError> {
        let (name, effect) = match call.method {
            Method::Get => ("provider.ask", Effect::Read),
            Method::Post | Method::Delete => ("provider.do", Effect::Write),
        };
        let timeout = call.timeout;
        let live = |trouble| async move { Sent(send(&self.outside, call, trouble).await) };
        self.ask_with(name, effect, live, || Sent(Err(CallError::TimedOut(timeout)))).await.0
    }
}

/// What a provider sent. Its text is all of it: two answers that differ in their bodies are two.
#[derive(Clone)]
struct Sent(Result<Answer, CallError>);

impl Debug for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Ok(answer) => write!(f, "{} {}", answer.status, String::from_utf8_lossy(&answer.body)),
            Err(error) => write!(f, "{error:?}"),
        }
    }
}

async fn send(outside: &Outside, call: Call, trouble: Option<Trouble>) -> Result<Answer, CallError> {
    let error = || Answer { status: 500, headers: Vec::new(), body: b"{}".to_vec() };
    match outside {
        Outside::Nobody => Err(CallError::Connection("there is nobody".to_owned())),
        Outside::Stripe(stripe) => {
            // Stripe remembers its 500s under the idempotency key, so it has to make them itself.
            match trouble {
                Some(Trouble::ErrorBefore(_)) => stripe.fail("", 1, Fault::ErrorBefore),
                Some(Trouble::ErrorAfter(_)) => stripe.fail("", 1, Fault::ErrorAfter),
                Some(_) | None => return stripe.send(call).await,
            }
            let answer = stripe.send(call).await;
            stripe.heal();
            answer
        }
        Outside::EasyPost(carrier) => match trouble {
            Some(Trouble::ErrorBefore(_)) => Ok(error()),
            Some(Trouble::ErrorAfter(_)) => carrier.send(call).await.map(|_| error()),
            Some(_) | None => carrier.send(call).await,
        },
    }
}
