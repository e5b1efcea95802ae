//! An error names the field and the position, in plain words, and quotes no value.

use crate::{from_slice, from_str, from_value};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Sale,
    Return,
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Sku;

impl TryFrom<String> for Sku {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "TEA" => Ok(Self),
            "quoted" => Err(format!("I do not like {text}")),
            _ => Err("not a SKU".to_owned()),
        }
    }
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "the fields are only read from JSON")]
struct Item {
    sku: Sku,
    quantity: u32,
    kind: Kind,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the fields are only read from JSON")]
struct Order {
    items: Vec<Item>,
    note: Option<String>,
}

fn order(field: &str, value: Value) -> Value {
    let mut order = json!({"items": [{"sku": "TEA", "quantity": 1, "kind": "sale"}], "note": null});
    *order.pointer_mut(field).unwrap() = value;
    order
}

#[test]
fn an_error_names_the_field_and_what_is_allowed() {
    for (pointer, value, shown) in [
        ("/items/0/quantity", json!("secret"), "items[0].quantity: expected a whole number, 0 or more"),
        ("/items/0/quantity", json!(-77), "items[0].quantity: expected a whole number, 0 or more"),
        ("/items/0/kind", json!("secret"), "items[0].kind: expected `sale` or `return`"),
        ("/items/0/sku", json!("secret"), "items[0].sku: not a SKU"),
        ("/items/0/sku", json!("quoted"), "items[0].sku: not a valid value"),
        ("/items/0", json!("secret"), "items[0]: expected an object"),
        ("/items", json!("expected secret at line 1"), "items: expected a list"),
        ("", json!("secret"), "expected an object"),
    ] {
        let value = order(pointer, value);
        let parsed = from_value::<Order>(&value).unwrap_err();
        assert_eq!((parsed.to_string().as_str(), parsed.position()), (shown, None));
        assert_eq!(parsed.field().unwrap().0, pointer);
        let read = from_slice::<Order>(value.to_string().as_bytes()).unwrap_err();
        assert_eq!(read.field(), parsed.field());
        assert!(read.to_string().starts_with(&format!("{shown} (line 1, column ")), "{read}");
    }
}

#[test]
fn an_error_about_a_name_shows_the_name() {
    let shown = |text: &str| from_str::<Order>(text).unwrap_err().to_string();
    assert_eq!(shown("{}"), "missing field `items` (line 1, column 2)");
    assert!(shown(r#"{"items": [], "x": 1}"#).contains("unknown field `x`, expected `items` or `note`"));
    assert!(shown(r#"{"items": [], "items": []}"#).contains("duplicate field `items`"));
    let error = from_str::<Order>(&format!(r#"{{"{}": 1}}"#, "x".repeat(3000))).unwrap_err();
    let (_, detail) = error.field().unwrap();
    assert_eq!(detail.chars().count(), 200);
}

#[test]
fn a_text_that_is_not_json_has_a_position_alone() {
    for (text, shown) in [
        ("", "not JSON (line 1, column 0)"),
        ("{\n \"items\": secret", "not JSON (line 2, column 11)"),
        (r#"{"items": []} secret"#, "not JSON (line 1, column 15)"),
    ] {
        let error = from_str::<Order>(text).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.field()), (shown, None), "{text}");
    }
}

#[test]
fn a_pointer_escapes_a_name() {
    let fields = json!({"a/b~": "secret"});
    let error = from_value::<std::collections::BTreeMap<String, u32>>(&fields).unwrap_err();
    assert_eq!(error.field().unwrap().0, "/a~1b~0");
}
