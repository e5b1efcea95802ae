//! What is refused, with what to send instead.

use super::Replay;
use serde_json::{Value, json};
use testkit::order_id;

fn refusal(change: &[(&str, Value)]) -> String {
    let mut input =
        json!({"service": "orders", "to": "take-payment", "do": "plan", "subjects": [order_id(1)]});
    for (field, value) in change {
        input[*field] = value.clone();
    }
    let replay: Replay = serde_json::from_value(input).unwrap();
    replay.checked().map_or_else(|failure| failure.reason().to_owned(), |_| "accepted".to_owned())
}

#[test]
fn each_field_is_checked() {
    let (id, time) = (json!([order_id(1), order_id(1)]), json!("2026-01-02T03:04:05Z"));
    let cases = [
        (vec![], "accepted"),
        (vec![("service", json!("notifications"))], "service is missing or not valid"),
        (vec![("service", Value::Null)], "service is missing"),
        (vec![("to", Value::Null)], "to is missing"),
        (vec![("do", Value::Null)], "do is missing"),
        (vec![("subjects", Value::Null)], "the selection is missing"),
        (vec![("subjects", json!([]))], "subjects are not valid"),
        (vec![("subjects", json!(["TEA-01"]))], "subjects are not valid"),
        (vec![("subjects", id)], "subjects are not valid"),
        (vec![("since", time.clone())], "the selection is missing or not valid"),
        (
            vec![("subjects", Value::Null), ("since", time.clone()), ("until", time)],
            "the selection is missing or not valid",
        ),
        (vec![("per_second", json!(0))], "per_second is not valid"),
        (vec![("per_second", json!(201))], "per_second is not valid"),
        (vec![("by", json!("a\nb"))], "by is not valid"),
        (vec![("cursor", json!("bm8"))], "accepted"),
    ];
    for (change, expected) in cases {
        let refused = refusal(&change);
        assert!(refused.starts_with(expected), "{change:?}: {refused}");
    }
}

#[test]
fn catalog_is_replayed_by_sku() {
    assert_eq!(refusal(&[("service", json!("catalog")), ("subjects", json!(["TEA-01"]))]), "accepted");
}
