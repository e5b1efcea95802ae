//! A provider that is out for a while: no call reaches it, and the calls are counted.

use async_trait::async_trait;
use jiff::Timestamp;
use outbound::{Answer, Call, CallError, Transport};
use resilience::Clock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A transport to a provider that can be out.
pub struct Outage {
    provider: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    until: Mutex<Timestamp>,
    calls: AtomicUsize,
}

impl Outage {
    /// A transport to a provider that is available at first.
    pub fn of(provider: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { provider, clock, until: Mutex::new(Timestamp::MIN), calls: AtomicUsize::new(0) })
    }

    /// Starts an outage of this length.
    pub fn begin(&self, lasts: Duration) {
        let until = self.clock.now().checked_add(lasts).unwrap_or(Timestamp::MAX);
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }

    /// How many calls were made during outages.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    fn is_out(&self) -> bool {
        self.clock.now() < *self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Transport for Outage {
    async fn send(&self, call: Call) -> Result<Answer, CallError> {
        if !self.is_out() {
            return self.provider.send(call).await;
        }
        self.calls.fetch_add(1, Ordering::Relaxed);
        Err(CallError::Connection("out".to_owned()))
    }
}
