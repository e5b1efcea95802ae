//! A batch that a stream reader could not take for 21 hours. Its event source stored it, and its dead letter names the object.
//!
//! A requeue invokes the reader with the same records, then deletes the object. The records are older than a reader waits, so
//! one that still fails is dead-lettered by its key.

use super::{FunctionQueues, Outcome, RedriveDeadLetters, failed};
use outbound::{Letter, StoredBatch};
use serde_json::Value;

/// What the keys of all stored batches begin with.
const PREFIX: &str = "aws/lambda/";

/// The batch that a dead letter names: an event of the bucket, of which only the object's name is read.
pub(super) fn named_in(letter: &Value) -> Option<StoredBatch> {
    if letter["source"] != "aws.s3" || letter["detail-type"] != "Object Created" {
        return None;
    }
    let detail = &letter["detail"];
    let (bucket, object) = (detail["bucket"]["name"].as_str()?, detail["object"]["key"].as_str()?);
    object.starts_with(PREFIX).then(|| StoredBatch { bucket: bucket.to_owned(), object: object.to_owned() })
}

/// The event with the records that the reader was to get, if the object is such a batch of this function.
fn records_of<'a>(object: &'a Value, function: &str) -> Result<&'a str, &'static str> {
    let arn = object["requestContext"]["functionArn"].as_str().unwrap_or_default();
    // An alias or a version may follow the name.
    let name = arn.split(":function:").nth(1).and_then(|rest| rest.split(':').next()).unwrap_or_default();
    if !name.ends_with(&format!("-{function}")) {
        return Err("the stored batch belongs to another function");
    }
    object["payload"].as_str().ok_or("the stored batch has no records")
}

impl RedriveDeadLetters {
    /// Hands the batch to its reader first and deletes it afterwards, so that a crash loses nothing.
    pub(super) async fn requeue_batch(
        &self,
        function: &str,
        queues: &FunctionQueues,
        batch: &StoredBatch,
        letter: &Letter,
    ) -> (Outcome, Option<String>) {
        let kept = |because: String| (Outcome::Kept, Some(because));
        let object = match self.batches.read(batch).await {
            Ok(Some(object)) => object,
            Ok(None) => {
                return kept(
                    "its batch is gone: it was requeued before, or is too old; discard this".to_owned(),
                );
            }
            Err(error) => return kept(failed("read its batch", &error)),
        };
        let object: Value = serde_json::from_str(&object).unwrap_or_default();
        let records = match records_of(&object, function) {
            Ok(records) => records,
            Err(because) => return kept(because.to_owned()),
        };
        if let Err(error) = self.functions.ask(function, records).await {
            return kept(failed(&format!("have {function} handle it"), &error));
        }
        match self.delete_batch(queues, batch, letter).await {
            Ok(()) => (Outcome::Requeued, None),
            Err(because) => (Outcome::Requeued, Some(because)),
        }
    }

    pub(super) async fn discard_batch(
        &self,
        queues: &FunctionQueues,
        batch: &StoredBatch,
        letter: &Letter,
    ) -> (Outcome, Option<String>) {
        match self.delete_batch(queues, batch, letter).await {
            Ok(()) => (Outcome::Discarded, None),
            Err(because) => (Outcome::Kept, Some(because)),
        }
    }

    /// The letter goes last: as long as it is there, it names what is left to do.
    async fn delete_batch(
        &self,
        queues: &FunctionQueues,
        batch: &StoredBatch,
        letter: &Letter,
    ) -> Result<(), String> {
        self.batches.delete(batch).await.map_err(|error| failed("delete its batch", &error))?;
        let deleted = queues.dead_letters.delete(&letter.receipt).await;
        deleted.map_err(|error| failed("delete the dead letter; its batch is deleted, so discard it", &error))
    }
}

#[cfg(test)]
mod tests;
