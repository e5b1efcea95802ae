//! Gates in front of the ports: a test decides the fate of each call. One decorator a port, all of the same shape.
//!
//! The step awaits the gate before and after each call's effect, so a test can stop it at every call. A gate that never
//! returns is a crash there; one that returns late is a zombie, a process that goes on after its replacement started.

use async_trait::async_trait;
use event_store::{
    Advance, AppendError, Counters, Counts, Document, Documents, EventScan, EventStore, Key, MarkMove, Page,
    Pages, Position, RateMarks, Redaction, Scanned, StoreError, StreamId, Transaction, TransactionError,
    Walk,
};
use events::Envelope;
use outbound::{
    Answer, BatchError, BatchStore, Call, CallError, DeadLetter, DeadLetterQueue, Depth, Functions,
    GaugeError, Letter, Mail, MailError, Mailer, Metric, Metrics, NameError, Names, NotAnswered, Publication,
    PublishError, Queue, QueueError, QueueGauge, Reading, SocketError, Sockets, StoredBatch, Text, Texter,
    Topic, Transport, Work, WorkQueue,
};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GateDecision {
    /// It has its effect, and the caller gets the answer.
    Pass,
    /// It has no effect and fails with a transient error: a throttle, no connection.
    Fail,
    /// It has its effect, but the answer is lost.
    LoseReply,
}

/// Whether a call can change anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effect {
    /// It only reads.
    Read,
    /// It may change something.
    Write,
}

/// Decides what happens to calls. `name` is `<port>.<call>`, for example `store.append`.
#[async_trait]
pub trait Gate: Send + Sync {
    /// Runs before the effect of the call, and decides.
    async fn before(&self, name: &'static str, effect: Effect) -> GateDecision;

    /// Runs after the effect of the call, before the caller gets the answer.
    async fn after(&self, name: &'static str, effect: Effect);
}

/// A port behind a gate.
pub struct Gated<P: ?Sized> {
    gate: Arc<dyn Gate>,
    port: Arc<P>,
}

impl<P: ?Sized> Gated<P> {
    /// Puts `port` behind `gate`.
    pub fn new(gate: Arc<dyn Gate>, port: Arc<P>) -> Arc<Self> {
        Arc::new(Self { gate, port })
    }

    /// Runs one call through the gate. `failed` makes the error of a call that fails or whose answer is lost.
    async fn pass<T, E>(
        &self,
        name: &'static str,
        effect: Effect,
        call: impl Future<Output = Result<T, E>> + Send,
        failed: impl FnOnce() -> E + Send,
    ) -> Result<T, E>
    where
        T: Send,
        E: Send,
        P: Send + Sync,
    {
        let decision = self.gate.before(name, effect).await;
        if decision == GateDecision::Fail {
            return Err(failed());
        }
        let answer = call.await;
        self.gate.after(name, effect).await;
        if decision == GateDecision::LoseReply { Err(failed()) } else { answer }
    }
}

fn out() -> StoreError {
    StoreError::Unavailable("failed by the gate".to_owned())
}

#[async_trait]
impl<P: EventStore + ?Sized> EventStore for Gated<P> {
    async fn read(&self, stream: &StreamId) -> Result<Vec<Envelope>, StoreError> {
        self.pass("store.read", Effect::Read, self.port.read(stream), out).await
    }

    async fn append(&self, stream: &StreamId, envelope: &Envelope) -> Result<(), AppendError> {
        self.pass("store.append", Effect::Write, self.port.append(stream, envelope), || out().into()).await
    }
}

#[async_trait]
impl<P: Redaction + ?Sized> Redaction for Gated<P> {
    async fn redact(&self, stream: &StreamId, redacted: &Envelope) -> Result<bool, StoreError> {
        self.pass("redaction.redact", Effect::Write, self.port.redact(stream, redacted), out).await
    }
}

#[async_trait]
impl<P: Documents + ?Sized> Documents for Gated<P> {
    async fn get(&self, key: &Key) -> Result<Option<Document>, StoreError> {
        self.pass("documents.get", Effect::Read, self.port.get(key), out).await
    }

    async fn get_many(&self, keys: &[Key]) -> Result<Vec<(Key, Document)>, StoreError> {
        self.pass("documents.get_many", Effect::Read, self.port.get_many(keys), out).await
    }

    async fn put(&self, key: &Key, document: &Document) -> Result<(), StoreError> {
        self.pass("documents.put", Effect::Write, self.port.put(key, document), out).await
    }

    async fn put_new(&self, key: &Key, document: &Document) -> Result<bool, StoreError> {
        self.pass("documents.put_new", Effect::Write, self.port.put_new(key, document), out).await
    }

    async fn put_newer(&self, key: &Key, document: &Document) -> Result<bool, StoreError> {
        self.pass("documents.put_newer", Effect::Write, self.port.put_newer(key, document), out).await
    }

    async fn list(&self, pk: &str, prefix: &str) -> Result<Vec<(Key, Document)>, StoreError> {
        self.pass("documents.list", Effect::Read, self.port.list(pk, prefix), out).await
    }

    async fn delete(&self, key: &Key) -> Result<(), StoreError> {
        self.pass("documents.delete", Effect::Write, self.port.delete(key), out).await
    }
}

#[async_trait]
impl<P: Counters + ?Sized> Counters for Gated<P> {
    async fn counts(&self, key: &Key) -> Result<Option<Counts>, StoreError> {
        self.pass("counters.counts", Effect::Read, self.port.counts(key), out).await
    }

    async fn set(
        &self,
        key: &Key,
        expected: Option<u64>,
        values: &[(&'static str, i64)],
    ) -> Result<bool, StoreError> {
        self.pass("counters.set", Effect::Write, self.port.set(key, expected, values), out).await
    }

    /// To the caller a failure here looks like a conflict between transactions: it proves nothing about the numbers.
    async fn commit(&self, transaction: &Transaction) -> Result<(), TransactionError> {
        self.pass("counters.commit", Effect::Write, self.port.commit(transaction), || out().into()).await
    }
}

#[async_trait]
impl<P: Pages + ?Sized> Pages for Gated<P> {
    async fn page(
        &self,
        partition: &str,
        walk: Walk<'_>,
        limit: u32,
        position: Option<&Position>,
    ) -> Result<Page, StoreError> {
        self.pass("pages.page", Effect::Read, self.port.page(partition, walk, limit, position), out).await
    }
}

#[async_trait]
impl<P: EventScan + ?Sized> EventScan for Gated<P> {
    async fn scan(&self, position: Option<&Key>, limit: u32) -> Result<Scanned, StoreError> {
        self.pass("scan.scan", Effect::Read, self.port.scan(position, limit), out).await
    }
}

#[async_trait]
impl<P: Transport + ?Sized> Transport for Gated<P> {
    async fn send(&self, call: Call) -> Result<Answer, CallError> {
        let timeout = call.timeout;
        self.pass("transport.send", Effect::Write, self.port.send(call), || CallError::TimedOut(timeout))
            .await
    }
}

#[async_trait]
impl<P: Mailer + ?Sized> Mailer for Gated<P> {
    async fn send_mail(&self, mail: &Mail) -> Result<String, MailError> {
        let failed = || MailError::Unavailable("failed by the gate".to_owned());
        self.pass("mailer.send_mail", Effect::Write, self.port.send_mail(mail), failed).await
    }
}

#[async_trait]
impl<P: Texter + ?Sized> Texter for Gated<P> {
    async fn send_text(&self, text: &Text) -> Result<String, MailError> {
        let failed = || MailError::Unavailable("failed by the gate".to_owned());
        self.pass("texter.send_text", Effect::Write, self.port.send_text(text), failed).await
    }
}

#[async_trait]
impl<P: Topic + ?Sized> Topic for Gated<P> {
    async fn publish(&self, messages: &[Publication]) -> Result<(), PublishError> {
        let of = messages.len();
        let failed = || PublishError::Unavailable { failed: of, of, reason: "failed by the gate".to_owned() };
        self.pass("topic.publish", Effect::Write, self.port.publish(messages), failed).await
    }
}

#[async_trait]
impl<P: Names + ?Sized> Names for Gated<P> {
    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, NameError> {
        let failed = || NameError::Unavailable("failed by the gate".to_owned());
        self.pass("names.addresses", Effect::Read, self.port.addresses(host), failed).await
    }
}

#[async_trait]
impl<P: BatchStore + ?Sized> BatchStore for Gated<P> {
    async fn read(&self, batch: &StoredBatch) -> Result<Option<String>, BatchError> {
        let failed = || BatchError("failed by the gate".to_owned());
        self.pass("batches.read", Effect::Read, self.port.read(batch), failed).await
    }

    async fn delete(&self, batch: &StoredBatch) -> Result<(), BatchError> {
        let failed = || BatchError("failed by the gate".to_owned());
        self.pass("batches.delete", Effect::Write, self.port.delete(batch), failed).await
    }
}

#[async_trait]
impl<P: Functions + ?Sized> Functions for Gated<P> {
    async fn ask(&self, function: &str, payload: &str) -> Result<String, NotAnswered> {
        let failed = || NotAnswered::Unclear("failed by the gate".to_owned());
        self.pass("functions.ask", Effect::Write, self.port.ask(function, payload), failed).await
    }
}

#[async_trait]
impl<P: WorkQueue + ?Sized> WorkQueue for Gated<P> {
    async fn send(&self, work: &Work) -> Result<(), QueueError> {
        let failed = || QueueError("failed by the gate".to_owned());
        self.pass("work.send", Effect::Write, self.port.send(work), failed).await
    }
}

#[async_trait]
impl<P: Queue + ?Sized> Queue for Gated<P> {
    async fn retry_after(&self, receipt: &str, wait: Duration) -> Result<(), QueueError> {
        let failed = || QueueError("failed by the gate".to_owned());
        self.pass("queue.retry_after", Effect::Write, self.port.retry_after(receipt, wait), failed).await
    }

    async fn dead_letter(&self, letter: &DeadLetter) -> Result<(), QueueError> {
        let failed = || QueueError("failed by the gate".to_owned());
        self.pass("queue.dead_letter", Effect::Write, self.port.dead_letter(letter), failed).await
    }
}

#[async_trait]
impl<P: DeadLetterQueue + ?Sized> DeadLetterQueue for Gated<P> {
    async fn take(&self, most: usize, hold: Duration) -> Result<Vec<Letter>, QueueError> {
        let failed = || QueueError("failed by the gate".to_owned());
        self.pass("letters.take", Effect::Write, self.port.take(most, hold), failed).await
    }

    async fn release(&self, receipts: &[String]) -> Result<(), QueueError> {
        let failed = || QueueError("failed by the gate".to_owned());
        self.pass("letters.release", Effect::Write, self.port.release(receipts), failed).await
    }

    async fn delete(&self, receipt: &str) -> Result<(), QueueError> {
        let failed = || QueueError("failed by the gate".to_owned());
        self.pass("letters.delete", Effect::Write, self.port.delete(receipt), failed).await
    }
}

#[async_trait]
impl<P: QueueGauge + ?Sized> QueueGauge for Gated<P> {
    async fn depth(&self) -> Result<Depth, GaugeError> {
        let failed = || GaugeError("failed by the gate".to_owned());
        self.pass("gauge.depth", Effect::Read, self.port.depth(), failed).await
    }
}

#[async_trait]
impl<P: Metrics + ?Sized> Metrics for Gated<P> {
    async fn newest(
        &self,
        metrics: &[Metric],
        now: jiff::Timestamp,
        back: Duration,
    ) -> Result<Vec<Option<Reading>>, GaugeError> {
        let failed = || GaugeError("failed by the gate".to_owned());
        self.pass("metrics.newest", Effect::Read, self.port.newest(metrics, now, back), failed).await
    }
}

#[async_trait]
impl<P: RateMarks + ?Sized> RateMarks for Gated<P> {
    async fn advance(
        &self,
        key: &Key,
        now: i64,
        moves: &[MarkMove],
        expires_at: jiff::Timestamp,
    ) -> Result<Advance, StoreError> {
        self.pass("marks.advance", Effect::Write, self.port.advance(key, now, moves, expires_at), out).await
    }
}

#[async_trait]
impl<P: Sockets + ?Sized> Sockets for Gated<P> {
    async fn post(&self, connection: &str, frame: &str) -> Result<(), SocketError> {
        let failed = || SocketError::Unavailable("failed by the gate".to_owned());
        self.pass("sockets.post", Effect::Write, self.port.post(connection, frame), failed).await
    }

    async fn close(&self, connection: &str) -> Result<(), SocketError> {
        let failed = || SocketError::Unavailable("failed by the gate".to_owned());
        self.pass("sockets.close", Effect::Write, self.port.close(connection), failed).await
    }
}
