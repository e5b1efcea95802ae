//! The bodies of requests: which JSON is read, and how an error names its field.

use runtime::http::{Problem, Request, optional, optional_number, whole_number};
use serde::Deserialize;
use serde_json::{Value, json};
use testkit::{RequestBuilder as _, request};

/// A body with every shape that serde knows.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parcel {
    size: Size,
    to: Option<Place>,
    lines: Vec<Line>,
    fields: std::collections::BTreeMap<String, Line>,
    wrapped: Wrapped,
    corner: (u32, u32),
    sealed: bool,
    remark: Value,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Line {
    quantity: u32,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Place {
    town: String,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Wrapped(Line);

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Size {
    Small,
    Box { width: u32 },
    Pair(u32, u32),
    Of(Line),
}

fn parcel() -> Value {
    json!({
        "size": {"box": {"width": 1}}, "to": {"town": "Bern"}, "lines": [{"quantity": 1}, {"quantity": 2}],
        "fields": {"a/b": {"quantity": 3}}, "wrapped": {"quantity": 4}, "corner": [5, 6], "sealed": true, "remark": 7.5
    })
}

fn read(body: &str) -> Result<Parcel, Problem> {
    let mut request = request("POST /parcels").json(&Value::Null);
    request.body = body.as_bytes().to_vec();
    Request::json(&request)
}

#[test]
fn a_body_of_every_shape_is_read() {
    assert_eq!(read(&parcel().to_string()).unwrap(), serde_json::from_value(parcel()).unwrap());
    for (at, value) in [
        ("/size", json!("small")),
        ("/size", json!({"pair": [1, 2]})),
        ("/size", json!({"of": {"quantity": 1}})),
        ("/to", Value::Null),
        ("/remark", json!({"any": ["thing", null, -1]})),
    ] {
        let mut body = parcel();
        *body.pointer_mut(at).unwrap() = value;
        assert_eq!(read(&body.to_string()).unwrap(), serde_json::from_value(body).unwrap());
    }
}

/// serde's derived code alone would read a list's values as a struct's fields.
#[test]
fn a_list_in_place_of_an_object_is_refused_at_any_depth() {
    for (at, list) in [
        ("", json!([{"box": [1]}, null, [], {}, [1], [5, 6], true, null])),
        ("/to", json!(["Bern"])),
        ("/lines/1", json!([2])),
        ("/fields/a~1b", json!([3])),
        ("/wrapped", json!([4])),
        ("/size/box", json!([1])),
        ("/size/box", json!([])),
    ] {
        let mut body = parcel();
        *body.pointer_mut(at).unwrap() = list;
        let problem = read(&body.to_string()).unwrap_err();
        let error = (problem.errors[0].pointer.as_str(), problem.errors[0].detail.as_str());
        assert_eq!(
            (problem.status, error),
            (422, (at.trim_end_matches("/box"), "expected an object")),
            "{body}"
        );
    }
}

#[test]
fn an_error_about_a_field_is_in_plain_words_without_its_value() {
    for (at, value, pointer, detail) in [
        ("/lines/0/quantity", json!(-1), "/lines/0/quantity", "expected a whole number, 0 or more"),
        ("/lines/0/quantity", json!(1.5), "/lines/0/quantity", "expected a whole number, 0 or more"),
        ("/lines/0/quantity", json!("secret"), "/lines/0/quantity", "expected a whole number, 0 or more"),
        ("/sealed", json!("secret"), "/sealed", "expected true or false"),
        ("/lines", json!("secret"), "/lines", "expected a list"),
        ("/fields", json!("secret"), "/fields", "expected an object"),
        ("/to", json!("secret"), "/to", "expected an object"),
        ("/to/town", json!(4), "/to/town", "expected a text"),
        ("/wrapped", json!("secret"), "/wrapped", "expected an object"),
        ("/size", json!("secret"), "/size", "expected one of `small`, `box`, `pair`, `of`"),
        ("/to/town", json!([]), "/to/town", "expected a text"),
        ("/sealed", json!("expected secret at line 1"), "/sealed", "expected true or false"),
    ] {
        let mut body = parcel();
        *body.pointer_mut(at).unwrap() = value;
        let problem = read(&body.to_string()).unwrap_err();
        let error = (problem.errors[0].pointer.as_str(), problem.errors[0].detail.as_str());
        assert_eq!((problem.status, error), (422, (pointer, detail)), "{body}");
    }
}

/// SNS and SQS refuse a message with one of these characters, so an event that held one would block the outbox.
#[test]
fn a_text_that_no_queue_accepts_is_refused_at_any_depth() {
    for (at, named) in [
        ("/size", "/size"),
        ("/to/town", "/to/town"),
        ("/fields/a~1b/quantity", "/fields/a~1b/quantity"),
        ("/remark", "/remark"),
    ] {
        for character in ['\u{fffe}', '\u{ffff}'] {
            for form in [character.to_string(), format!("\\u{:04x}", u32::from(character))] {
                let mut body = parcel();
                *body.pointer_mut(at).unwrap() = json!("CHARACTER");
                let problem =
                    read(&body.to_string().replace("CHARACTER", &format!("Bern{form}"))).unwrap_err();
                assert_eq!((problem.status, problem.errors[0].pointer.as_str()), (422, named), "{form}");
            }
        }
    }
    let problem = read(&parcel().to_string().replace("a/b", "a\u{ffff}")).unwrap_err();
    assert_eq!(problem.status, 422);
}

/// A request with an optional field of each kind.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Optionals {
    #[serde(default, deserialize_with = "optional")]
    text: Option<String>,
    #[serde(default, deserialize_with = "optional_number")]
    number: Option<u32>,
    #[serde(default, deserialize_with = "optional")]
    flag: Option<bool>,
    #[serde(default, deserialize_with = "optional")]
    list: Option<Vec<Line>>,
    #[serde(default, deserialize_with = "optional")]
    object: Option<Line>,
}

fn optionals(body: &Value) -> Result<Optionals, Problem> {
    let mut request = request("POST /parcels").json(&Value::Null);
    request.body = body.to_string().into_bytes();
    Request::json(&request)
}

#[test]
fn an_empty_text_for_an_optional_field_is_absent() {
    let none = Optionals { text: None, number: None, flag: None, list: None, object: None };
    for field in ["text", "number", "flag", "list", "object"] {
        assert_eq!(optionals(&json!({ field: "" })).unwrap(), none, "{field}");
        assert_eq!(optionals(&json!({ field: null })).unwrap(), none, "{field}");
    }
    let all =
        json!({"text": " ", "number": 1, "flag": true, "list": [{"quantity": 1}], "object": {"quantity": 2}});
    let line = |quantity| Line { quantity };
    let read = Optionals {
        text: Some(" ".to_owned()),
        number: Some(1),
        flag: Some(true),
        list: Some(vec![line(1)]),
        object: Some(line(2)),
    };
    assert_eq!(optionals(&all).unwrap(), read);
    for (at, value, pointer, detail) in [
        ("text", json!(1), "/text", "expected a text"),
        ("number", json!("1"), "/number", "expected a whole number, 0 or more"),
        ("number", json!(-1), "/number", "expected a whole number, 0 or more"),
        ("flag", json!("no"), "/flag", "expected true or false"),
        ("list", json!([{"quantity": "x"}]), "/list/0/quantity", "expected a whole number, 0 or more"),
        ("object", json!([1]), "/object", "expected an object"),
    ] {
        let problem = optionals(&json!({ at: value })).unwrap_err();
        let error = &problem.errors[0];
        assert_eq!((error.pointer.as_str(), error.detail.as_str()), (pointer, detail));
    }
}

/// A request with a whole number of each kind.
#[derive(Debug, PartialEq, Deserialize)]
struct Numbers {
    #[serde(deserialize_with = "whole_number")]
    pieces: u32,
    #[serde(deserialize_with = "whole_number")]
    change: i64,
    #[serde(deserialize_with = "whole_number")]
    price: events::Amount,
}

#[test]
fn a_number_that_is_too_large_is_left_to_the_bounds_of_its_field() {
    let numbers = |number: &str| {
        let mut request = request("POST /parcels").json(&Value::Null);
        let body = format!(r#"{{"pieces": {number}, "change": {number}, "price": {number}}}"#);
        request.body = body.into_bytes();
        Request::json::<Numbers>(&request)
    };
    let largest = Numbers { pieces: u32::MAX, change: i64::MAX, price: events::Amount::minor(u64::MAX) };
    let fits = Numbers { pieces: 7, change: 7, price: events::Amount::minor(7) };
    assert_eq!(numbers("7").unwrap(), fits);
    assert_eq!(numbers("99999999999999999999999").unwrap(), largest);
    assert_eq!(numbers("1e300").unwrap(), largest);
    assert_eq!(numbers("99999999999").unwrap().pieces, u32::MAX);
    for (number, detail) in [
        ("-1", "expected a whole number, 0 or more"),
        ("-99999999999999999999999", "expected a whole number, 0 or more"),
        ("1.5", "expected a whole number, 0 or more"),
        ("\"7\"", "expected a whole number, 0 or more"),
        ("1e400", "not a number of a size that is read"),
    ] {
        let problem = numbers(number).unwrap_err();
        let error = (problem.errors[0].pointer.as_str(), problem.errors[0].detail.as_str());
        assert_eq!((problem.status, error), (422, ("/pieces", detail)), "{number}");
    }
}

#[test]
fn a_body_that_is_not_json_is_refused_with_its_position() {
    let valid = parcel().to_string();
    let twice = valid.replacen('{', "{\"sealed\": false,", 1);
    assert_eq!(read(&twice).unwrap_err().errors[0].detail, "duplicate field `sealed`");
    assert_eq!(read(&format!("{valid} {{}}")).unwrap_err().status, 400);
    let problem = read("{\n \"size\": \"small\",,").unwrap_err();
    assert_eq!((problem.status, problem.detail.as_str()), (400, "the body is not JSON (line 2, column 18)"));
}
