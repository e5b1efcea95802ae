//! Dead letters, and requests to `redrive-dead-letters`.

use super::World;
use events::{Envelope, InventoryEvent, OutOfStock};
use outbound::DeadLetteredBy;
use resilience::Failure;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use testkit::{Gate, Plan};

/// A body that no function can read, and that holds personal data.
pub(crate) const NONSENSE: &str = "Ada Person, Street 1";

impl World {
    /// Dead-letters a message that `take-payment` rejected, and returns its id.
    pub(crate) fn reject(&self, body: &str) -> String {
        self.clock.advance(Duration::from_secs(1));
        let (name, reason) = ("take-payment".to_owned(), "the provider did not understand it".to_owned());
        self.letters.add(body, DeadLetteredBy::Function { name, reason })
    }

    pub(crate) async fn run_redrive(&self, gate: Arc<dyn Gate>, input: Value) -> Result<Value, Failure> {
        runtime::command::work(&self.redrive(&gate), input).await
    }

    pub(crate) async fn answer_redrive(&self, input: Value) -> Value {
        self.run_redrive(Plan::open(), input).await.unwrap()
    }

    /// The bodies in the queue of `take-payment`.
    pub(crate) fn sent(&self) -> Vec<String> {
        self.queue.sent().into_iter().map(|work| work.body).collect()
    }
}

pub(crate) fn list() -> Value {
    json!({"function": "take-payment", "do": "list"})
}

pub(crate) fn out_of_stock(n: u64) -> String {
    let envelope: Envelope = testkit::envelope(
        &testkit::order_id(n),
        2,
        &InventoryEvent::OutOfStock(OutOfStock { missing: Vec::new() }),
    );
    serde_json::to_string(&envelope).unwrap()
}

pub(crate) fn outcomes(answer: &Value) -> Vec<(&str, &str)> {
    let outcomes = answer["outcomes"].as_array().unwrap();
    outcomes.iter().map(|it| (it["id"].as_str().unwrap(), it["outcome"].as_str().unwrap())).collect()
}

pub(crate) fn ids(answer: &Value) -> Vec<&str> {
    answer["letters"].as_array().unwrap().iter().map(|letter| letter["id"].as_str().unwrap()).collect()
}
