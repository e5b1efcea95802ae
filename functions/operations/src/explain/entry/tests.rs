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

#[test]
fn an_event_of_a_newer_build_is_shown_without_its_detail() {
    let mut newer = envelope(&order_id(1), 1, &OrdersEvent::from(testkit::placed()));
    newer.dataversion = 99;
    let entry = shown(&newer);
    assert_eq!((&entry["type"], &entry["service"]), (&json!("OrderPlaced"), &json!("orders")));
    assert_eq!(entry["detail"], json!({"unreadable": "a newer build wrote it"}));
}
