//! Which inputs are accepted, and what the rejections of the others say.

use super::*;
use serde_json::{Value, json};

fn checked(input: &Value) -> Result<RedriveRequest, String> {
    let input: Redrive = json::from_value(input).map_err(|error| error.to_string())?;
    input.checked().map_err(|failure| failure.to_string())
}

#[test]
fn a_list_has_fifty_by_default() {
    let all = checked(&json!({"function": "take-payment", "do": "list"})).unwrap();
    assert_eq!((all.selection, all.action), (Selection::Any(50), None));
    let some = checked(&json!({"function": "take-payment", "do": "list", "limit": 2})).unwrap();
    assert_eq!(some.selection, Selection::Any(2));
}

#[test]
fn a_move_needs_ids_or_all_and_a_discard_needs_a_reason() {
    for (input, expected) in [
        (json!({"do": "list"}), "function is missing"),
        (json!({"function": "f"}), "do is missing: one of count, list, requeue, discard"),
        (json!({"function": "f", "do": "requeue"}), "ids or all is missing"),
        (json!({"function": "f", "do": "discard", "reason": "r"}), "ids or all is missing"),
        (json!({"function": "f", "do": "requeue", "ids": ["a"], "all": true}), "exclude each other"),
        (json!({"function": "f", "do": "requeue", "ids": []}), "ids are not valid"),
        (json!({"function": "f", "do": "requeue", "ids": ["a b c"]}), "ids are not valid"),
        (json!({"function": "f", "do": "requeue", "ids": ["4b1"]}), "at least 4"),
        (json!({"function": "f", "do": "requeue", "ids": vec!["4b1a"; 201]}), "ids are not valid"),
        (json!({"function": "f", "do": "requeue", "ids": ["a".repeat(101)]}), "ids are not valid"),
        (
            json!({"function": "f", "do": "requeue", "ids": ["a"], "limit": 1}),
            "limit is not allowed beside ids",
        ),
        (
            json!({"function": "f", "do": "requeue", "all": true, "limit": 0}),
            "limit is not valid: a whole number from 1 to 200",
        ),
        (
            json!({"function": "f", "do": "requeue", "all": true, "limit": 201}),
            "limit is not valid: a whole number from 1 to 200",
        ),
        (json!({"function": "f", "do": "discard", "all": true}), "reason is missing or not valid"),
        (
            json!({"function": "f", "do": "discard", "all": true, "reason": " "}),
            "reason is missing or not valid",
        ),
        (
            json!({"function": "f", "do": "discard", "all": true, "reason": "r".repeat(301)}),
            "reason is missing or not valid",
        ),
        (
            json!({"function": "f", "do": "discard", "all": true, "reason": "a\nb"}),
            "reason is missing or not valid",
        ),
        (json!({"function": "f", "do": "list", "by": "b".repeat(301)}), "by is not valid"),
        (
            json!({"function": "f", "do": "burn", "all": true}),
            "do: expected one of `count`, `list`, `requeue`, `discard`",
        ),
        (json!({"function": "f", "do": "list", "al": true}), "unknown field `al`"),
    ] {
        let rejection = checked(&input).unwrap_err();
        assert!(rejection.contains(expected), "{input}: {rejection}");
    }
}

#[test]
fn four_characters_of_an_id_are_enough() {
    let request = checked(&json!({"function": "f", "do": "requeue", "ids": ["4b1a"]})).unwrap();
    assert_eq!(request.selection, Selection::Ids(["4b1a".to_owned()].into()));
}
