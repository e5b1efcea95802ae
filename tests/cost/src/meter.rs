//! Counts what each function does: its invocations, its requests and their units, its messages, its log lines.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What one function did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Invocations.
    pub invocations: u64,
    /// Messages that it received from its queue.
    pub messages: u64,
    /// Requests to DynamoDB, by operation.
    pub requests: BTreeMap<&'static str, u64>,
    /// Write units of items.
    pub item_writes: u64,
    /// Write units of indexes.
    pub index_writes: u64,
    /// Write units of the look-up items and the indexes of the search, which are in neither of the above.
    pub search_writes: u64,
    /// Half read units.
    pub read_halves: u64,
    /// Requests to a topic.
    pub publishes: u64,
    /// Messages that it sent to a queue.
    pub sends: u64,
    /// Emails.
    pub mails: u64,
    /// Calls to providers.
    pub calls: u64,
    /// Bytes of its own log lines.
    pub log_bytes: u64,
    /// Those of lines that are written for metrics alone.
    pub metric_bytes: u64,
    /// Those of the lines of which a batch has one.
    pub batch_bytes: u64,
}

impl Tally {
    /// Adds another function's.
    pub fn add(&mut self, other: &Self) {
        for (operation, count) in &other.requests {
            *self.requests.entry(operation).or_default() += count;
        }
        self.invocations += other.invocations;
        self.messages += other.messages;
        self.item_writes += other.item_writes;
        self.index_writes += other.index_writes;
        self.search_writes += other.search_writes;
        self.read_halves += other.read_halves;
        self.publishes += other.publishes;
        self.sends += other.sends;
        self.mails += other.mails;
        self.calls += other.calls;
        self.log_bytes += other.log_bytes;
        self.metric_bytes += other.metric_bytes;
        self.batch_bytes += other.batch_bytes;
    }

    /// All write units.
    pub fn writes(&self) -> u64 {
        self.core_writes() + self.search_writes
    }

    /// The write units that an order takes without the search.
    pub fn core_writes(&self) -> u64 {
        self.item_writes + self.index_writes
    }

    /// All requests to DynamoDB.
    pub fn dynamodb(&self) -> u64 {
        self.requests.values().sum()
    }
}

#[derive(Debug, Default)]
struct State {
    function: String,
    by_function: BTreeMap<String, Tally>,
    /// The newest log lines, as far as they are kept.
    lines: Vec<String>,
}

/// How many log lines are kept: those of some orders.
const MOST_LINES: usize = 1_000;

/// The meter of one shop. A copy counts for the same shop.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Mutex<State>>);

impl Meter {
    /// An invocation of this function begins: what is counted from now on is its own.
    pub fn begin(&self, function: &str) {
        function.clone_into(&mut self.state().function);
        self.count(|tally| tally.invocations += 1);
    }

    /// Changes the tally of the function that runs.
    pub fn count(&self, change: impl FnOnce(&mut Tally)) {
        let mut state = self.state();
        let function = state.function.clone();
        change(state.by_function.entry(function).or_default());
    }

    /// A request to DynamoDB.
    pub fn request(&self, operation: &'static str) {
        self.count(|tally| *tally.requests.entry(operation).or_default() += 1);
    }

    /// A log line was written.
    pub(crate) fn line(&self, line: &[u8]) {
        let mut state = self.state();
        if state.lines.len() < MOST_LINES {
            state.lines.push(String::from_utf8_lossy(line).into_owned());
        }
    }

    /// The first log lines since what was counted was taken last.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.state().lines.clone()
    }

    /// Takes what was counted so far, by function.
    pub fn take(&self) -> BTreeMap<String, Tally> {
        let mut state = self.state();
        state.lines.clear();
        std::mem::take(&mut state.by_function)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
