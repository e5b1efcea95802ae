//! Secrets, as lists: during a rotation the old one and the new one both hold. They are kept for a minute, and read
//! again sooner for somebody to whom none of them explains what came.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use resilience::Clock;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Mutex;

/// A secret text. It shows itself only when asked to.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the one call that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why there is no secret.
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
    /// There is no such secret, or it is empty: an empty secret is never accepted.
    #[error("the secret {name} is missing or empty; put a value into it")]
    Missing {
        /// Which secret.
        name: String,
    },
}

/// Reads secrets by name. Values are newest first; never no value, none of them empty.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// The values that hold now.
    async fn current(&self, name: &str) -> Result<Vec<Secret>, SecretError>;

    /// The values that hold now, for somebody who was told `seen` and met something that none of them explains: a
    /// signature with a secret that was put into the store meanwhile. Whoever sends nonsense cannot have the store
    /// asked at will: it is asked at most once in some seconds, however many ask for it.
    async fn refreshed(&self, name: &str, seen: &[Secret]) -> Result<Vec<Secret>, SecretError>;
}

/// Where secrets are kept for good.
#[async_trait]
pub trait SecretStore: Send + Sync {
    /// Reads a secret's value, as [`Secret::parse_list`] wants it; empty where there is none.
    async fn read(&self, name: &str) -> Result<String, SecretError>;
}

/// How long what was read holds: a secret that was taken out is refused within this time.
const KEPT: SignedDuration = SignedDuration::from_secs(60);
/// How long the store is left alone after it was asked, whatever it answered.
const LEFT_ALONE: SignedDuration = SignedDuration::from_secs(5);

/// [`Secrets`] over a store that is asked as seldom as possible.
pub struct CachedSecrets<S> {
    store: S,
    clock: Arc<dyn Clock>,
    /// One lock for the reading too: many who need a fresh value wait for one read of it.
    kept: Mutex<HashMap<String, Kept>>,
}

/// What is known of one secret.
#[derive(Default)]
struct Kept {
    /// The values that the store gave last, and when.
    values: Option<(Timestamp, Vec<Secret>)>,
    /// When it was asked last, and what was wrong then.
    asked: Option<(Timestamp, Result<(), SecretError>)>,
}

impl Kept {
    /// The values, as long as they hold.
    fn values(&self, now: Timestamp) -> Option<&Vec<Secret>> {
        self.values.as_ref().filter(|(at, _)| is_younger(*at, KEPT, now)).map(|(_, values)| values)
    }

    /// What came of asking the store, if that is too short a while ago to ask again.
    fn just_asked(&self, now: Timestamp) -> Option<&Result<(), SecretError>> {
        let asked = self.asked.as_ref().filter(|(at, _)| is_younger(*at, LEFT_ALONE, now));
        asked.map(|(_, came_of_it)| came_of_it)
    }
}

/// A clock that was set back makes everything old: better a read too many than a secret that holds for ever.
fn is_younger(than: Timestamp, age: SignedDuration, now: Timestamp) -> bool {
    (SignedDuration::ZERO..age).contains(&now.duration_since(than))
}

impl<S: SecretStore> CachedSecrets<S> {
    /// Secrets of `store`. The clock is the wall's: a frozen function's own stands still.
    pub fn new(store: S, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, kept: Mutex::default() }
    }

    /// Asks the store. What was known before stays where it fails.
    async fn ask(&self, name: &str, kept: &mut Kept, now: Timestamp) -> Result<Vec<Secret>, SecretError> {
        let values = self.store.read(name).await.map(|value| Secret::parse_list(&value));
        let answer = match values {
            Ok(values) if values.is_empty() => Err(SecretError::Missing { name: name.to_owned() }),
            answer => answer,
        };
        kept.asked = Some((now, answer.as_ref().map(drop).map_err(Clone::clone)));
        if let Ok(values) = &answer {
            kept.values = Some((now, values.clone()));
        }
        answer
    }
}

#[async_trait]
impl<S: SecretStore> Secrets for CachedSecrets<S> {
    async fn current(&self, name: &str) -> Result<Vec<Secret>, SecretError> {
        let mut secrets = self.kept.lock().await;
        let (kept, now) = (secrets.entry(name.to_owned()).or_default(), self.clock.now());
        if let Some(values) = kept.values(now) {
            return Ok(values.clone());
        }
        if let Some(Err(error)) = kept.just_asked(now) {
            return Err(error.clone());
        }
        self.ask(name, kept, now).await
    }

    async fn refreshed(&self, name: &str, seen: &[Secret]) -> Result<Vec<Secret>, SecretError> {
        let mut secrets = self.kept.lock().await;
        let (kept, now) = (secrets.entry(name.to_owned()).or_default(), self.clock.now());
        match (kept.values(now), kept.just_asked(now)) {
            (Some(values), _) if values != seen => Ok(values.clone()),
            (_, Some(Err(error))) => Err(error.clone()),
            (Some(values), Some(Ok(()))) => Ok(values.clone()),
            (_, None) | (None, Some(Ok(()))) => self.ask(name, kept, now).await,
        }
    }
}

impl Secret {
    /// Reads a stored value: a JSON list of strings, or one plain string. Empty ones are left out.
    pub fn parse_list(value: &str) -> Vec<Self> {
        let list: Vec<String> = serde_json::from_str(value).unwrap_or_else(|_| vec![value.trim().to_owned()]);
        list.into_iter().filter(|text| !text.is_empty()).map(Self).collect()
    }
}

#[cfg(test)]
mod tests;
