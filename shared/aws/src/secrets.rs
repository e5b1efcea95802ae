//! [`SecretStore`] on Secrets Manager. [`outbound::CachedSecrets`] decides how often it is read.

use crate::error::describe;
use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::get_secret_value::{GetSecretValueError, GetSecretValueOutput};
use aws_smithy_runtime_api::client::result::SdkError;
use outbound::{SecretError, SecretStore};

pub(crate) struct SecretsManager(pub(crate) Client);

#[async_trait]
impl SecretStore for SecretsManager {
    async fn read(&self, name: &str) -> Result<String, SecretError> {
        value_of(name, self.0.get_secret_value().secret_id(name).send().await)
    }
}

/// A stack creates its secrets without a value, and Secrets Manager finds none until an operator puts one in. That is no outage.
fn value_of<R>(
    name: &str,
    answer: Result<GetSecretValueOutput, SdkError<GetSecretValueError, R>>,
) -> Result<String, SecretError>
where
    R: std::fmt::Debug + 'static,
{
    match answer {
        Ok(answer) => Ok(answer.secret_string.unwrap_or_default()),
        Err(SdkError::ServiceError(error)) if error.err().is_resource_not_found_exception() => {
            Ok(String::new())
        }
        Err(error) => Err(SecretError::Unavailable { name: name.to_owned(), reason: describe(&error) }),
    }
}

#[cfg(test)]
mod tests;
