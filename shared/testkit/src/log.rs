//! Captures the log of a function for one test.

use runtime::telemetry::Metrics;
use serde_json::Value;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use tracing::Dispatch;
use tracing::subscriber::{DefaultGuard, NoSubscriber};

/// Captures the log of this thread until it is dropped.
pub struct Log {
    lines: Lines,
    _here: DefaultGuard,
    /// With only one subscriber in a process, `tracing` decides permanently whether a line is enabled, by the thread that
    /// reaches the line first. That may be another test's thread, which has none. A second subscriber prevents this.
    _second: Dispatch,
}

impl Log {
    /// Captures what `function` logs from now on at this level, in the stack `shop`.
    pub fn of(function: &'static str, level: &str) -> Self {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber =
            runtime::telemetry::subscriber(function, "shop", level, Metrics::All, move || writer.clone());
        let second = Dispatch::new(NoSubscriber::default());
        Self { lines, _here: tracing::subscriber::set_default(subscriber), _second: second }
    }

    /// The whole log.
    pub fn text(&self) -> String {
        let bytes = self.lines.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The lines of the log.
    ///
    /// # Panics
    /// On a line that is not JSON.
    #[expect(clippy::expect_used, reason = "every line of a log is JSON, and tests rely on it")]
    pub fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
