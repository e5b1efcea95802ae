//! What a function writes to its log, taken down for one test.

use serde_json::Value;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use tracing::Dispatch;
use tracing::subscriber::{DefaultGuard, NoSubscriber};

/// The log of this thread, for as long as it is kept.
pub struct Log {
    lines: Lines,
    _here: DefaultGuard,
    /// While a process has one subscriber alone, `tracing` decides for good whether a line is wanted by asking the
    /// thread that comes by it first. That may be another test's, which wants none. With a second one all are asked.
    _elsewhere: Dispatch,
}

impl Log {
    /// Takes down what `function` writes from now on, at this level, in the stack `shop`.
    pub fn of(function: &'static str, level: &str) -> Self {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = runtime::telemetry::subscriber(function, "shop", level, move || writer.clone());
        let elsewhere = Dispatch::new(NoSubscriber::default());
        Self { lines, _here: tracing::subscriber::set_default(subscriber), _elsewhere: elsewhere }
    }

    /// All of it.
    pub fn text(&self) -> String {
        let bytes = self.lines.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Line by line.
    ///
    /// # Panics
    /// On a line that is not JSON: every line is.
    #[expect(clippy::expect_used, reason = "that a line is JSON is what tests rely on")]
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
