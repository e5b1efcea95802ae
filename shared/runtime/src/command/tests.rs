//! A command reads its input, also a schedule's, and refuses an invalid input without quoting it.

use super::*;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Input {
    n: Option<u32>,
}

struct Double;

#[async_trait]
impl Command for Double {
    type Input = Input;

    async fn run(&self, input: Input) -> Result<Value, Failure> {
        Ok(json!({ "twice": input.n.map(|n| n * 2) }))
    }
}

#[tokio::test]
async fn a_command_reads_its_input_and_a_schedules_event() {
    assert_eq!(work(&Double, json!({"n": 2})).await, Ok(json!({"twice": 4})));
    assert_eq!(
        work(&Double, json!({"source": "aws.events", "detail": {}})).await,
        Ok(json!({"twice": null}))
    );
}

#[tokio::test]
async fn an_invalid_input_is_refused_with_its_field_and_without_its_value() {
    let reason = "the command's input is not valid: n: expected a whole number, 0 or more";
    assert_eq!(work(&Double, json!({"n": "a secret"})).await, Err(Failure::reject(reason)));
}
