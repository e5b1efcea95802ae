//! When the cache of secrets reads its store, and what it returns while the store is out.

use super::*;
use resilience::FixedClock;
use std::sync::Mutex;
use std::time::Duration;

#[test]
fn a_list_and_a_plain_text_are_both_read() {
    assert_eq!(Secret::parse_list("whsec_1\n"), [Secret::new("whsec_1")]);
    assert_eq!(Secret::parse_list(r#"["new","","old"]"#), [Secret::new("new"), Secret::new("old")]);
    assert_eq!(Secret::parse_list(""), []);
}

/// A store that counts its reads and answers late.
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
    SecretError::Unavailable { name: "hook".to_owned(), reason: "the test made it fail".to_owned() }
}

fn cached(store: &Counting) -> (CachedSecrets<Counting>, Arc<FixedClock>) {
    let clock = Arc::new(FixedClock::at(Timestamp::UNIX_EPOCH));
    (CachedSecrets::new(store.clone(), clock.clone()), clock)
}

#[tokio::test]
async fn a_changed_secret_is_read_within_a_minute() {
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
async fn concurrent_refreshes_wait_for_one_read() {
    let store = Counting::holding("old");
    let (secrets, clock) = cached(&store);
    let seen = secrets.current("hook").await.unwrap();
    store.put(Ok(r#"["new","old"]"#));
    clock.advance(Duration::from_secs(5));
    let refreshed = tokio::join!(
        secrets.refreshed("hook", &seen),
        secrets.refreshed("hook", &seen),
        secrets.refreshed("hook", &seen),
    );
    let both = Ok(vec![Secret::new("new"), Secret::new("old")]);
    assert_eq!(refreshed, (both.clone(), both.clone(), both));
    assert_eq!(store.reads(), 2);
}

#[tokio::test]
async fn repeated_refreshes_read_the_store_once_in_five_seconds() {
    let store = Counting::holding("whsec");
    let (secrets, clock) = cached(&store);
    let seen = secrets.current("hook").await.unwrap();
    for _ in 0..60 {
        for _ in 0..10 {
            secrets.refreshed("hook", &seen).await.unwrap();
        }
        clock.advance(Duration::from_secs(1));
    }
    assert_eq!(store.reads(), 12, "within a minute, with the first read");
}

#[tokio::test]
async fn a_refresh_of_an_old_value_is_answered_from_the_cache() {
    let store = Counting::holding("new");
    let (secrets, clock) = cached(&store);
    secrets.current("hook").await.unwrap();
    clock.advance(Duration::from_secs(30));
    let refreshed = secrets.refreshed("hook", &[Secret::new("old")]).await;
    assert_eq!((refreshed, store.reads()), (Ok(vec![Secret::new("new")]), 1));
}

#[tokio::test]
async fn cached_secrets_stay_valid_while_the_store_is_out() {
    let store = Counting::holding("whsec");
    let (secrets, clock) = cached(&store);
    let seen = secrets.current("hook").await.unwrap();
    store.put(Err(out()));
    clock.advance(Duration::from_secs(10));
    for _ in 0..3 {
        assert_eq!(secrets.refreshed("hook", &seen).await, Err(out()), "a new value may exist");
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
async fn an_empty_secret_is_missing_and_a_clock_set_back_empties_the_cache() {
    let store = Counting::holding("[\"\"]");
    let clock = Arc::new(FixedClock::at(Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1)));
    let secrets = CachedSecrets::new(store.clone(), clock.clone());
    assert_eq!(secrets.current("hook").await, Err(SecretError::Missing { name: "hook".to_owned() }));
    assert!(!is_recent(clock.now(), CACHED_FOR, Timestamp::UNIX_EPOCH));
}

#[test]
fn the_debug_form_hides_a_secret() {
    assert_eq!(format!("{:?}", Secret::new("whsec_1")), "Secret(…)");
}
