//! The list of guards cannot rot: what `make guards` takes out is there, once, in the file that the list names.

use crate::{none, root};
use serde_json::Value;

#[test]
fn every_guard_of_the_list_is_there_once() {
    let list = std::fs::read_to_string(root().join("tests/guards.json")).expect("the list of guards");
    let guards: Vec<Value> = serde_json::from_str(&list).expect("a list");
    assert!(guards.len() > 20, "only {} guards are listed", guards.len());
    let mut absent = Vec::new();
    for guard in &guards {
        let text = |name: &str| guard[name].as_str().expect("a text");
        let source = std::fs::read_to_string(root().join(text("file"))).expect("its file");
        if source.matches(text("remove")).count() != 1 {
            absent.push(text("guard").to_owned());
        }
    }
    none("guards whose text does not occur exactly once: fix tests/guards.json", &absent);
}
