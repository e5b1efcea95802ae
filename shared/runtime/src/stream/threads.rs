//! Runs each call of a reader on a thread of its own. A call that never yields (an endless loop) then stops only its thread:
//! the runner still sees the time pass, handles the other records, and dead-letters this one.
//!
//! A thread cannot be stopped from outside. A process that still has one when its next invocation begins ends itself: the
//! platform starts another and delivers that batch again.

use super::{Reader, Record, Takes};
use crate::panics::{caught, panic_again};
use async_trait::async_trait;
use resilience::{Deadline, Failure};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tracing::Instrument as _;

/// How long a thread has to notice that its call was given up.
const NOTICES_WITHIN: Duration = Duration::from_millis(100);

/// A reader on threads.
pub struct OnThreads {
    reader: Arc<dyn Reader>,
    running: Arc<AtomicUsize>,
}

impl OnThreads {
    /// The reader's calls, each on a thread.
    pub fn new(reader: Arc<dyn Reader>) -> Self {
        Self { reader, running: Arc::default() }
    }

    /// Whether a call that was given up still runs, a moment later too.
    pub async fn is_stuck(&self) -> bool {
        if self.running.load(Ordering::SeqCst) == 0 {
            return false;
        }
        tokio::time::sleep(NOTICES_WITHIN).await;
        self.running.load(Ordering::SeqCst) > 0
    }
}

#[async_trait]
impl Reader for OnThreads {
    fn takes(&self) -> Takes {
        self.reader.takes()
    }

    async fn read(&self, records: &[Record]) -> Result<(), Failure> {
        let (reader, records, runtime) = (self.reader.clone(), records.to_vec(), Handle::current());
        let (_waits, given_up) = oneshot::channel::<()>();
        let running = Running::new(&self.running);
        let call = async move { reader.read(&records).await }.in_current_span();
        let deadline = Deadline::current();
        let thread = tokio::task::spawn_blocking(move || {
            let _running = running;
            let call = caught(unless(given_up, call));
            runtime.block_on(async {
                match deadline {
                    Some(deadline) => deadline.scope(call).await,
                    None => call.await,
                }
            })
        });
        match thread.await {
            Ok(Ok(Some(outcome))) => outcome,
            Ok(Ok(None)) => Err(Failure::retry("the call was given up")),
            Ok(Err(panicked)) => panic_again(panicked),
            Err(error) => Err(Failure::retry(error)),
        }
    }
}

/// Runs the call until its caller gives it up, by dropping the other end.
async fn unless<T>(given_up: oneshot::Receiver<()>, call: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        outcome = call => Some(outcome),
        _ = given_up => None,
    }
}

/// Counts a thread until it ends, also by a panic.
struct Running(Arc<AtomicUsize>);

impl Running {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
