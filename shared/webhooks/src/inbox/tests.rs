//! What is stored of a webhook, and what is read back.

use super::*;
use crate::{GitHub, verify};
use event_store::Memory;
use events::EventId;
use http::{HeaderMap, HeaderValue};
use outbound::Secret;

fn verified(body: &[u8]) -> Verified<&[u8]> {
    let secret = Secret::new("s");
    let mut headers = HeaderMap::new();
    headers.insert("x-hub-signature-256", HeaderValue::try_from(GitHub::sign(body, &secret)).unwrap());
    verify(&GitHub, &headers, body, &[secret], Timestamp::UNIX_EPOCH).unwrap()
}

fn cause() -> Cause {
    Cause { id: EventId::outside("request", "r1"), traceparent: Some(Traceparent::start(1, 2)), actor: None }
}

async fn keep_push(table: &Memory, id: &str, body: &[u8]) -> Result<Kept, StoreError> {
    let name = EventName { id: id.to_owned(), event_type: "push".to_owned() };
    let mut headers = HeaderMap::new();
    for (header, value) in [("user-agent", "hookshot"), ("x-hub-signature-256", "sha256=00"), ("cookie", "c")]
    {
        headers.insert(header, HeaderValue::from_static(value));
    }
    let arriving = NewItem {
        source: "github",
        by: ReceivedBy::Delivery,
        name: &name,
        headers: &headers,
        cause: &cause(),
    };
    keep(table, &arriving, &verified(body), Timestamp::UNIX_EPOCH).await
}

#[tokio::test]
async fn a_duplicate_changes_nothing() {
    let table = Memory::default();
    for (body, expected) in [(b"first".as_slice(), Kept::New), (b"second", Kept::Seen)] {
        assert_eq!(keep_push(&table, "e1", body).await, Ok(expected));
    }
    let key = key("github", "e1");
    assert_eq!((key.pk.as_str(), key.sk.as_str()), ("webhook#github#e1", "inbox"));
    let document = table.get(&key).await.unwrap().unwrap();
    assert_eq!(document.expires_at.unwrap().as_second(), 30 * 24 * 3600);
    let (item, body) = open(&document, &key).unwrap();
    assert_eq!((item.event_id.as_str(), item.event_type.as_str()), ("e1", "push"));
    assert_eq!(item.traceparent, cause().traceparent);
    let headers: Vec<_> = item.headers.into_iter().collect();
    assert_eq!(headers, [("user-agent".to_owned(), "hookshot".to_owned())], "no signature, no cookie");
    assert_eq!(body, b"first");
}

#[tokio::test]
async fn a_body_too_large_for_an_item_is_refused() {
    let table = Memory::default();
    let mut state = 1_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(400_000)
    .collect();
    let refused = keep_push(&table, "e1", &noise).await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
    assert_eq!(table.all_documents(), []);
    let repetitive = vec![b'a'; 2_000_000];
    assert_eq!(keep_push(&table, "e2", &repetitive).await, Ok(Kept::New));
}

#[test]
fn an_unreadable_body_is_corrupt() {
    let key = key("github", "e1");
    for body in ["!", "aGVsbG8="] {
        let document = Document::of(&serde_json::json!({
            "event_id": "e1", "event_type": "push", "received_at": "2026-01-01T00:00:00Z", "body": body,
        }));
        assert!(matches!(open(&document, &key), Err(StoreError::Corrupt { .. })), "{body}");
    }
}
