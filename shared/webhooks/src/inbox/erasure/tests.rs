//! An erased webhook keeps its key, and nothing of what it said.

use super::*;
use crate::inbox::{Kept, NewItem, ReceivedBy, keep, open};
use crate::{EventName, fetched};
use event_store::Memory;
use events::{Cause, EventId};
use http::HeaderMap;
use jiff::Timestamp;

async fn kept(table: &Memory, event_id: &str) -> Kept {
    let cause = Cause { id: EventId::outside("request", "r"), traceparent: None, actor: None };
    let name = EventName { id: event_id.to_owned(), event_type: "paid".to_owned() };
    let mut headers = HeaderMap::new();
    headers.insert("user-agent", "someone".parse().unwrap());
    let arriving =
        NewItem { source: "stripe", by: ReceivedBy::Delivery, name: &name, headers: &headers, cause: &cause };
    keep(table, &arriving, &fetched(&b"{\"name\": \"A. Person\"}"[..]), Timestamp::UNIX_EPOCH).await.unwrap()
}

fn caused_by(cause: &str) -> Envelope {
    let event = events::PaymentsEvent::from(events::PaymentFailed { code: "declined".to_owned() });
    let cause = Cause { id: EventId::try_from(cause).unwrap(), traceparent: None, actor: None };
    Envelope::wrap("order", events::Sequence::FIRST, Timestamp::UNIX_EPOCH, &cause, &event)
}

#[tokio::test]
async fn an_erased_webhook_has_no_body_and_its_duplicate_is_recognized() {
    let table = Memory::default();
    kept(&table, "evt_1").await;
    kept(&table, "evt_2").await;
    let before = table.get(&key("stripe", "evt_1")).await.unwrap().unwrap();
    erase_causes(&table, &["stripe"], "", &[caused_by("stripe/evt_1"), caused_by("request/evt_2")])
        .await
        .unwrap();
    let at = |id: &str| key("stripe", id);
    let after = table.get(&at("evt_1")).await.unwrap().unwrap();
    let (item, body) = open(&after, &at("evt_1")).unwrap();
    assert!(body.is_empty() && item.headers.is_empty());
    assert_eq!((&item.event_id, after.expires_at), (&"evt_1".to_owned(), before.expires_at));
    assert_eq!(kept(&table, "evt_1").await, Kept::Seen);
    let other = table.get(&at("evt_2")).await.unwrap().unwrap();
    assert!(!open(&other, &at("evt_2")).unwrap().1.is_empty());
}
