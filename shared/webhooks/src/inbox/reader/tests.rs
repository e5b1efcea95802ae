//! The reader with a service whose reports are plain keys: applied once their key is known, parked until then.

use super::*;
use crate::inbox::verdict::{self, Conclusion};
use crate::inbox::{KEPT_FOR, NewItem, ReceivedBy, keep};
use crate::{EventName, fetched};
use event_store::Memory;
use http::HeaderMap;
use jiff::Timestamp;
use resilience::FixedClock;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A report is a word. `no` cannot be read, `nothing` reports nothing, every other is applied once it is known.
#[derive(Default)]
struct Words {
    table: Memory,
    known: Mutex<Vec<String>>,
    looks: AtomicUsize,
    /// At this look the word becomes known and is drained, after the look has found nothing.
    overtaken_at: Option<usize>,
}

#[async_trait]
impl Handler for &Words {
    type Report = String;

    const SOURCES: &'static [&'static str] = &["words", "others"];
    const NOTHING_REPORTED: &'static str = "nothing";

    fn parse(&self, webhook: &Webhook<'_>) -> Result<Option<String>, Failure> {
        match webhook.body {
            b"no" => Err(Failure::reject("it cannot be read")),
            b"nothing" => Ok(None),
            word => Ok(Some(String::from_utf8_lossy(word).into_owned())),
        }
    }

    fn partition(&self, word: &String) -> String {
        format!("word#{word}")
    }

    async fn apply(&self, _: &Webhook<'_>, word: &String) -> Result<Outcome, Failure> {
        let look = self.looks.fetch_add(1, Ordering::SeqCst) + 1;
        if self.known.lock().unwrap().contains(word) {
            return Ok(Outcome::Resolved(Verdict::AlreadyKnown));
        }
        if self.overtaken_at == Some(look) {
            self.learn(word);
            self.reader().drain(&self.partition(word)).await?;
        }
        Ok(Outcome::Unmatched)
    }
}

impl Words {
    fn reader(&self) -> InboxReader<'_, &Self> {
        static CLOCK: std::sync::LazyLock<FixedClock> =
            std::sync::LazyLock::new(|| FixedClock::at(Timestamp::UNIX_EPOCH));
        self.reader_by(&CLOCK)
    }

    fn reader_by<'a>(&'a self, clock: &'a FixedClock) -> InboxReader<'a, &'a Self> {
        InboxReader { documents: &self.table, clock, handler: self }
    }

    fn learn(&self, word: &str) {
        self.known.lock().unwrap().push(word.to_owned());
    }

    /// Keeps a webhook and reads its record.
    async fn receive(&self, source: &str, id: &str, body: &[u8]) -> Result<(), Failure> {
        let name = EventName { id: id.to_owned(), event_type: "word".to_owned() };
        let (headers, cause) =
            (HeaderMap::new(), Cause { id: EventId::outside("request", id), traceparent: None, actor: None });
        let new = NewItem { source, by: ReceivedBy::Api, name: &name, headers: &headers, cause: &cause };
        keep(&self.table, &new, &fetched(body), Timestamp::UNIX_EPOCH).await.unwrap();
        let record = key(source, id);
        let document = self.table.get(&record).await.unwrap().unwrap();
        self.reader().read(&record, &document).await
    }

    async fn verdict(&self, source: &str, id: &str) -> Option<Verdict> {
        let key = verdict::key(source, id);
        let document = self.table.get(&key).await.unwrap()?;
        Some(document.read::<Conclusion>(&key).unwrap().verdict)
    }
}

fn parked(word: &str) -> Verdict {
    Verdict::Parked { key: format!("word#{word}") }
}

#[tokio::test]
async fn each_webhook_gets_its_verdict() {
    let words = Words::default();
    words.learn("known");
    for (id, body, expected) in [
        ("1", "known", Verdict::AlreadyKnown),
        ("2", "nothing", Verdict::Ignored { reason: "nothing".to_owned() }),
        ("3", "new", Verdict::Parked { key: "word#new".to_owned() }),
    ] {
        assert_eq!(words.receive("words", id, body.as_bytes()).await, Ok(()));
        assert_eq!(words.verdict("words", id).await, Some(expected));
    }
    assert_eq!(words.receive("words", "4", b"no").await, Err(Failure::reject("it cannot be read")));
    assert_eq!(
        words.verdict("words", "4").await,
        Some(Verdict::Failed { reason: "it cannot be read".to_owned() })
    );
}

#[tokio::test]
async fn a_parked_webhook_is_applied_once_its_key_is_known() {
    let words = Words::default();
    for (source, id) in [("words", "1"), ("others", "2")] {
        assert_eq!(words.receive(source, id, b"late").await, Ok(()));
        assert_eq!(words.verdict(source, id).await, Some(parked("late")));
    }
    let pointer = Key::new("word#late", "parked#1");
    assert_eq!(
        words.table.get(&pointer).await.unwrap().unwrap().expires_at,
        Some(Timestamp::from_second(30 * 24 * 3600).unwrap()),
        "as long as the inbox item"
    );
    words.learn("late");
    assert_eq!(words.reader().drain("word#late").await, Ok(()));
    for (source, id) in [("words", "1"), ("others", "2")] {
        assert_eq!(words.verdict(source, id).await, Some(Verdict::AlreadyKnown));
    }
}

#[tokio::test]
async fn a_match_that_appears_before_the_parking_is_found_by_the_last_look() {
    let words = Words { overtaken_at: Some(1), ..Words::default() };
    assert_eq!(words.receive("words", "1", b"late").await, Ok(()));
    assert_eq!(words.verdict("words", "1").await, Some(Verdict::AlreadyKnown));
}

#[tokio::test]
async fn the_verdict_of_a_concurrent_drain_is_final() {
    let words = Words { overtaken_at: Some(2), ..Words::default() };
    assert_eq!(words.receive("words", "1", b"late").await, Ok(()));
    assert_eq!(words.verdict("words", "1").await, Some(Verdict::AlreadyKnown));
}

#[tokio::test]
async fn a_parked_item_that_cannot_be_applied_does_not_block_the_others() {
    let words = Words::default();
    assert_eq!(words.receive("words", "2", b"late").await, Ok(()));
    assert!(words.receive("words", "1", b"no").await.is_err());
    // A pointer of an older version names no source, and one points to an item that has expired.
    for id in ["1", "gone"] {
        let document = Document::of(&serde_json::json!({ "event_id": id }));
        words.table.put(&Key::new("word#late", format!("parked#{id}")), &document).await.unwrap();
    }
    words.learn("late");
    let rejected = Failure::reject("word#late / parked#1: it cannot be read");
    assert_eq!(words.reader().drain("word#late").await, Err(rejected));
    assert_eq!(words.verdict("words", "2").await, Some(Verdict::AlreadyKnown));
}

#[tokio::test]
async fn a_replay_is_read_and_other_records_are_ignored() {
    let words = Words::default();
    assert_eq!(words.receive("words", "1", b"late").await, Ok(()));
    words.learn("late");
    let anything = Document::of(&serde_json::json!({}));
    for (pk, sk) in [("webhook#words#1", "verdict"), ("webhook#stripe#1", "inbox"), ("order#1", "1")] {
        assert_eq!(words.reader().read(&Key::new(pk, sk), &anything).await, Ok(()));
    }
    assert_eq!(words.verdict("words", "1").await, Some(parked("late")));
    for id in ["1", "expired"] {
        let replay = Key::new(format!("webhook#words#{id}"), "replay#2026-01-02T08:00:00.000000Z");
        assert_eq!(words.reader().read(&replay, &anything).await, Ok(()));
    }
    assert_eq!(words.verdict("words", "1").await, Some(Verdict::AlreadyKnown));
}

#[test]
fn the_causes_of_webhooks_with_long_ids_stay_different() {
    let long = "x".repeat(255);
    let ids = [format!("bank.{long}"), format!("bank.{long}1"), format!("bank.{long}2")]
        .map(|id| shortened(&id).into_owned());
    assert!(ids.iter().all(|id| id.len() == 200 && id.starts_with("bank.xxx")), "{ids:?}");
    assert!(ids[0] != ids[1] && ids[1] != ids[2]);
    let kept = "x".repeat(200);
    assert_eq!(shortened(&kept), kept, "an id that was stored before keeps its cause");
}

#[tokio::test]
async fn a_webhook_that_has_expired_is_not_applied_again() {
    let words = Words::default();
    words.receive("words", "1", b"late").await.unwrap();
    words.learn("late");
    let item = key("words", "1");
    let replayed = Key::new(item.pk, format!("{}1", replay::PREFIX));
    let asked = Document::of(&());
    for (seconds, expected) in
        [(KEPT_FOR.as_secs(), parked("late")), (KEPT_FOR.as_secs() - 1, Verdict::AlreadyKnown)]
    {
        let clock = FixedClock::at(Timestamp::from_second(seconds).unwrap());
        words.reader_by(&clock).read(&replayed, &asked).await.unwrap();
        assert_eq!(words.verdict("words", "1").await, Some(expected), "after {seconds} s");
    }
}
