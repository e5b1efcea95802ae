//! What a run of a replay counts, and its answer.

use super::input::ReplayRequest;
use super::source::Batch;
use events::Envelope;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Debug, Default)]
pub(super) struct Tally {
    /// The events that were sent, or would be.
    pub(super) events: u64,
    by_type: BTreeMap<String, u64>,
    /// The events that no subscription of the consumer passes, by type.
    not_subscribed: BTreeMap<String, u64>,
    /// The events that the consumer would refuse for their age.
    pub(super) too_old: u64,
    /// The events of the table that are not readable.
    unreadable: usize,
    oldest: Option<Timestamp>,
    newest: Option<Timestamp>,
    items_read: u64,
    half_units: Option<u64>,
}

impl Tally {
    pub(super) fn read(&mut self, batch: &Batch) {
        self.items_read += u64::from(batch.items);
        self.unreadable += batch.unreadable;
        if let Some(halves) = batch.half_units {
            self.half_units = Some(self.half_units.unwrap_or_default() + halves);
        }
    }

    pub(super) fn taken(&mut self, envelope: &Envelope) {
        self.events += 1;
        *self.by_type.entry(envelope.event_type.clone()).or_default() += 1;
        let time = envelope.time;
        self.oldest = Some(self.oldest.map_or(time, |oldest| oldest.min(time)));
        self.newest = Some(self.newest.map_or(time, |newest| newest.max(time)));
    }

    pub(super) fn not_subscribed(&mut self, envelope: &Envelope) {
        *self.not_subscribed.entry(envelope.event_type.clone()).or_default() += 1;
    }

    /// `wait`: how long the caller should wait before it goes on with the cursor.
    pub(super) fn answer(
        &self,
        request: &ReplayRequest,
        consumer: &str,
        cursor: Option<&str>,
        wait: Duration,
    ) -> Value {
        json!({
            "service": request.service.as_str(),
            "to": request.to,
            "do": request.to_do,
            "consumer": consumer,
            "events": self.events,
            "by_type": self.by_type,
            "not_subscribed": self.not_subscribed,
            "too_old": self.too_old,
            "unreadable": self.unreadable,
            "oldest": self.oldest,
            "newest": self.newest,
            "items_read": self.items_read,
            "read_units": self.half_units.map(|halves| halves.div_ceil(2)),
            "cursor": cursor,
            "continue_in_seconds": wait.as_secs(),
        })
    }
}
