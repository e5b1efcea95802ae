//! The outcome of a scheduled run is returned and logged.

use super::*;
use serde_json::json;
use std::io::Write;
use std::sync::Mutex;

struct Sum(Result<u32, &'static str>);

#[async_trait]
impl Task for Sum {
    async fn run(&self) -> Result<Value, Failure> {
        self.0.map(|sum| json!({ "sum": sum })).map_err(Failure::retry)
    }
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn line(task: Sum) -> (Result<Value, Failure>, Value) {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber =
        crate::telemetry::subscriber("sum", "shop", "info", crate::telemetry::Metrics::All, move || {
            writer.clone()
        });
    let _lines = tracing::subscriber::set_default(subscriber);
    let outcome = work(&task).await;
    let text = lines.0.lock().unwrap().clone();
    (outcome, serde_json::from_slice(&text).unwrap())
}

#[tokio::test]
async fn a_report_is_returned_and_logged() {
    let (outcome, line) = line(Sum(Ok(3))).await;
    assert_eq!(outcome, Ok(json!({"sum": 3})));
    assert_eq!((&line["level"], &line["done"]), (&json!("INFO"), &json!(r#"{"sum":3}"#)));
}

#[tokio::test]
async fn a_failure_fails_the_invocation_and_is_logged_once() {
    let (outcome, line) = line(Sum(Err("two of three are missing"))).await;
    assert_eq!(outcome, Err(Failure::retry("two of three are missing")));
    assert_eq!((&line["level"], &line["reason"]), (&json!("ERROR"), &json!("two of three are missing")));
}

struct Hangs;

#[async_trait]
impl Task for Hangs {
    async fn run(&self) -> Result<Value, Failure> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_run_that_is_not_finished_in_time_fails_the_invocation() {
    let deadline = resilience::Deadline::of_invocation(std::time::Duration::from_millis(1_020));
    let failure = deadline.scope(work(&Hangs)).await.unwrap_err();
    assert!(failure.reason().contains("time ran out"), "{failure}");
}
