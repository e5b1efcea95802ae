//! [`Secrets`] on Secrets Manager, kept for a minute, so that a rotation holds within a minute and a busy
//! function does not ask for every request.

use crate::error::describe;
use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use outbound::{Secret, SecretError, Secrets};
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

const KEPT: Duration = Duration::from_mins(1);

pub(crate) struct CachedSecrets {
    client: Client,
    /// One lock for the reading too: many requests that need a fresh value wait for one read of it.
    kept: Mutex<HashMap<String, (Instant, Vec<Secret>)>>,
}

impl CachedSecrets {
    pub(crate) fn new(client: Client) -> Self {
        Self { client, kept: Mutex::default() }
    }
}

#[async_trait]
impl Secrets for CachedSecrets {
    async fn current(&self, name: &str) -> Result<Vec<Secret>, SecretError> {
        let mut kept = self.kept.lock().await;
        if let Some((read_at, secrets)) = kept.get(name)
            && read_at.elapsed() < KEPT
        {
            return Ok(secrets.clone());
        }
        let answer =
            self.client.get_secret_value().secret_id(name).send().await.map_err(|error| {
                SecretError::Unavailable { name: name.to_owned(), reason: describe(&error) }
            })?;
        let secrets = Secret::parse_list(answer.secret_string().unwrap_or_default());
        if secrets.is_empty() {
            return Err(SecretError::Missing { name: name.to_owned() });
        }
        kept.insert(name.to_owned(), (Instant::now(), secrets.clone()));
        Ok(secrets)
    }
}
