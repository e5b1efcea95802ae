//! [`SecretStore`] on Secrets Manager. [`outbound::CachedSecrets`] decides how often it is read.

use crate::error::describe;
use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use outbound::{SecretError, SecretStore};

pub(crate) struct SecretsManager(pub(crate) Client);

#[async_trait]
impl SecretStore for SecretsManager {
    async fn read(&self, name: &str) -> Result<String, SecretError> {
        let unavailable = |reason| SecretError::Unavailable { name: name.to_owned(), reason };
        let answer = self.0.get_secret_value().secret_id(name).send().await;
        let answer = answer.map_err(|error| unavailable(describe(&error)))?;
        Ok(answer.secret_string.unwrap_or_default())
    }
}
