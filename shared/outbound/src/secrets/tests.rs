//! Unit tests of the `secrets` module.

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
