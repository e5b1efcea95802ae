//! The key of the hash of emails: a secret that the stack generates.

use outbound::{Secret, SecretError, Secrets};
use std::sync::Arc;

/// Where the key is. During a rotation it is a list, the newest first.
pub struct EmailKey {
    secrets: Arc<dyn Secrets>,
    name: String,
}

impl EmailKey {
    /// The key that is stored under this name.
    pub fn new(secrets: Arc<dyn Secrets>, name: String) -> Self {
        Self { secrets, name }
    }

    /// The key for new items. Items under an older key of the list are found too.
    pub(crate) async fn newest(&self) -> Result<Secret, SecretError> {
        let keys = self.secrets.current(&self.name).await?;
        keys.into_iter().next().ok_or_else(|| SecretError::Missing { name: self.name.clone() })
    }

    /// Every key under which items can be.
    pub(crate) async fn all(&self) -> Result<Vec<Secret>, SecretError> {
        self.secrets.current(&self.name).await
    }
}
