//! Unit tests of the `command` module.

use super::*;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Asked {
    n: Option<u32>,
}

struct Double;

#[async_trait]
impl Command for Double {
    type Asked = Asked;

    async fn run(&self, asked: Asked) -> Result<Value, Failure> {
        Ok(json!({ "twice": asked.n.map(|n| n * 2) }))
    }
}

#[tokio::test]
async fn it_is_told_what_to_do_and_a_schedule_tells_it_nothing() {
    assert_eq!(work(&Double, json!({"n": 2})).await, Ok(json!({"twice": 4})));
    assert_eq!(
        work(&Double, json!({"source": "aws.events", "detail": {}})).await,
        Ok(json!({"twice": null}))
    );
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_without_its_values() {
    let refused = work(&Double, json!({"n": "a secret"})).await.unwrap_err();
    assert!(matches!(&refused, Failure::Reject { reason } if !reason.contains("secret")), "{refused:?}");
}
