//! [`WorkQueue`] on SQS.

use crate::error::describe;
use async_trait::async_trait;
use aws_sdk_sqs::Client;
use outbound::{LONGEST_DELAY, QueueError, Work, WorkQueue};

#[derive(Debug)]
pub(crate) struct SqsWork {
    pub(crate) client: Client,
    pub(crate) url: String,
}

#[async_trait]
impl WorkQueue for SqsWork {
    async fn send(&self, work: &Work) -> Result<(), QueueError> {
        let delay = work.delay.min(LONGEST_DELAY).as_secs();
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_body(&work.body)
            .delay_seconds(i32::try_from(delay).unwrap_or(0))
            .message_group_id(&work.group)
            .send()
            .await
            .map_err(|error| QueueError(describe(&error)))?;
        Ok(())
    }
}
