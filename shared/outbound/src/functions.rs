//! Functions that are invoked by a function: those of the stack by their names, and single versions.

use async_trait::async_trait;

/// What every caller of a function names. A deploy moves it to the function's newest version: `local/naming.py`.
pub const ALIAS: &str = "live";

/// Functions by their name in the stack (`publish-events`).
#[async_trait]
pub trait Functions: Send + Sync {
    /// Invokes a function with this JSON, waits for its end, and returns its answer, which is JSON.
    async fn ask(&self, function: &str, payload: &str) -> Result<String, NotAnswered>;
}

/// Versions of functions, each invoked by itself.
#[async_trait]
pub trait Versions: Send + Sync {
    /// Invokes a version, as [`Functions::ask`] does. `function` is the whole name, with that of the stack; `version` may be
    /// [`ALIAS`].
    async fn ask(&self, function: &str, version: &str, payload: &str) -> Result<String, NotAnswered>;
}

/// Why a function gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAnswered {
    /// It ended with an error of its own, for example because it refused its input.
    #[error("{0}")]
    Failed(String),
    /// It was not reached, or did not end in time; what it did is unknown.
    #[error("{0}")]
    Unclear(String),
}
