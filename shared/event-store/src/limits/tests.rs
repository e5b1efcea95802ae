//! The bounds of keys, documents and events, to the byte.

use super::*;
use events::OrderId;
use serde_json::json;

fn key(pk: usize, sk: usize) -> Key {
    Key::new("p".repeat(pk), "s".repeat(sk))
}

#[test]
fn a_key_is_within_the_tables_bounds() {
    assert_eq!(check_key(&key(2048, 1024)), Ok(()));
    for bad in [key(2049, 1), key(0, 1), key(1, 1025), key(1, 0)] {
        assert!(matches!(check_key(&bad), Err(StoreError::Invalid(_))), "{bad}");
    }
    let of_two_bytes_each = Key::new("é".repeat(1025), "s");
    assert!(check_key(&of_two_bytes_each).is_err(), "bytes count, not characters");
}

#[test]
fn a_document_fits_into_an_item_with_its_attributes() {
    let of = |body: usize, attribute: usize| {
        check_document(
            &key(10, 10),
            &Document::of(&json!("x".repeat(body))).with("by", "y".repeat(attribute)),
        )
    };
    assert_eq!(of(300_000, 100_000), Ok(()));
    assert!(matches!(of(300_000, 110_000), Err(StoreError::Invalid(_))));
    assert!(matches!(of(410_000, 0), Err(StoreError::Invalid(_))));
}

/// An event of `text`.
fn event(text: &str) -> Envelope {
    serde_json::from_value(json!({
        "specversion": "1.0", "id": "orders/o/1", "source": "conveyor/orders", "type": "OrderPlaced", "subject": "o",
        "time": "2026-01-01T00:00:00Z", "datacontenttype": "application/json", "sequence": 1,
        "causationid": "orders/o/1", "dataversion": 1, "data": {"text": text}
    }))
    .unwrap()
}

#[test]
fn an_event_is_as_large_as_its_topic_carries_it() {
    let stream = StreamId::order(&OrderId::from_digest([1; 16]));
    let bytes = |text: &str| serde_json::to_string(&event(text)).unwrap().len();
    let spare = LARGEST_EVENT - bytes("");
    assert_eq!(check_event(&stream, &event(&"x".repeat(spare))), Ok(()));
    let error = check_event(&stream, &event(&"x".repeat(spare + 1))).unwrap_err();
    assert_eq!(
        error,
        StoreError::Invalid("the event OrderPlaced has 250001 bytes; a topic carries 250000".to_owned())
    );
    let escaped_twice_as_long = "\u{ffff}".repeat(spare / 4);
    assert!(bytes(&escaped_twice_as_long) < LARGEST_EVENT);
    assert!(check_event(&stream, &event(&escaped_twice_as_long)).is_err(), "three bytes become six");
}
