//! Unit tests of the `asked` module.

use super::*;
use serde_json::{Value, json};

fn checked(asked: &Value) -> Result<RedriveRequest, String> {
    let asked: Redrive = serde_json::from_value(asked.clone()).map_err(|error| error.to_string())?;
    asked.checked().map_err(|failure| failure.to_string())
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
    for (asked, wanted) in [
        (json!({"do": "list"}), "function"),
        (json!({"function": "f"}), "what to do"),
        (json!({"function": "f", "do": "requeue"}), "ids, or all"),
        (json!({"function": "f", "do": "discard", "reason": "r"}), "ids, or all"),
        (json!({"function": "f", "do": "requeue", "ids": ["a"], "all": true}), "not both"),
        (json!({"function": "f", "do": "requeue", "ids": []}), "ids are"),
        (json!({"function": "f", "do": "requeue", "ids": ["a b"]}), "ids are"),
        (json!({"function": "f", "do": "requeue", "ids": vec!["a"; 201]}), "ids are"),
        (json!({"function": "f", "do": "requeue", "ids": ["a".repeat(101)]}), "ids are"),
        (json!({"function": "f", "do": "requeue", "ids": ["a"], "limit": 1}), "limit is for all"),
        (json!({"function": "f", "do": "requeue", "all": true, "limit": 0}), "limit is a number"),
        (json!({"function": "f", "do": "requeue", "all": true, "limit": 201}), "limit is a number"),
        (json!({"function": "f", "do": "discard", "all": true}), "say why"),
        (json!({"function": "f", "do": "discard", "all": true, "reason": " "}), "say why"),
        (json!({"function": "f", "do": "discard", "all": true, "reason": "r".repeat(301)}), "say why"),
        (json!({"function": "f", "do": "discard", "all": true, "reason": "a\nb"}), "say why"),
        (json!({"function": "f", "do": "list", "by": "b".repeat(301)}), "who asks"),
        (json!({"function": "f", "do": "burn", "all": true}), "unknown variant"),
        (json!({"function": "f", "do": "list", "al": true}), "unknown field"),
    ] {
        let refused = checked(&asked).unwrap_err();
        assert!(refused.contains(wanted), "{asked}: {refused}");
    }
}
