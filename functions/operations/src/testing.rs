//! The test harness: every step of this service on in-memory tables and queues, under one clock.

mod explain;
mod inbox;
mod redrive;
mod replay;

use crate::{FunctionQueues, InboxSource, RedriveDeadLetters, StandardWebhook, WebhookInbox};
use async_trait::async_trait;
use event_store::{Memory, Page, Pages, Position, StoreError, Walk};
use outbound::{Depth, QueueGauge, WorkQueue};
use resilience::FixedClock;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use testkit::{
    FixedGauge, FixedSecrets, Gate, Gated, MemoryBatches, MemoryFunctions, MemoryLetters, MemoryWork,
    SENDER_SECRET,
};

pub(crate) use explain::{explanation, lasts};
pub(crate) use inbox::{applied, ignored};
pub(crate) use redrive::{NONSENSE, ids, list, out_of_stock, outcomes};
pub(crate) use replay::of_orders;

/// The tables and queues, and the clock.
pub(crate) struct World {
    pub(crate) orders: Arc<Memory>,
    pub(crate) payments: Arc<Memory>,
    pub(crate) inventory: Arc<Memory>,
    pub(crate) shipping: Arc<Memory>,
    pub(crate) callbacks: Arc<Memory>,
    pub(crate) notifications: Arc<Memory>,
    pub(crate) records_of_letters: Arc<Memory>,
    pub(crate) clock: Arc<FixedClock>,
    /// How many pages of the inbox indexes were read.
    pub(crate) pages_read: Arc<AtomicUsize>,
    /// The dead letters of `take-payment`.
    pub(crate) letters: Arc<MemoryLetters>,
    /// The queue of `take-payment`.
    pub(crate) queue: Arc<MemoryWork>,
    /// The dead letters of `publish-events`, which reads a stream and has no queue.
    pub(crate) records: Arc<MemoryLetters>,
    /// The batches that it could not take, and how it was invoked with them.
    pub(crate) batches: Arc<MemoryBatches>,
    pub(crate) functions: Arc<MemoryFunctions>,
}

impl World {
    pub(crate) fn new() -> Self {
        let clock = Arc::new(FixedClock::at(testkit::now()));
        let letters = || Arc::new(MemoryLetters::new(clock.clone()));
        Self {
            orders: Arc::default(),
            payments: Arc::default(),
            inventory: Arc::default(),
            shipping: Arc::default(),
            callbacks: Arc::default(),
            notifications: Arc::default(),
            records_of_letters: Arc::default(),
            pages_read: Arc::default(),
            letters: letters(),
            queue: Arc::default(),
            records: letters(),
            batches: Arc::default(),
            functions: Arc::default(),
            clock,
        }
    }

    pub(crate) fn inbox(&self) -> WebhookInbox {
        self.inbox_of(&[("stripe", &self.payments), ("easypost", &self.shipping)])
    }

    /// The inbox of these sources in these tables.
    pub(crate) fn inbox_of(&self, sources: &[(&'static str, &Arc<Memory>)]) -> WebhookInbox {
        let inbox_source = |(source, table): &(&'static str, &Arc<Memory>)| InboxSource {
            source,
            documents: Arc::<Memory>::clone(table),
            index: Arc::new(KeysOnly { table: Arc::clone(table), pages_read: self.pages_read.clone() }),
        };
        WebhookInbox { sources: sources.iter().map(inbox_source).collect(), clock: self.clock.clone() }
    }

    pub(crate) fn standard_webhook(&self) -> StandardWebhook {
        StandardWebhook {
            senders: "bank:payments,courier:parcels=DHL+Alpine Parcel,erp:payments+parcels".parse().unwrap(),
            payments: self.payments.clone(),
            parcels: self.shipping.clone(),
            secrets: Arc::new(FixedSecrets::one(SENDER_SECRET)),
            secret_prefix: "shop/standard-webhook/".to_owned(),
            clock: self.clock.clone(),
        }
    }

    /// A dead-letter queue with two messages, one of which another reader holds.
    fn gauge() -> Arc<dyn QueueGauge> {
        Arc::new(FixedGauge(Depth { waiting: 1, hidden: 1 }))
    }

    /// Every call to a queue passes the gate.
    pub(crate) fn redrive(&self, gate: &Arc<dyn Gate>) -> RedriveDeadLetters {
        let gated = |letters: &Arc<MemoryLetters>| Gated::new(gate.clone(), letters.clone());
        let queue: Arc<dyn WorkQueue> = Gated::new(gate.clone(), self.queue.clone());
        let take_payment =
            FunctionQueues { dead_letters: gated(&self.letters), source: Some(queue), gauge: Self::gauge() };
        let publish_events =
            FunctionQueues { dead_letters: gated(&self.records), source: None, gauge: Self::gauge() };
        RedriveDeadLetters {
            queues: [
                ("take-payment".to_owned(), take_payment),
                ("publish-events".to_owned(), publish_events),
            ]
            .into(),
            batches: Gated::new(gate.clone(), self.batches.clone()),
            functions: Gated::new(gate.clone(), self.functions.clone()),
            clock: self.clock.clone(),
            work_for: Duration::from_mins(1),
        }
    }
}

/// An index that projects keys only, and counts the pages that are read.
struct KeysOnly {
    table: Arc<Memory>,
    pages_read: Arc<AtomicUsize>,
}

#[async_trait]
impl Pages for KeysOnly {
    async fn page(
        &self,
        partition: &str,
        walk: Walk<'_>,
        limit: u32,
        position: Option<&Position>,
    ) -> Result<Page, StoreError> {
        self.pages_read.fetch_add(1, Ordering::Relaxed);
        let index = self.table.index(webhooks::inbox::INDEX_ATTRIBUTE, webhooks::inbox::ORDER_ATTRIBUTE);
        let mut page = index.page(partition, walk, limit, position).await?;
        for (_, document) in &mut page.documents {
            document.body = Value::Null.into();
        }
        Ok(page)
    }
}
