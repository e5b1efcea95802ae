//! The published form of Stripe's objects: which fields there are, and of which types. `local/published.py` wrote it.

use serde_json::Value;
use std::sync::LazyLock;

static PUBLISHED: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("published.json")).expect("the published objects"));

/// Fails if an object, or one in a list, has a field that is not published, or one of another type.
pub(crate) fn check(object: &Value) {
    if object["object"] == "list" {
        return object["data"].as_array().expect("a list has data").iter().for_each(check);
    }
    let kind = object["object"].as_str().expect("an object says what it is");
    let offences = offences(object, &PUBLISHED["objects"][kind], kind);
    assert!(offences.is_empty(), "{}: {}", offences.join("; "), object);
    // What is inside of an event, or in place of an id, is an object of its own.
    for inner in [&object["data"]["object"], &object["latest_charge"]] {
        if inner.is_object() {
            check(inner);
        }
    }
}

/// The same for an error.
pub(crate) fn check_error(error: &Value) {
    let types = PUBLISHED["objects"]["payment_intent"]["last_payment_error"].as_array().expect("types");
    let fields = types.iter().find(|kind| kind.is_object()).expect("an error is an object");
    let offences = offences(error, fields, "error");
    assert!(offences.is_empty(), "{}: {error}", offences.join("; "));
}

fn offences(object: &Value, published: &Value, path: &str) -> Vec<String> {
    let Some(fields) = object.as_object() else { return vec![format!("{path} is no object")] };
    let of_field = |(name, value): (&String, &Value)| match published[name].as_array() {
        None => vec![format!("{path}.{name} is not published")],
        Some(types) if types.iter().any(|kind| fits(value, kind)) => Vec::new(),
        Some(types) => match types.iter().find(|kind| kind.is_object() && kind.get("=").is_none()) {
            Some(inner) if value.is_object() => offences(value, inner, &format!("{path}.{name}")),
            _ => vec![format!("{path}.{name} has another type than {types:?}")],
        },
    };
    fields.iter().flat_map(of_field).collect()
}

/// Whether the value is of this type: a word, `{"=": text}`, or the fields of an object.
fn fits(value: &Value, kind: &Value) -> bool {
    match kind.as_str() {
        Some("null") => value.is_null(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("boolean") => value.is_boolean(),
        Some("number") => value.is_number(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        Some(_) => false,
        None => match kind.get("=") {
            Some(text) => value == text,
            None => value.is_object() && offences(value, kind, "").is_empty(),
        },
    }
}

#[test]
fn a_field_that_is_not_published_or_has_another_type_is_found() {
    let intent = |field: &str, value: Value| {
        let mut intent = serde_json::json!({"id": "pi_1", "object": "payment_intent", "status": "succeeded"});
        intent[field] = value;
        offences(&intent, &PUBLISHED["objects"]["payment_intent"], "intent").len()
    };
    assert_eq!(intent("amount", 1.into()), 0);
    assert_eq!(intent("amount", "1".into()), 1);
    assert_eq!(intent("amount_taken", 1.into()), 1);
    assert_eq!(intent("status", "paid".into()), 1);
    assert_eq!(intent("automatic_payment_methods", serde_json::json!({"enabled": true})), 0);
    assert_eq!(intent("automatic_payment_methods", serde_json::json!({"enabled": 1, "on": true})), 2);
}

#[test]
fn the_published_objects_are_of_the_version_of_the_provider_in_process() {
    assert_eq!(PUBLISHED["api_version"], testkit::STRIPE_VERSION);
}
