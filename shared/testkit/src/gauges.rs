//! A queue and a store of metrics that show what a test has set.

use async_trait::async_trait;
use jiff::Timestamp;
use outbound::{Depth, GaugeError, Metric, Metrics, QueueGauge, Reading};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A queue that is as full as it is said to be.
#[derive(Debug)]
pub struct FixedGauge(pub Depth);

#[async_trait]
impl QueueGauge for FixedGauge {
    async fn depth(&self) -> Result<Depth, GaugeError> {
        Ok(self.0)
    }
}

/// Metrics by what was set, oldest first.
#[derive(Debug, Default)]
pub struct MemoryMetrics(Mutex<Vec<(Metric, Reading)>>);

impl MemoryMetrics {
    /// Adds a reading.
    pub fn add(&self, metric: Metric, reading: Reading) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((metric, reading));
    }
}

#[async_trait]
impl Metrics for MemoryMetrics {
    async fn newest(
        &self,
        metrics: &[Metric],
        now: Timestamp,
        back: Duration,
    ) -> Result<Vec<Option<Reading>>, GaugeError> {
        let (there, from) = (self.0.lock().unwrap_or_else(PoisonError::into_inner), now.saturating_sub(back));
        let from = from.unwrap_or(Timestamp::MIN);
        let newest = |wanted: &Metric| {
            let of_it = there.iter().filter(|(metric, _)| metric == wanted).map(|(_, reading)| *reading);
            of_it.filter(|reading| from <= reading.at && reading.at <= now).max_by_key(|reading| reading.at)
        };
        Ok(metrics.iter().map(newest).collect())
    }
}
