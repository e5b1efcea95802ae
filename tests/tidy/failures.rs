//! The table "What if … then …" of ARCHITECTURE.md cannot rot: every row names a test, and every test it names is
//! there, in the file that it is said to be in.

use crate::{none, root};

/// The rows of the table, each as its cells.
fn rows() -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let (_, after) = text.split_once("\n## What if … then …\n").expect("the section");
    let section = after.split("\n## ").next().unwrap_or_default();
    let rows: Vec<Vec<String>> = section
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| What if"))
        .map(|line| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect())
        .collect();
    assert!(rows.len() > 30, "only {} rows were found: is the table still there?", rows.len());
    rows
}

/// The tests that a cell names, each with its file: ``[`name`](file)``.
fn named(cell: &str) -> Vec<(&str, &str)> {
    cell.split("[`").skip(1).filter_map(|rest| rest.split_once(')')?.0.split_once("`](")).collect()
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
fn every_failure_names_a_test_that_is_there() {
    let mut offenders = Vec::new();
    for row in rows() {
        let [what, _then, _person, shown] = row.as_slice() else {
            offenders.push(format!("not a row of four cells: {row:?}"));
            continue;
        };
        let tests = named(shown);
        if tests.is_empty() || tests.len() != shown.matches('`').count() / 2 {
            offenders.push(format!("{what}: every test wants to be [`name`](file), and one at least"));
        }
        for (name, file) in tests {
            match std::fs::read_to_string(root().join(file)) {
                Err(error) => offenders.push(format!("{what}: {file}: {error}")),
                Ok(source) if !has_test(&source, name) => {
                    offenders.push(format!("{what}: {file} has no test {name}"));
                }
                Ok(_) => {}
            }
        }
    }
    none("failures without the test that the table names", &offenders);
}

#[test]
fn a_function_that_is_no_test_is_not_taken_for_one() {
    let source = "#[test]\nfn a_fact() {}\nfn a_helper() {}\nasync fn on_both_tables(on: On) {}\n";
    assert!(has_test(source, "a_fact") && has_test(source, "on_both_tables"));
    assert!(!has_test(source, "a_helper") && !has_test(source, "nowhere") && !has_test(source, "a_fac"));
}
