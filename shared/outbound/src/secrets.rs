//! Secrets, as lists: during a rotation both the old and the new value are valid. They are cached for a minute, and read again
//! sooner if none of them verifies what was received.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use resilience::Clock;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Mutex;

/// A secret text, which its `Debug` form hides.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the call that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why a secret is not available.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The store did not answer.
    #[error("the secret {name} could not be read: {reason}")]
    Unavailable {
        /// Which secret.
        name: String,
        /// What happened.
        reason: String,
    },
    /// The secret does not exist or is empty: an empty secret is never accepted.
    #[error("the secret {name} is missing or empty; put a value into it")]
    Missing {
        /// Which secret.
        name: String,
    },
}

/// Reads secrets by name. A list has the newest value first; it is never empty, nor is any of its values.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// The values that are valid now.
    async fn current(&self, name: &str) -> Result<Vec<Secret>, SecretError>;

    /// The values that are valid now, for a caller that has read `seen` and could verify nothing with it: a new secret may have
    /// been stored meanwhile. The store is read at most once in five seconds, so that invalid signatures cannot make it
    /// read at will.
    async fn refreshed(&self, name: &str, seen: &[Secret]) -> Result<Vec<Secret>, SecretError>;
}

/// Where secrets are stored permanently.
#[async_trait]
pub trait SecretStore: Send + Sync {
    /// Reads a secret's value, in the form of [`Secret::parse_list`]; empty if it has none.
    async fn read(&self, name: &str) -> Result<String, SecretError>;
}

/// How long a value is cached: a removed secret is refused after this time.
const CACHED_FOR: SignedDuration = SignedDuration::from_secs(60);
/// The least time between two reads of the store, whatever the first one returned.
const READ_AGAIN_AFTER: SignedDuration = SignedDuration::from_secs(5);

/// [`Secrets`] over a store that is read as seldom as possible.
pub struct CachedSecrets<S> {
    store: S,
    clock: Arc<dyn Clock>,
    /// The lock is held during a read, so that concurrent callers wait for one read.
    cached: Mutex<HashMap<String, Cached>>,
}

/// The cache of one secret.
#[derive(Default)]
struct Cached {
    /// When the values were read, and the values.
    values: Option<(Timestamp, Vec<Secret>)>,
    /// When the store was read last, and the error of that read.
    last_read: Option<(Timestamp, Result<(), SecretError>)>,
}

impl Cached {
    /// The values, unless they are too old.
    fn values(&self, now: Timestamp) -> Option<&Vec<Secret>> {
        self.values.as_ref().filter(|(at, _)| is_recent(*at, CACHED_FOR, now)).map(|(_, values)| values)
    }

    /// The outcome of the last read, if it is too early to read again.
    fn just_read(&self, now: Timestamp) -> Option<&Result<(), SecretError>> {
        let read = self.last_read.as_ref().filter(|(at, _)| is_recent(*at, READ_AGAIN_AFTER, now));
        read.map(|(_, outcome)| outcome)
    }
}

/// If the clock was set back, nothing is recent: a needless read is better than a secret that is valid for ever.
fn is_recent(at: Timestamp, age: SignedDuration, now: Timestamp) -> bool {
    (SignedDuration::ZERO..age).contains(&now.duration_since(at))
}

impl<S: SecretStore> CachedSecrets<S> {
    /// Secrets of `store`. `clock` must be the wall clock: a monotonic clock stops while a function is frozen.
    pub fn new(store: S, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, cached: Mutex::default() }
    }

    /// Reads the store. If that fails, the cached values stay.
    async fn read(
        &self,
        name: &str,
        cached: &mut Cached,
        now: Timestamp,
    ) -> Result<Vec<Secret>, SecretError> {
        let values = self.store.read(name).await.map(|value| Secret::parse_list(&value));
        let answer = match values {
            Ok(values) if values.is_empty() => Err(SecretError::Missing { name: name.to_owned() }),
            answer => answer,
        };
        cached.last_read = Some((now, answer.as_ref().map(drop).map_err(Clone::clone)));
        if let Ok(values) = &answer {
            cached.values = Some((now, values.clone()));
        }
        answer
    }
}

#[async_trait]
impl<S: SecretStore> Secrets for CachedSecrets<S> {
    async fn current(&self, name: &str) -> Result<Vec<Secret>, SecretError> {
        let mut secrets = self.cached.lock().await;
        let (cached, now) = (secrets.entry(name.to_owned()).or_default(), self.clock.now());
        if let Some(values) = cached.values(now) {
            return Ok(values.clone());
        }
        if let Some(Err(error)) = cached.just_read(now) {
            return Err(error.clone());
        }
        self.read(name, cached, now).await
    }

    async fn refreshed(&self, name: &str, seen: &[Secret]) -> Result<Vec<Secret>, SecretError> {
        let mut secrets = self.cached.lock().await;
        let (cached, now) = (secrets.entry(name.to_owned()).or_default(), self.clock.now());
        match (cached.values(now), cached.just_read(now)) {
            (Some(values), _) if values != seen => Ok(values.clone()),
            (_, Some(Err(error))) => Err(error.clone()),
            (Some(values), Some(Ok(()))) => Ok(values.clone()),
            (_, None) | (None, Some(Ok(()))) => self.read(name, cached, now).await,
        }
    }
}

impl Secret {
    /// Reads a stored value: a JSON list of strings, or one plain string. Empty strings are left out.
    pub fn parse_list(value: &str) -> Vec<Self> {
        let list: Vec<String> = serde_json::from_str(value).unwrap_or_else(|_| vec![value.trim().to_owned()]);
        list.into_iter().filter(|text| !text.is_empty()).map(Self).collect()
    }
}

#[cfg(test)]
mod tests;
