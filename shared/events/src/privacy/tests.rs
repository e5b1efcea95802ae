//! Every field has a class, and a redacted event has none of its personal values.

use super::{ERASED, FieldClass, Fields};
use crate::{
    Actor, Contact, Customer, Detail, Envelope, Event, Line, OrderLine, ProductAttribute, ServiceEvent,
    ShippingAddress, SkuShard,
};
use serde::de::{DeserializeOwned, Deserializer, Visitor, value};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// The names of a struct's fields, as its reader asks for them.
struct Names<'a>(&'a mut Vec<&'static str>);

impl<'de> Deserializer<'de> for Names<'_> {
    type Error = value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(serde::de::Error::custom("not a struct"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Self::Error> {
        self.0.extend(fields);
        Err(serde::de::Error::custom("only the names are wanted"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct seq
        tuple tuple_struct map enum identifier ignored_any
    }
}

fn names<T: DeserializeOwned>() -> BTreeSet<&'static str> {
    let mut found = Vec::new();
    assert!(T::deserialize(Names(&mut found)).is_err());
    found.into_iter().collect()
}

/// The fields of an event's struct. The compiler names an event that is missing here.
macro_rules! shapes {
    ($($event:ident: $($variant:ident),+;)+) => {
        fn shape(event: &Event) -> BTreeSet<&'static str> {
            match event {
                $($(Event::$event(event_of!($event, $variant)) => names::<crate::$variant>(),)+)+
            }
        }
    };
}

macro_rules! event_of {
    (Catalog, $variant:ident) => {
        crate::CatalogEvent::$variant(_)
    };
    (Orders, $variant:ident) => {
        crate::OrdersEvent::$variant(_)
    };
    (Payments, $variant:ident) => {
        crate::PaymentsEvent::$variant(_)
    };
    (Inventory, $variant:ident) => {
        crate::InventoryEvent::$variant(_)
    };
    (Shipping, $variant:ident) => {
        crate::ShippingEvent::$variant(_)
    };
}

shapes! {
    Catalog: ProductChanged;
    Orders: OrderPlaced, OrderCancellationRequested, OrderExpired, OrderUpdated, CustomerErasureRequested, OrderDataErased;
    Payments: PaymentRequested, PaymentActionRequired, OrderPaid, PaymentFailed, PaymentCancellationRequested,
        PaymentCancelled, RefundRequested, PaymentRefunded, RefundFailed, PaymentDisputed, PaymentDataErased;
    Inventory: InventoryUpdated, OutOfStock, StockReleased, StockCommitted, StockReturned;
    Shipping: ShipmentRequested, LabelPurchased, Shipped, ShippingFailed, ShipmentCancelled, CancellationRejected,
        LabelVoided, LabelVoidFailed, LabelVoidRequested, ShipmentTracked, Delivered, ReturnedToSender, ReturnReceived,
        TrackingCorrected, ShipmentHeld, ShipmentReleased, StrayParcelSettled, ShipmentDataErased;
}

fn samples() -> Vec<Envelope> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/wire");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()).collect()
}

/// The paths of all leaves of a value, with their values.
fn leaves(value: &Value, path: &str, found: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                leaves(inner, &path, found);
            }
        }
        Value::Array(items) => {
            for inner in items {
                leaves(inner, &format!("{path}[]"), found);
            }
        }
        leaf @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            found.insert(path.to_owned(), leaf.clone());
        }
    }
}

fn leaves_of(envelope: &Envelope) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    leaves(&envelope.data, "", &mut found);
    found
}

/// The names that objects at these paths have in the samples are all that their structs have.
fn nested(path: &str) -> Option<BTreeSet<&'static str>> {
    Some(match path {
        "customer" | "corrected_by" | "released_by" | "requested_by" | "settled_by" => names::<Customer>(),
        "contact" => names::<Contact>(),
        "shipping_address" => names::<ShippingAddress>(),
        "detail" => names::<Detail>(),
        "shards[]" => names::<SkuShard>(),
        "attributes[]" => names::<ProductAttribute>(),
        _ => return None,
    })
}

#[test]
fn every_sample_has_every_field_that_its_event_can_have() {
    for envelope in samples() {
        let leaves = leaves_of(&envelope);
        let begins = |prefix: &str| -> BTreeSet<String> {
            let inner = leaves.keys().filter_map(|path| path.strip_prefix(prefix));
            inner.map(|rest| rest.split(['.', '[']).next().unwrap().to_owned()).collect()
        };
        let names = |of: BTreeSet<&str>| of.into_iter().map(str::to_owned).collect::<BTreeSet<_>>();
        let event = Event::read(&envelope).unwrap();
        assert_eq!(begins(""), names(shape(&event)), "{}", envelope.event_type);
        for path in leaves.keys().filter_map(|path| path.rsplit_once('.')).map(|(parent, _)| parent) {
            let known = match (nested(path), envelope.event_type.as_str()) {
                (Some(known), _) => known,
                (None, "OrderPlaced") => self::names::<OrderLine>(),
                (None, _) => self::names::<Line>(),
            };
            assert_eq!(begins(&format!("{path}.")), names(known), "{} {path}", envelope.event_type);
        }
    }
}

#[test]
fn every_field_of_every_event_has_one_class() {
    let samples = samples();
    assert_eq!(samples.len(), Fields::ALL.len());
    for envelope in samples {
        let fields = Fields::find(&envelope).unwrap_or_else(|| panic!("classify {}", envelope.event_type));
        let classified: Vec<&str> = fields.classes().map(|(path, _)| path).collect();
        let distinct: BTreeSet<&str> = classified.iter().copied().collect();
        assert_eq!(classified.len(), distinct.len(), "{} has a field with two classes", envelope.event_type);
        let leaves = leaves_of(&envelope);
        let found: BTreeSet<&str> = leaves.keys().map(String::as_str).collect();
        assert_eq!(found, distinct, "{}: give each field its class in privacy/table.rs", envelope.event_type);
    }
}

#[test]
fn a_redacted_event_has_none_of_its_personal_values_and_all_others() {
    for envelope in samples() {
        let before = leaves_of(&envelope);
        let redacted = envelope.redacted("someone").unwrap_or_else(|| envelope.clone());
        let after = leaves_of(&redacted);
        for (path, class) in Fields::find(&envelope).unwrap().classes() {
            match class {
                FieldClass::Personal => assert_eq!(after[path], ERASED, "{path}"),
                FieldClass::Subject => assert_eq!(after[path], "someone", "{path}"),
                FieldClass::Reference | FieldClass::Staff | FieldClass::Digest | FieldClass::Plain => {
                    assert_eq!(after[path], before[path], "{path}");
                }
            }
        }
        let (data, actor) = (envelope.data.clone(), envelope.actor.clone());
        assert_eq!(Envelope { actor, data, ..redacted.clone() }, envelope);
        assert_eq!(redacted.redacted("someone"), None, "a second redaction changes nothing");
        Event::read(&redacted).unwrap();
    }
}

#[test]
fn an_actor_is_erased_if_it_is_the_customer_and_stays_if_it_is_an_operator() {
    let cancelled =
        samples().into_iter().find(|sample| sample.event_type == "OrderCancellationRequested").unwrap();
    for (requested_by, expected) in [("customer", "someone"), ("admin", "subject-1")] {
        let mut envelope = cancelled.clone();
        let mut data: Value = (*envelope.data).clone();
        data["requested_by"] = requested_by.into();
        (envelope.data, envelope.actor) = (data.into(), Actor::try_from("subject-1").ok());
        let redacted = envelope.redacted("someone").unwrap();
        assert_eq!(redacted.actor, Actor::try_from(expected).ok(), "{requested_by}");
        // An event of an older build has no actor, and gets none.
        envelope.actor = None;
        assert_eq!(envelope.redacted("someone").unwrap().actor, None);
    }
}

#[test]
fn a_missing_optional_field_stays_missing() {
    let mut envelope = samples().into_iter().find(|sample| sample.event_type == "OrderPlaced").unwrap();
    let mut data: Value = (*envelope.data).clone();
    data["contact"].as_object_mut().unwrap().remove("phone");
    envelope.data = data.into();
    assert!(envelope.redacted("someone").unwrap().data["contact"].get("phone").is_none());
}

/// The table of `docs/privacy.md`, one row for each field that is not plain.
fn documented() -> String {
    let rows = Fields::ALL.iter().flat_map(|fields| {
        let listed = fields.classes().filter(|(_, class)| *class != FieldClass::Plain);
        listed.map(move |(path, class)| {
            let (service, event, class) = (fields.service, fields.event_type, class.as_str());
            format!("| {service} | `{event}` | `{path}` | {class} |\n")
        })
    });
    rows.collect()
}

#[test]
fn the_page_on_privacy_lists_every_field_that_is_not_plain() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/privacy.md");
    let page = std::fs::read_to_string(path).unwrap();
    assert!(page.contains(&documented()), "docs/privacy.md must have this table:\n{}", documented());
}

#[test]
fn every_event_type_is_classified() {
    let types = [
        crate::CatalogEvent::TYPES,
        crate::OrdersEvent::TYPES,
        crate::PaymentsEvent::TYPES,
        crate::InventoryEvent::TYPES,
        crate::ShippingEvent::TYPES,
    ];
    let expected: BTreeSet<&str> = types.into_iter().flatten().copied().collect();
    let classified: BTreeSet<&str> = Fields::ALL.iter().map(|fields| fields.event_type).collect();
    assert_eq!(classified, expected);
}
