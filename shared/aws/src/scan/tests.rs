//! Units are counted in halves, as DynamoDB reports them. An event that is not readable does not hide those behind it.

use super::{halves, read};
use crate::item::event_item;
use aws_sdk_dynamodb::types::AttributeValue;
use event_store::{Key, StreamId};
use events::{Envelope, OrderId};
use serde_json::json;

fn event(n: u32) -> Envelope {
    let envelope = json!({
        "id": format!("shipping/{ORDER}/{n}"), "source": "conveyor/shipping", "type": "Delivered", "subject": ORDER,
        "time": "2026-01-02T03:04:05Z", "sequence": n, "causationid": "request/r-1", "dataversion": 1, "data": {}
    });
    serde_json::from_value(envelope).unwrap()
}

const ORDER: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn an_event_that_is_not_readable_is_named_and_the_others_are_read() {
    let stream = StreamId::order(&OrderId::try_from(ORDER).unwrap());
    let events = [1, 2, 3].map(event);
    let mut items = events.each_ref().map(|event| event_item(&stream, event));
    items[1].insert("event".to_owned(), AttributeValue::S("{".to_owned()));
    let (read, unreadable) = read(&items);
    assert_eq!(read, [events[0].clone(), events[2].clone()]);
    assert_eq!(unreadable, [Key::of_event(&stream, &events[1])]);
}

#[test]
fn units_are_counted_in_halves() {
    let units =
        [(None, 0), (Some(0.0), 0), (Some(0.5), 1), (Some(1.0), 2), (Some(12.5), 25), (Some(1234.0), 2468)];
    for (reported, expected) in units {
        assert_eq!(halves(reported), expected, "{reported:?}");
    }
}
