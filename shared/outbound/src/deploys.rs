//! The deploys of the stack: what a hook of one sees, and says.

use async_trait::async_trait;

/// A version of a function that a deploy moves callers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployTarget {
    /// The function's whole name, with that of the stack.
    pub function: String,
    /// The version.
    pub version: String,
}

/// The service of the deploys did not answer, or refused the call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DeployError(pub String);

/// The service that moves callers from one version to the next, and waits for a hook's verdict.
#[async_trait]
pub trait Deploys: Send + Sync {
    /// What the deploy moves callers to.
    async fn targets(&self, deploy: &str) -> Result<Vec<DeployTarget>, DeployError>;

    /// The hook's verdict. Until it is known the deploy waits, for an hour at most, and no caller reaches the new version.
    async fn conclude(&self, deploy: &str, hook: &str, accepts: bool) -> Result<(), DeployError>;
}
