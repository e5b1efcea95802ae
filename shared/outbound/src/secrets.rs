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
mod tests {
    use super::*;
    use resilience::FixedClock;
    use std::sync::Mutex;
    use std::time::Duration;

    #[test]
    fn a_list_and_a_plain_text_both_read() {
        assert_eq!(Secret::parse_list("whsec_1\n"), [Secret::new("whsec_1")]);
        assert_eq!(Secret::parse_list(r#"["new","","old"]"#), [Secret::new("new"), Secret::new("old")]);
        assert_eq!(Secret::parse_list(""), []);
    }

    /// A store that counts how often it is asked, and answers late.
    #[derive(Clone)]
    struct Counting(Arc<Mutex<(usize, Result<String, SecretError>)>>);

    impl Counting {
        fn holding(value: &str) -> Self {
            Self(Arc::new(Mutex::new((0, Ok(value.to_owned())))))
        }

        fn put(&self, value: Result<&str, SecretError>) {
            self.0.lock().unwrap().1 = value.map(str::to_owned);
        }

        fn reads(&self) -> usize {
            self.0.lock().unwrap().0
        }
    }

    #[async_trait]
    impl SecretStore for Counting {
        async fn read(&self, _: &str) -> Result<String, SecretError> {
            tokio::task::yield_now().await;
            let mut store = self.0.lock().unwrap();
            store.0 += 1;
            store.1.clone()
        }
    }

    fn out() -> SecretError {
        SecretError::Unavailable { name: "hook".to_owned(), reason: "told to be out".to_owned() }
    }

    fn cached(store: &Counting) -> (CachedSecrets<Counting>, Arc<FixedClock>) {
        let clock = Arc::new(FixedClock::at(Timestamp::UNIX_EPOCH));
        (CachedSecrets::new(store.clone(), clock.clone()), clock)
    }

    #[tokio::test]
    async fn a_changed_secret_holds_within_a_minute_without_being_asked_for() {
        let store = Counting::holding("old");
        let (secrets, clock) = cached(&store);
        assert_eq!(secrets.current("hook").await, Ok(vec![Secret::new("old")]));
        store.put(Ok("new"));
        clock.advance(Duration::from_secs(59));
        assert_eq!(secrets.current("hook").await, Ok(vec![Secret::new("old")]));
        clock.advance(Duration::from_secs(1));
        assert_eq!(secrets.current("hook").await, Ok(vec![Secret::new("new")]));
        assert_eq!(store.reads(), 2);
    }

    #[tokio::test]
    async fn many_who_ask_for_news_at_once_wait_for_one_read() {
        let store = Counting::holding("old");
        let (secrets, clock) = cached(&store);
        let seen = secrets.current("hook").await.unwrap();
        store.put(Ok(r#"["new","old"]"#));
        clock.advance(Duration::from_secs(5));
        let told = tokio::join!(
            secrets.refreshed("hook", &seen),
            secrets.refreshed("hook", &seen),
            secrets.refreshed("hook", &seen),
        );
        let news = Ok(vec![Secret::new("new"), Secret::new("old")]);
        assert_eq!(told, (news.clone(), news.clone(), news));
        assert_eq!(store.reads(), 2);
    }

    #[tokio::test]
    async fn nonsense_has_the_store_asked_once_in_five_seconds_and_no_more() {
        let store = Counting::holding("whsec");
        let (secrets, clock) = cached(&store);
        let seen = secrets.current("hook").await.unwrap();
        for _ in 0..60 {
            for _ in 0..10 {
                secrets.refreshed("hook", &seen).await.unwrap();
            }
            clock.advance(Duration::from_secs(1));
        }
        assert_eq!(store.reads(), 12, "a minute of it, the first read included");
    }

    #[tokio::test]
    async fn who_was_told_less_than_is_known_gets_it_without_a_read() {
        let store = Counting::holding("new");
        let (secrets, clock) = cached(&store);
        secrets.current("hook").await.unwrap();
        clock.advance(Duration::from_secs(30));
        let told = secrets.refreshed("hook", &[Secret::new("old")]).await;
        assert_eq!((told, store.reads()), (Ok(vec![Secret::new("new")]), 1));
    }

    #[tokio::test]
    async fn a_store_that_is_out_is_not_asked_by_everybody_and_takes_nothing_away_before_its_time() {
        let store = Counting::holding("whsec");
        let (secrets, clock) = cached(&store);
        let seen = secrets.current("hook").await.unwrap();
        store.put(Err(out()));
        clock.advance(Duration::from_secs(10));
        for _ in 0..3 {
            assert_eq!(
                secrets.refreshed("hook", &seen).await,
                Err(out()),
                "nobody knows whether there is a new one"
            );
            assert_eq!(secrets.current("hook").await, Ok(seen.clone()));
        }
        assert_eq!(store.reads(), 2);
        clock.advance(Duration::from_secs(50));
        for _ in 0..3 {
            assert_eq!(secrets.current("hook").await, Err(out()));
        }
        assert_eq!(store.reads(), 3);
        store.put(Ok("whsec"));
        clock.advance(Duration::from_secs(5));
        assert_eq!(secrets.current("hook").await, Ok(seen));
    }

    #[tokio::test]
    async fn an_empty_secret_is_a_missing_one_and_a_clock_that_was_set_back_keeps_nothing() {
        let store = Counting::holding("[\"\"]");
        let clock = Arc::new(FixedClock::at(Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1)));
        let secrets = CachedSecrets::new(store.clone(), clock.clone());
        assert_eq!(secrets.current("hook").await, Err(SecretError::Missing { name: "hook".to_owned() }));
        assert!(!is_younger(clock.now(), KEPT, Timestamp::UNIX_EPOCH));
    }

    #[test]
    fn a_secret_does_not_show_itself() {
        assert_eq!(format!("{:?}", Secret::new("whsec_1")), "Secret(…)");
    }
}
