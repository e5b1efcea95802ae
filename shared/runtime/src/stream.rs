//! Stream readers: a table's new items. No record stops the records around it.
//!
//! A batch is handled in *lanes*, several at once: what one call of the reader takes ([`Takes`]). If a call fails, each of its
//! records is handled again alone. Then:
//!
//! - **A record that can never be handled** is dead-lettered: its step rejects it, or its handling panics or hangs twice. Its
//!   key goes to our own dead-letter queue, because the stream keeps a record for a day only.
//! - **A record that fails for now** fails the batch, which the platform delivers again. Meanwhile the later records of its key
//!   wait, and those of other keys do not. After 19 hours it is dead-lettered too, because the stream would soon lose
//!   what waits behind it.
//!
//! So a record overtakes an older one of its key only if that one was dead-lettered. With [`Takes::Batch`] there is no order.
//!
//! Why the whole batch fails, and why a hang is no outage: docs/decisions/a-stream-batch-fails-as-a-whole.md.

mod handled;
mod reader;
mod record;
mod run;
mod threads;

use crate::heartbeat::Heartbeat;
use crate::letters::{LetterRecord, LetterRecords};
use crate::outcomes::Outcome;
use crate::probe::{self, Probe};
use crate::{Settings, traces};
use event_store::limits::escaped;
use event_store::{Documents, Key};
use futures_util::{StreamExt as _, stream};
use handled::Handled;
use jiff::SignedDuration;
use outbound::{DeadLetter, Queue};
use resilience::{Clock, Failure, SystemClock};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use tracing::{Instrument as _, Span};

pub use reader::{Reader, Takes};
pub use record::{About, Arrived, Item, Record};
use run::{Run, Trouble};
pub use threads::OnThreads;

/// A record that still fails at this age is dead-lettered. The event source gives up two hours later, the stream after 24.
const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_hours(19);
/// How many lanes are handled at once.
const AT_ONCE: usize = 10;

/// A stream function: its reader and its dead-letter queue.
pub struct StreamWorker {
    function: &'static str,
    queue: Arc<dyn Queue>,
    clock: Arc<dyn Clock>,
    reader: Arc<dyn Reader>,
    handled: Handled,
    records: LetterRecords,
}

/// The platform's batch.
#[derive(Debug, Clone, Deserialize)]
pub struct Batch {
    #[serde(rename = "Records")]
    records: Vec<Value>,
}

/// The records of one call.
#[derive(Default)]
struct Lane {
    records: Vec<Record>,
    about: Vec<About>,
}

impl StreamWorker {
    /// The function of this name; it dead-letters to the queue.
    pub fn new(
        function: &'static str,
        queue: Arc<dyn Queue>,
        clock: Arc<dyn Clock>,
        reader: Arc<dyn Reader>,
    ) -> Self {
        let (handled, records) = (Handled::default(), LetterRecords::default());
        Self { function, queue, clock, reader, handled, records }
    }

    /// Reads `DEAD_LETTER_QUEUE_URL` and `LETTERS_TABLE_NAME`; `queue` and `table` make their adapters.
    pub fn from_settings<D: Documents + 'static>(
        settings: &mut Settings,
        function: &'static str,
        queue: impl FnOnce(&str) -> Arc<dyn Queue>,
        table: impl FnOnce(&str) -> Arc<D>,
        reader: impl Reader + 'static,
    ) -> Self {
        let queue = queue(&settings.text("DEAD_LETTER_QUEUE_URL"));
        let records = LetterRecords::from_settings(settings, table);
        Self::new(function, queue, Arc::new(SystemClock), Arc::new(reader)).recording(records)
    }

    /// The same, with a record of each letter of an order.
    #[must_use]
    pub fn recording(self, records: LetterRecords) -> Self {
        Self { records, ..self }
    }

    /// Handles a batch within the task's deadline; after an error it is redelivered.
    pub async fn work(&self, batch: Batch) -> Result<(), Failure> {
        let heartbeats: Vec<_> = batch.records.iter().filter_map(Heartbeat::read).collect();
        let items = batch.records.iter().filter(|record| Heartbeat::read(record).is_none());
        self.handle(items.filter_map(Arrived::read).collect()).await?;
        // Last, so that a reader whose batches fail reports none.
        for heartbeat in heartbeats {
            heartbeat.report(self.clock.now());
        }
        Ok(())
    }

    /// The same for records that were read already.
    pub async fn handle(&self, arrived: Vec<Arrived>) -> Result<(), Failure> {
        let run = Run::current();
        let ids: Vec<String> = arrived.iter().map(|arrived| arrived.about.id.clone()).collect();
        let (lanes, unreadable) = self.sort(arrived);
        let all = lanes.iter().map(|lane| lane.records.len()).sum::<usize>() + unreadable.len();
        let dead_letter = |(about, key, reason)| {
            let span = record::named(Some(&key));
            let run = &run;
            async move { self.dead_letter(&about, &key, reason, run).await.err().into_iter().collect() }
                .instrument(span)
        };
        let unreadable = stream::iter(unreadable).map(dead_letter).buffer_unordered(AT_ONCE);
        let handled = |lane: Lane| {
            let ((span, each), run) = (Record::spans(&lane.records, self.reader.takes()), &run);
            async move {
                let failures = self.lane(lane, run).instrument(span).await;
                drop(each);
                failures
            }
        };
        let lanes = stream::iter(lanes).map(handled).buffer_unordered(AT_ONCE);
        let failures: Vec<Vec<Failure>> = stream::select(lanes, unreadable).collect().await;
        run.outcomes.add(Outcome::Retried, run.outcomes.left_of(all));
        run.outcomes.report(&[]);
        let mut failures = failures.into_iter().flatten();
        match failures.next() {
            None => {
                self.handled.forget(&ids);
                Ok(())
            }
            Some(first) => Err(match failures.count() {
                0 => first,
                others => Failure::retry(format!("{} (and {others} more)", first.reason())),
            }),
        }
    }

    /// Sorts the records into lanes, without those that an earlier delivery handled, and those that cannot be read.
    fn sort(&self, arrived: Vec<Arrived>) -> (Vec<Lane>, Vec<(About, Key, String)>) {
        let mut lanes: BTreeMap<Option<String>, Lane> = BTreeMap::new();
        let mut unreadable = Vec::new();
        for Arrived { about, key, item } in arrived {
            if self.handled.contains(&about.id) {
                continue;
            }
            match item {
                Ok(item) => {
                    let name = (self.reader.takes() == Takes::OneKey).then(|| key.pk.clone());
                    let lane = lanes.entry(name).or_default();
                    lane.records.push(Record { key, item });
                    lane.about.push(about);
                }
                Err(reason) => unreadable.push((about, key, reason)),
            }
        }
        (lanes.into_values().collect(), unreadable)
    }

    /// Handles a lane, and returns the failures of records that have to be redelivered.
    async fn lane(&self, Lane { records, about }: Lane, run: &Run) -> Vec<Failure> {
        if !run.is_enough() {
            return vec![out_of_time()];
        }
        let trouble = match run.call(self.reader.read(&records)).await {
            Ok(()) => {
                run.outcomes.add(Outcome::Handled, about.len());
                self.handled.add(about);
                return Vec::new();
            }
            Err(trouble) => trouble,
        };
        let alone = records.iter().zip(&about);
        match (records.as_slice(), about.as_slice(), trouble) {
            ([record], [about], trouble @ Trouble::Failed(_)) => {
                self.settle(record, about, trouble, run).await.err().into_iter().collect()
            }
            _ if self.reader.takes() == Takes::Batch => {
                let call = |(record, about)| {
                    self.alone(record, about, run).instrument(Record::span(std::slice::from_ref(record)))
                };
                let calls: Vec<_> = alone.map(call).collect();
                let outcomes: Vec<_> = stream::iter(calls).buffer_unordered(AT_ONCE).collect().await;
                outcomes.into_iter().filter_map(Result::err).collect()
            }
            _ => {
                for (record, about) in alone {
                    let span = Record::span(std::slice::from_ref(record));
                    if let Err(failure) = self.alone(record, about, run).instrument(span).await {
                        return vec![failure];
                    }
                }
                Vec::new()
            }
        }
    }

    /// Handles one record alone, as the last try of this delivery.
    async fn alone(&self, record: &Record, about: &About, run: &Run) -> Result<(), Failure> {
        if !run.is_enough() {
            return Err(out_of_time());
        }
        match run.call(self.reader.read(std::slice::from_ref(record))).await {
            Ok(()) => {
                run.outcomes.add(Outcome::Handled, 1);
                self.handled.add([about.clone()]);
                Ok(())
            }
            Err(trouble) => self.settle(record, about, trouble, run).await,
        }
    }

    /// Does what the trouble of a record that was handled alone asks for. An error: it has to be redelivered.
    async fn settle(
        &self,
        record: &Record,
        about: &About,
        trouble: Trouble,
        run: &Run,
    ) -> Result<(), Failure> {
        Span::current().record("otel.failed", true);
        let reason = match trouble {
            Trouble::Failed(Failure::Reject { reason }) => reason,
            Trouble::Failed(retry @ Failure::Retry { .. }) => {
                let age = about.written_at.map(|written_at| self.clock.now().duration_since(written_at));
                if age.is_none_or(|age| age < GIVE_UP_AFTER) {
                    tracing::warn!(key = %record.key, reason = retry.reason(), "the record is retried");
                    return Err(retry);
                }
                format!("given up after {} h: {}", GIVE_UP_AFTER.as_hours(), retry.reason())
            }
            Trouble::Panicked(panicked) => panicked.to_string(),
            Trouble::Hung => {
                "its handling did not end in time, twice, and no call that it makes explains that".to_owned()
            }
        };
        self.dead_letter(about, &record.key, reason, run).await
    }

    async fn dead_letter(&self, about: &About, key: &Key, reason: String, run: &Run) -> Result<(), Failure> {
        let message_id = about.id.clone();
        tracing::error!(
            failure = "reject",
            message.id = message_id,
            %key,
            reason,
            "the record's key is moved to the dead-letter queue"
        );
        let body = escaped(&serde_json::json!({ "pk": key.pk, "sk": key.sk }).to_string());
        let letter = DeadLetter { body, reason, function: self.function.to_owned(), message_id };
        self.queue.dead_letter(&letter).await.map_err(Failure::retry)?;
        run.outcomes.add(Outcome::DeadLettered, 1);
        self.handled.add([about.clone()]);
        let DeadLetter { function, reason, .. } = letter;
        let record = LetterRecord { function, reason, message_id: key.to_string(), at: self.clock.now() };
        self.records.add(key.pk.strip_prefix("order#"), &record).await;
        Ok(())
    }
}

fn out_of_time() -> Failure {
    Failure::retry("the batch ran out of time; the rest is handled when it is redelivered")
}

/// Runs a stream function until the platform ends it.
pub async fn run(worker: StreamWorker, probe: Probe) -> Result<(), crate::Error> {
    let reader = Arc::new(OnThreads::new(worker.reader.clone()));
    let worker = Arc::new(StreamWorker { reader: reader.clone(), ..worker });
    probe::run(probe, parse_sample, move |batch: Batch, context| {
        let (worker, reader) = (Arc::clone(&worker), Arc::clone(&reader));
        async move {
            if reader.is_stuck().await {
                tracing::error!(
                    "a thread still runs a call that was given up: this process ends, the batch is retried"
                );
                std::process::exit(1);
            }
            let span = tracing::info_span!("batch", request_id = context.request_id);
            async {
                let work = async {
                    let outcome = worker.work(batch).await;
                    traces::export().await;
                    outcome
                };
                let outcome = crate::time_left::deadline(&context).scope(work).await;
                if let Err(failure) = &outcome {
                    tracing::error!(
                        failure = "retry",
                        reason = failure.reason(),
                        "the whole batch is retried"
                    );
                }
                outcome.map_err(crate::Error::from)
            }
            .instrument(span)
            .await
        }
    })
    .await
}

/// What a probe parses: a batch with one new event.
const SAMPLE: &str = include_str!("../../../events/project-orders/order-placed.json");

pub(crate) fn parse_sample() -> Result<(), crate::Error> {
    let batch: Batch = json::from_str(SAMPLE)?;
    for record in batch.records.iter().filter_map(Arrived::read) {
        record.item?;
    }
    Ok(())
}
