//! Sizes as DynamoDB documents them.

use super::*;
use serde_json::json;

#[test]
fn an_items_size_counts_names_and_values() {
    assert_eq!(item_bytes(&json!({"pk": {"S": "order#1"}, "version": {"N": "123"}})), 2 + 7 + 7 + 3);
    assert_eq!(item_bytes(&json!({"a": {"M": {"b": {"BOOL": true}}}})), 1 + 3 + 1 + 1 + 1);
}

#[test]
fn units_are_rounded_up() {
    assert_eq!((write_units(0), write_units(1024), write_units(1025)), (1, 1, 2));
    assert_eq!((half_read_units(0, false), half_read_units(4097, true)), (1, 4));
}
