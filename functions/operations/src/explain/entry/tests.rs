//! An event is shown with a detail that holds no address and none of the operators' free texts.

use super::Entry;
use events::{
    Actor, Amount, Envelope, Event, OrderCancellationRequested, OrdersEvent, PaymentsEvent, RefundCause,
    RefundId, RefundRequested, RequestedBy, ShipmentReleased, ShippingEvent,
};
use serde_json::{Value, json};
use testkit::{customer, envelope, order_id};

fn shown(envelope: &Envelope) -> Value {
    let event = Event::read(envelope).ok();
    serde_json::to_value(Entry::of(envelope, event.as_ref())).unwrap()
}

#[test]
fn the_actor_is_the_one_of_the_envelope_or_the_person_that_the_data_names() {
    let (requested_by, reason) = (RequestedBy::Admin, Some("not wanted".to_owned()));
    let asked = OrdersEvent::from(OrderCancellationRequested { requested_by, reason });
    let mut asked = envelope(&order_id(1), 2, &asked);
    assert_eq!(shown(&asked).get("actor"), None, "an event of an older build");
    asked.actor = Actor::try_from("admin-7").ok();
    assert_eq!(shown(&asked)["actor"], "admin-7");
    assert_eq!(shown(&asked)["detail"], json!({"requested_by": "admin", "reason": "not wanted"}));
    let released = ShippingEvent::from(ShipmentReleased { released_by: customer() });
    assert_eq!(shown(&envelope(&order_id(1), 2, &released))["actor"], customer().subject);
}

#[test]
fn a_reason_that_the_customer_does_not_see_is_not_shown() {
    let refund = RefundRequested {
        refund_id: RefundId::try_from("r1").unwrap(),
        cause: RefundCause::Goodwill,
        amount: Amount::minor(100),
        captured: None,
        reference: None,
        instead_of: None,
        reason: Some("Ada Person called".to_owned()),
    };
    let entry = shown(&envelope(&order_id(1), 3, &PaymentsEvent::from(refund)));
    assert_eq!(entry["detail"], json!({"refund_id": "r1", "cause": "goodwill", "amount": 100}));
}

/// The texts of these fields, wherever they are.
fn texts_of(value: &Value, fields: &[&str], found: &mut Vec<String>) {
    let Some(object) = value.as_object() else { return };
    for (name, inner) in object {
        match inner.as_str() {
            Some(text) if fields.contains(&name.as_str()) => found.push(text.to_owned()),
            _ => texts_of(inner, fields, found),
        }
    }
}

/// Of every event that is published, with every optional field set.
#[test]
fn no_detail_holds_an_address_or_a_label() {
    let personal = ["email", "phone", "name", "line1", "line2", "city", "region", "postal_code", "label_url"];
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/events/tests/wire");
    let (mut read, mut sought) = (0, Vec::new());
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let envelope: Envelope = serde_json::from_str(&text).unwrap();
        let event = Event::read(&envelope).unwrap();
        let entry = shown(&envelope);
        assert!(entry["detail"].is_object() && entry["detail"].get("unreadable").is_none(), "{entry}");
        let mut private = Vec::new();
        texts_of(&envelope.data, &personal, &mut private);
        for text in &private {
            assert!(!entry.to_string().contains(&format!("\"{text}\"")), "{event:?} shows {text}");
        }
        sought.append(&mut private);
        read += 1;
    }
    assert!(read > 30 && sought.len() > 8, "{read} events, {sought:?}");
}

#[test]
fn an_event_of_a_newer_build_is_shown_without_its_detail() {
    let mut newer = envelope(&order_id(1), 1, &OrdersEvent::from(testkit::placed()));
    newer.dataversion = 99;
    let entry = shown(&newer);
    assert_eq!((&entry["type"], &entry["service"]), (&json!("OrderPlaced"), &json!("orders")));
    assert_eq!(entry["detail"], json!({"unreadable": "a newer build wrote it"}));
}
