//! `docs/failures.md`, the saga's diagram in ARCHITECTURE.md and the attentions of `docs/http-api.md` stay true: every row of the
//! table of failures links tests, every linked test exists in the linked file, and the diagram shows exactly the statuses and
//! facts of the code.

use crate::{none, root};
use events::{
    Attention, CatalogEvent, InventoryEvent, OrdersEvent, PaymentsEvent, ServiceEvent as _, ShippingEvent,
};
use std::collections::BTreeSet;

fn architecture() -> String {
    std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md")
}

/// What stands between two texts.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let (_, after) = text.split_once(from).unwrap_or_else(|| panic!("{from:?} is not there"));
    after.split(to).next().unwrap_or_default()
}

/// The rows of the tables, each as its cells.
fn rows() -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(root().join("docs/failures.md")).expect("docs/failures.md");
    let rows: Vec<Vec<String>> = text
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| failure |"))
        .map(|line| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect())
        .collect();
    assert!(rows.len() > 80, "only {} rows were found", rows.len());
    rows
}

/// The tests that a cell links, each as its name and its file: `[label](../file#name)`.
fn linked(cell: &str) -> Vec<(&str, &str)> {
    cell.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next()?.split_once('#'))
        .map(|(file, name)| (name, file))
        .collect()
}

/// Whether the file has a test of that name. A contract's test takes the table that it runs on instead of an attribute.
fn has_test(source: &str, name: &str) -> bool {
    let (plain, on_both) = (format!("fn {name}("), format!("fn {name}(on: On)"));
    let mut before = "";
    source.lines().map(str::trim).any(|line| {
        let is_here = line.contains(&plain) && (before.ends_with("test]") || line.contains(&on_both));
        before = line;
        is_here
    })
}

#[test]
fn every_failure_links_tests_that_exist() {
    let mut offenders = Vec::new();
    for row in rows() {
        let [failure, _effect, _operator, _in_the_console, tests] = row.as_slice() else {
            offenders.push(format!("not a row of five cells: {row:?}"));
            continue;
        };
        let linked = linked(tests);
        if linked.is_empty() || linked.len() != tests.matches("](").count() {
            offenders.push(format!(
                "{failure} Every link has the form [crate](../file#test), and there is at least one."
            ));
        }
        for (name, file) in linked {
            match std::fs::read_to_string(root().join("docs").join(file)) {
                Err(error) => offenders.push(format!("{failure} {file}: {error}")),
                Ok(source) if !has_test(&source, name) => {
                    offenders.push(format!("{failure} {file} has no test {name}"));
                }
                Ok(_) => {}
            }
        }
    }
    none("docs/failures.md links tests that do not exist", &offenders);
}

#[test]
fn a_function_that_is_no_test_is_not_taken_for_one() {
    let source = "#[test]\nfn a_fact() {}\nfn a_helper() {}\nasync fn on_both_tables(on: On) {}\n";
    assert!(has_test(source, "a_fact") && has_test(source, "on_both_tables"));
    assert!(!has_test(source, "a_helper") && !has_test(source, "nowhere") && !has_test(source, "a_fac"));
}

/// The arrows of the saga: from, to, and what it is labelled with.
fn arrows(diagram: &str) -> Vec<(&str, &str, &str)> {
    diagram
        .lines()
        .filter_map(|line| {
            let (from, rest) = line.trim().split_once(" --> ")?;
            let (to, label) = rest.split_once(": ").unwrap_or((rest, ""));
            Some((from, to, label))
        })
        .collect()
}

#[test]
fn the_saga_shows_every_status_that_there_is_and_no_other() {
    let text = architecture();
    let arrows = arrows(between(&text, "```mermaid\nstateDiagram-v2\n", "```"));
    let shown: BTreeSet<&str> =
        arrows.iter().flat_map(|(from, to, _)| [*from, *to]).filter(|state| *state != "[*]").collect();
    let source = std::fs::read_to_string(root().join("shared/events/src/orders.rs")).unwrap();
    let names = between(&source, "impl OrderStatus {", "\n}\n");
    let there: BTreeSet<&str> = names.lines().filter_map(|line| line.split('"').nth(1)).collect();
    assert_eq!(shown, there);
}

#[test]
fn the_saga_names_facts_that_there_are_and_every_attention() {
    let text = architecture();
    let types: BTreeSet<&str> = [
        CatalogEvent::TYPES,
        OrdersEvent::TYPES,
        PaymentsEvent::TYPES,
        InventoryEvent::TYPES,
        ShippingEvent::TYPES,
    ]
    .concat()
    .into_iter()
    .collect();
    let diagram = between(&text, "```mermaid\nstateDiagram-v2\n", "```");
    let unknown: Vec<String> = diagram
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| word.chars().filter(|letter| letter.is_uppercase()).count() > 1)
        .chain(
            arrows(diagram)
                .iter()
                .filter_map(|(_, _, label)| label.split([' ', ',']).next())
                .filter(|word| word.starts_with(|first: char| first.is_uppercase())),
        )
        .filter(|word| !types.contains(word))
        .map(str::to_owned)
        .collect();
    none("facts in the saga that no service emits", &unknown);
    let text = std::fs::read_to_string(root().join("docs/http-api.md")).expect("the page of the API");
    let table = between(&text, "| attention | from | until |\n|---|---|---|\n", "\n\n");
    let shown: Vec<&str> = table.lines().filter_map(|line| line.split('`').nth(1)).collect();
    let there: Vec<&str> = Attention::ALL.iter().map(|attention| attention.as_str()).collect();
    assert_eq!(shown, there);
}
