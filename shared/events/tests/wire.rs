//! Snapshots of the wire format: one file in `wire/` for each event type, with every optional field set.
//!
//! These files are the contract between services. A new optional field gets a line in its file. Any other change of a
//! file is a breaking change and needs a new data version.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers outside of test functions may panic as well")]

use events::{
    CatalogEvent, Envelope, Event, InventoryEvent, OrdersEvent, PaymentsEvent, ReadError, Service,
    ServiceEvent, ShippingEvent,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/wire")
}

fn snapshots() -> Vec<(String, Value)> {
    let mut found: Vec<_> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap())
        })
        .collect();
    found.sort_by(|(left, _), (right, _)| left.cmp(right));
    found
}

fn envelope(value: &Value) -> Envelope {
    serde_json::from_value(value.clone()).unwrap()
}

#[test]
fn an_envelope_is_read_from_what_its_table_stores() {
    for (name, value) in snapshots() {
        let envelope = envelope(&value);
        let stored: Envelope = serde_json::from_str(&envelope.stored()).unwrap();
        assert_eq!(stored, envelope, "{name}");
        assert!(envelope.stored().len() + 50 < serde_json::to_string(&envelope).unwrap().len(), "{name}");
    }
}

fn written_again(event: &Event) -> Value {
    match event {
        Event::Catalog(event) => event.to_data(),
        Event::Orders(event) => event.to_data(),
        Event::Payments(event) => event.to_data(),
        Event::Inventory(event) => event.to_data(),
        Event::Shipping(event) => event.to_data(),
    }
}

/// The JSON pointers of all objects in a value.
fn objects(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            found.push(at.to_owned());
            fields.iter().for_each(|(name, inner)| objects(inner, &format!("{at}/{name}"), found));
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(place, inner)| objects(inner, &format!("{at}/{place}"), found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_event_type_has_a_snapshot_and_every_snapshot_a_type() {
    let types = [
        (Service::Catalog, CatalogEvent::TYPES),
        (Service::Orders, OrdersEvent::TYPES),
        (Service::Payments, PaymentsEvent::TYPES),
        (Service::Inventory, InventoryEvent::TYPES),
        (Service::Shipping, ShippingEvent::TYPES),
    ];
    let expected: BTreeSet<String> = types
        .iter()
        .flat_map(|(service, types)| types.iter().map(move |name| format!("{service}.{name}")))
        .collect();
    let found: BTreeSet<String> = snapshots().into_iter().map(|(name, _)| name).collect();
    assert_eq!(expected, found);
}

#[test]
fn an_event_is_written_exactly_as_it_was_read() {
    for (name, value) in snapshots() {
        let envelope = envelope(&value);
        assert_eq!(serde_json::to_value(&envelope).unwrap(), value, "{name}");
        assert_eq!(written_again(&Event::read(&envelope).unwrap()), value["data"], "{name}");
    }
}

#[test]
fn an_event_without_an_actor_is_an_old_one_or_one_that_no_person_caused() {
    let with_actor = |(_, value): &(String, Value)| value.get("actor").is_some();
    let snapshots: Vec<_> = snapshots().into_iter().filter(with_actor).collect();
    assert!(!snapshots.is_empty());
    for (name, mut value) in snapshots {
        value.as_object_mut().unwrap().remove("actor");
        let old = envelope(&value);
        assert_eq!((&old.actor, serde_json::to_value(&old).unwrap()), (&None, value), "{name}");
    }
}

/// An unknown field is passed on unchanged.
#[test]
fn a_number_in_an_unknown_field_is_passed_on_unchanged() {
    let (_, mut snapshot) = snapshots().remove(0);
    for number in ["9999999999999999999999999999999999999999999999120", "0.1234567890123456789", "1e+49"] {
        snapshot["data"]["later"] = serde_json::from_str(number).unwrap();
        let text = serde_json::to_string(&envelope(&snapshot)).unwrap();
        let again: Envelope = serde_json::from_str(&text).unwrap();
        assert_eq!(again.data["later"], snapshot["data"]["later"], "{number}");
    }
}

#[test]
fn an_old_reader_ignores_the_fields_of_a_new_writer() {
    for (name, value) in snapshots() {
        let expected = Event::read(&envelope(&value)).unwrap();
        let mut places = Vec::new();
        objects(&value, "", &mut places);
        for place in places {
            let mut newer = value.clone();
            newer.pointer_mut(&place).unwrap()["added_later"] = json!({"any": ["thing"]});
            assert_eq!(
                Event::read(&envelope(&newer)).unwrap(),
                expected,
                "{name} with a new field at {place:?}"
            );
        }
    }
}

/// The fields that every event of version 1 has had from the start; all others were added later or are optional.
fn required(name: &str) -> &'static [&'static str] {
    match name {
        "catalog.ProductChanged" => &["sku", "name", "price", "currency", "active"],
        "orders.OrderPlaced" => &[
            "customer",
            "lines",
            "total",
            "currency",
            "pay_by",
            "contact",
            "shipping_address",
            "payment_method",
            "request_digest",
        ],
        "orders.OrderCancellationRequested" => &["requested_by"],
        "orders.OrderExpired" => &["pay_by"],
        "orders.CustomerErasureRequested" => &["pseudonym", "because"],
        "payments.PaymentDataErased" | "shipping.ShipmentDataErased" => &["pseudonym"],
        "orders.OrderUpdated" => &["because", "status", "attention", "detail"],
        "payments.PaymentRequested" => &["intent_id", "amount", "currency", "lines", "customer", "pay_by"],
        "payments.PaymentActionRequired" => &["intent_id"],
        "payments.OrderPaid" => &["intent_id", "amount", "currency", "lines"],
        "payments.PaymentFailed" => &["code"],
        "payments.PaymentCancellationRequested" | "payments.PaymentCancelled" => &["cause"],
        "payments.RefundRequested" => &["refund_id", "cause", "amount"],
        "payments.PaymentRefunded" => &["refund_id", "amount"],
        "payments.RefundFailed" => &["refund_id", "amount", "code"],
        "payments.PaymentDisputed" => &["dispute_id", "outcome", "amount"],
        "inventory.OutOfStock" => &["missing"],
        "inventory.InventoryUpdated"
        | "inventory.StockReleased"
        | "inventory.StockCommitted"
        | "inventory.StockReturned" => &["lines"],
        "shipping.ShipmentRequested" => &["provider", "lines"],
        "shipping.LabelPurchased" => &["carrier", "tracking_code", "label_url"],
        "shipping.Shipped" => &["carrier", "tracking_code"],
        "shipping.ShippingFailed" | "shipping.LabelVoidFailed" => &["reason"],
        "shipping.CancellationRejected" => &["because"],
        "shipping.ShipmentTracked" => &["status"],
        "shipping.ReturnReceived" => &["restock"],
        "shipping.TrackingCorrected" => {
            &["carrier", "tracking_code", "previous_carrier", "previous_tracking_code", "corrected_by"]
        }
        "shipping.ShipmentHeld" => &["refund_id"],
        "shipping.ShipmentReleased" => &["released_by"],
        "shipping.StrayParcelSettled" => &["outcome", "settled_by"],
        "shipping.ShipmentCancelled"
        | "shipping.LabelVoided"
        | "shipping.LabelVoidRequested"
        | "shipping.Delivered"
        | "shipping.ReturnedToSender"
        | "orders.OrderDataErased" => &[],
        other => panic!("add {other} here with the fields that it has had from the start"),
    }
}

#[test]
fn a_new_reader_accepts_events_without_later_fields() {
    for (name, value) in snapshots() {
        let required = required(&name);
        let fields: Vec<String> = value["data"].as_object().unwrap().keys().cloned().collect();
        for field in fields {
            let mut older = value.clone();
            older["data"].as_object_mut().unwrap().remove(&field);
            let read = Event::read(&envelope(&older));
            assert_eq!(read.is_err(), required.contains(&field.as_str()), "{name} without {field}: {read:?}");
        }
        let mut bare = value.clone();
        bare["data"].as_object_mut().unwrap().retain(|field, _| required.contains(&field.as_str()));
        Event::read(&envelope(&bare))
            .unwrap_or_else(|error| panic!("{name} with its required fields only: {error}"));
    }
}

#[test]
fn a_newer_data_version_is_distinguished_from_an_unknown_type() {
    for (name, value) in snapshots() {
        let mut newer = value.clone();
        newer["dataversion"] = json!(99);
        assert!(matches!(Event::read(&envelope(&newer)), Err(ReadError::NewerVersion { .. })), "{name}");
        let mut unknown = value;
        unknown["type"] = json!("UnknownType");
        assert!(matches!(Event::read(&envelope(&unknown)), Err(ReadError::UnknownType { .. })), "{name}");
    }
}

#[test]
fn an_error_about_data_never_quotes_a_value() {
    let (_, mut value) = snapshots().into_iter().find(|(name, _)| name == "orders.OrderPlaced").unwrap();
    value["data"]["contact"] = json!("someone@private.example");
    let error = Event::read(&envelope(&value)).unwrap_err().to_string();
    assert!(!error.contains("private"), "{error}");
}
