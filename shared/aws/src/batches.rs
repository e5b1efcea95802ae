//! [`BatchStore`] on S3.

use crate::error::describe;
use async_trait::async_trait;
use aws_sdk_s3::operation::get_object::GetObjectError;
use outbound::{BatchError, BatchStore, StoredBatch};

#[derive(Debug)]
pub(crate) struct S3Batches(pub(crate) aws_sdk_s3::Client);

#[async_trait]
impl BatchStore for S3Batches {
    async fn read(&self, batch: &StoredBatch) -> Result<Option<String>, BatchError> {
        let found = self.0.get_object().bucket(&batch.bucket).key(&batch.object).send().await;
        let object = match found {
            Ok(object) => object,
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => {
                return Ok(None);
            }
            Err(error) => return Err(BatchError(describe(&error))),
        };
        let bytes = object.body.collect().await.map_err(|error| BatchError(error.to_string()))?.to_vec();
        String::from_utf8(bytes).map(Some).map_err(|_| BatchError("the object is not UTF-8".to_owned()))
    }

    async fn delete(&self, batch: &StoredBatch) -> Result<(), BatchError> {
        let deleted = self.0.delete_object().bucket(&batch.bucket).key(&batch.object).send().await;
        deleted.map(drop).map_err(|error| BatchError(describe(&error)))
    }
}
