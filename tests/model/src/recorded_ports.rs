//! The ports of a step in the model. Each call is numbered and its answer is recorded. At any call the step can be
//! stopped, or its call can fail or lose its answer.
//!
//! A step is deterministic, given the answers of its ports. So a frozen step is nothing but its work and the answers so
//! far: to resume it, the model runs it again from its start, replays these answers, and then lets it call the world in
//! its current state.

use crate::cell::ProviderTwin;
use async_trait::async_trait;
use event_store::{
    AppendError, Counters, Counts, Document, Documents, EventStore, Key, Memory, Redaction, StoreError,
    StreamId, Transaction, TransactionError,
};
use events::Envelope;
use outbound::{Answer, Call, CallError, Method, Transport};
use std::any::Any;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use testkit::{Effect, Fault, now};

/// A fault at one call of a step. The number is that of the call, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CallFault {
    /// The step stops before it.
    StopBefore(u8),
    /// The step stops after the effect and before the answer.
    StopAfter(u8),
    /// It has no effect, and no answer arrives.
    Fail(u8),
    /// It has its effect, and no answer arrives.
    LoseReply(u8),
    /// The provider answers 500 and does nothing.
    ErrorBefore(u8),
    /// The provider does it, and answers 500.
    ErrorAfter(u8),
}

impl CallFault {
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
pub(crate) struct RecordedCall {
    pub(crate) name: &'static str,
    pub(crate) effect: Effect,
}

impl RecordedCall {
    pub(crate) fn is_of_provider(self) -> bool {
        self.name.starts_with("provider.")
    }
}

/// An answer that a step got, and a text that is equal for equal answers.
#[derive(Clone)]
pub(crate) struct RecordedAnswer {
    value: Arc<dyn Any + Send + Sync>,
    pub(crate) text: String,
}

/// The calls and answers so far.
#[derive(Default)]
struct Recording {
    calls: Vec<RecordedCall>,
    answers: Vec<RecordedAnswer>,
    fault: Option<CallFault>,
    is_stopped: bool,
}

/// One service's table and provider, for one run of a step.
pub(crate) struct RecordedPorts {
    pub(crate) table: Arc<Memory>,
    provider: ProviderTwin,
    recording: Mutex<Recording>,
}

enum Next {
    Replay(RecordedAnswer),
    Live(Option<CallFault>),
}

impl RecordedPorts {
    pub(crate) fn new(
        table: Arc<Memory>,
        provider: ProviderTwin,
        answers: &[RecordedAnswer],
        fault: Option<CallFault>,
    ) -> Arc<Self> {
        let recording = Recording { answers: answers.to_vec(), fault, ..Recording::default() };
        Arc::new(Self { table, provider, recording: Mutex::new(recording) })
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.recording().is_stopped
    }

    /// The calls of the run, and the answers it got.
    pub(crate) fn finish(&self) -> (Vec<RecordedCall>, Vec<RecordedAnswer>) {
        let recording = self.recording();
        (recording.calls.clone(), recording.answers.clone())
    }

    fn recording(&self) -> MutexGuard<'_, Recording> {
        self.recording.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self, call: RecordedCall) -> Next {
        let mut recording = self.recording();
        let place = recording.calls.len();
        recording.calls.push(call);
        if let Some(answer) = recording.answers.get(place) {
            return Next::Replay(answer.clone());
        }
        Next::Live(recording.fault.filter(|fault| fault.at(place)))
    }

    fn keep<T: Debug + Clone + Send + Sync + 'static>(&self, answer: T) -> T {
        let recorded = RecordedAnswer { text: format!("{answer:?}"), value: Arc::new(answer.clone()) };
        self.recording().answers.push(recorded);
        answer
    }

    async fn stop<T>(&self) -> T {
        self.recording().is_stopped = true;
        std::future::pending().await
    }

    async fn call<T: Debug + Clone + Send + Sync + 'static>(
        &self,
        name: &'static str,
        effect: Effect,
        live: impl Future<Output = T> + Send,
        failed: impl FnOnce() -> T + Send,
    ) -> T {
        self.call_with(name, effect, |_| live, failed).await
    }

    async fn call_with<T: Debug + Clone + Send + Sync + 'static, F: Future<Output = T> + Send>(
        &self,
        name: &'static str,
        effect: Effect,
        live: impl FnOnce(Option<CallFault>) -> F + Send,
        failed: impl FnOnce() -> T + Send,
    ) -> T {
        match self.next(RecordedCall { name, effect }) {
            Next::Replay(recorded) => match recorded.value.downcast_ref::<T>() {
                Some(answer) => answer.clone(),
                // Another call than the last time: a step that is not deterministic cannot be explored.
                None => self.stop().await,
            },
            Next::Live(Some(CallFault::StopBefore(_))) => self.stop().await,
            Next::Live(Some(CallFault::Fail(_))) => self.keep(failed()),
            Next::Live(Some(CallFault::StopAfter(_))) => {
                live(None).await;
                self.stop().await
            }
            Next::Live(Some(CallFault::LoseReply(_))) => {
                live(None).await;
                self.keep(failed())
            }
            Next::Live(fault @ (Some(CallFault::ErrorBefore(_) | CallFault::ErrorAfter(_)) | None)) => {
                let answer = live(fault).await;
                self.keep(answer)
            }
        }
    }
}

fn out() -> StoreError {
    StoreError::Unavailable("a fault of the model".to_owned())
}

/// No decision depends on the time of an event (see `Act`), so all events get the same time. Otherwise states that differ
/// only by it would count as different.
fn with_same_time(envelope: &Envelope) -> Envelope {
    Envelope { time: now(), ..envelope.clone() }
}

#[async_trait]
impl EventStore for RecordedPorts {
    async fn read(&self, stream: &StreamId) -> Result<Vec<Envelope>, StoreError> {
        self.call("store.read", Effect::Read, self.table.read(stream), || Err(out())).await
    }

    async fn append(&self, stream: &StreamId, envelope: &Envelope) -> Result<(), AppendError> {
        let envelope = with_same_time(envelope);
        let live = self.table.append(stream, &envelope);
        self.call("store.append", Effect::Write, live, || Err(out().into())).await
    }
}

#[async_trait]
impl Redaction for RecordedPorts {
    async fn redact(&self, stream: &StreamId, redacted: &Envelope) -> Result<bool, StoreError> {
        self.call("redaction.redact", Effect::Write, self.table.redact(stream, redacted), || Err(out())).await
    }
}

#[async_trait]
impl Documents for RecordedPorts {
    async fn get(&self, key: &Key) -> Result<Option<Document>, StoreError> {
        self.call("documents.get", Effect::Read, self.table.get(key), || Err(out())).await
    }

    async fn get_many(&self, keys: &[Key]) -> Result<Vec<(Key, Document)>, StoreError> {
        self.call("documents.get_many", Effect::Read, self.table.get_many(keys), || Err(out())).await
    }

    async fn put(&self, key: &Key, document: &Document) -> Result<(), StoreError> {
        self.call("documents.put", Effect::Write, self.table.put(key, document), || Err(out())).await
    }

    async fn put_new(&self, key: &Key, document: &Document) -> Result<bool, StoreError> {
        self.call("documents.put_new", Effect::Write, self.table.put_new(key, document), || Err(out())).await
    }

    async fn put_newer(&self, key: &Key, document: &Document) -> Result<bool, StoreError> {
        let live = self.table.put_newer(key, document);
        self.call("documents.put_newer", Effect::Write, live, || Err(out())).await
    }

    async fn list(&self, pk: &str, prefix: &str) -> Result<Vec<(Key, Document)>, StoreError> {
        self.call("documents.list", Effect::Read, self.table.list(pk, prefix), || Err(out())).await
    }

    async fn delete(&self, key: &Key) -> Result<(), StoreError> {
        self.call("documents.delete", Effect::Write, self.table.delete(key), || Err(out())).await
    }
}

#[async_trait]
impl Counters for RecordedPorts {
    async fn counts(&self, key: &Key) -> Result<Option<Counts>, StoreError> {
        self.call("counters.counts", Effect::Read, self.table.counts(key), || Err(out())).await
    }

    async fn set(
        &self,
        key: &Key,
        expected: Option<u64>,
        values: &[(&'static str, i64)],
    ) -> Result<bool, StoreError> {
        let live = self.table.set(key, expected, values);
        self.call("counters.set", Effect::Write, live, || Err(out())).await
    }

    async fn commit(&self, transaction: &Transaction) -> Result<(), TransactionError> {
        let mut transaction = transaction.clone();
        if let Some((_, envelope)) = &mut transaction.event {
            *envelope = with_same_time(envelope);
        }
        let live = self.table.commit(&transaction);
        self.call("counters.commit", Effect::Write, live, || Err(out().into())).await
    }
}

#[async_trait]
impl Transport for RecordedPorts {
    async fn send(&self, call: Call) -> Result<Answer, CallError> {
        let (name, effect) = match call.method {
            Method::Get => ("provider.get", Effect::Read),
            Method::Post | Method::Delete => ("provider.post", Effect::Write),
        };
        let timeout = call.timeout;
        let live = |fault| async move { Sent(send(&self.provider, call, fault).await) };
        self.call_with(name, effect, live, || Sent(Err(CallError::TimedOut(timeout)))).await.0
    }
}

/// The answer of a provider. Its text includes the body, so that answers with different bodies differ.
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

async fn send(provider: &ProviderTwin, call: Call, fault: Option<CallFault>) -> Result<Answer, CallError> {
    let error = || Answer { status: 500, headers: Vec::new(), body: b"{}".to_vec() };
    match provider {
        ProviderTwin::None => Err(CallError::Connection("the service has no provider".to_owned())),
        ProviderTwin::Stripe(stripe) => {
            // Stripe replays its 500s under the idempotency key, so the twin has to make them itself.
            match fault {
                Some(CallFault::ErrorBefore(_)) => stripe.fail("", 1, Fault::ErrorBefore),
                Some(CallFault::ErrorAfter(_)) => stripe.fail("", 1, Fault::ErrorAfter),
                Some(_) | None => return stripe.send(call).await,
            }
            let answer = stripe.send(call).await;
            stripe.heal();
            answer
        }
        ProviderTwin::EasyPost(carrier) => match fault {
            Some(CallFault::ErrorBefore(_)) => Ok(error()),
            Some(CallFault::ErrorAfter(_)) => carrier.send(call).await.map(|_| error()),
            Some(_) | None => carrier.send(call).await,
        },
    }
}
