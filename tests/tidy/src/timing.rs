//! `docs/timing.md` is complete and true: each row quotes the code that sets its value, and no duration constant is missing.

use crate::{files, none, root};
use std::collections::BTreeSet;

/// The quotations in a text, each with its file: ``[`code`](../file)``.
fn quoted(text: &str) -> Vec<(&str, &str)> {
    text.split("[`")
        .skip(1)
        .filter_map(|rest| {
            let (code, after) = rest.split_once("`](../")?;
            Some((code, after.split(')').next().unwrap_or_default()))
        })
        .collect()
}

#[test]
fn every_wait_and_limit_quotes_the_code_that_sets_it() {
    let document = std::fs::read_to_string(root().join("docs/timing.md")).expect("docs/timing.md");
    let rows: Vec<&str> =
        document.lines().filter(|line| line.starts_with("| ") && line.contains("](")).collect();
    assert!(rows.len() > 40, "only {} rows were found", rows.len());
    let mut offenders = Vec::new();
    for row in rows {
        let cited = quoted(row);
        if cited.is_empty() {
            offenders.push(format!("{row}: quotes no code"));
        }
        for (code, file) in cited {
            match std::fs::read_to_string(root().join(file)) {
                Err(error) => offenders.push(format!("{file}: {error}")),
                Ok(text) if !text.contains(code) => {
                    offenders.push(format!("{file} does not contain `{code}`"));
                }
                Ok(_) => {}
            }
        }
    }
    none("docs/timing.md is not what the code says", &offenders);
}

#[test]
fn every_duration_constant_is_in_the_document() {
    let document = std::fs::read_to_string(root().join("docs/timing.md")).expect("docs/timing.md");
    let name_of = |code: &str| code.split(':').next().unwrap_or_default().trim().to_owned();
    let known: BTreeSet<(String, String)> =
        quoted(&document).into_iter().map(|(code, file)| (file.to_owned(), name_of(code))).collect();
    let mut missing = Vec::new();
    for (path, text) in files(&["functions", "shared"], ".rs") {
        let is_test = path.split(['/', '.']).any(|part| matches!(part, "tests" | "testing" | "testkit"));
        for line in text.lines().filter(|_| !is_test) {
            let Some((_, constant)) = line.split_once("const ") else { continue };
            let Some((name, rest)) = constant.split_once(':') else { continue };
            let is_duration = ["Duration", "SignedDuration", "BackOff", "Self = Self { first"]
                .iter()
                .any(|kind| rest.trim_start().starts_with(kind));
            if is_duration && !known.contains(&(path.clone(), name.to_owned())) {
                missing.push(format!("{path}: {name}"));
            }
        }
    }
    none("waits that docs/timing.md does not list", &missing);
}
