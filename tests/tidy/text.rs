//! What a reader meets in every file: why it exists, a size that can be read, and no rule switched off in silence.

use crate::{files, none};

#[test]
fn every_file_says_why_it_exists() {
    let offenders = files(&["functions", "shared", "tests"], ".rs")
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//!"))
        .map(|(path, _)| path)
        .collect::<Vec<_>>();
    none("a file begins with its reason", &offenders);
}

#[test]
fn no_file_is_too_long_to_read() {
    let offenders = files(&["functions", "shared", "tests"], ".rs")
        .into_iter()
        .filter(|(_, text)| text.lines().count() > 500)
        .map(|(path, text)| format!("{path}: {} lines", text.lines().count()))
        .collect::<Vec<_>>();
    none("a file of more than 500 lines wants to be two", &offenders);
}

#[test]
fn a_rule_is_never_switched_off_without_a_reason() {
    let mut offenders = Vec::new();
    for (path, text) in files(&["functions", "shared", "tests"], ".rs") {
        for line in text.lines().map(str::trim_start) {
            let allows = line.starts_with("#[allow(") || line.starts_with("#![allow(");
            if allows {
                offenders.push(format!("{path}: {line}"));
            }
        }
    }
    none("#[expect(…, reason = …)], never #[allow]", &offenders);
}

#[test]
fn money_is_never_a_floating_point_number() {
    let offenders = files(&["functions", "shared"], ".rs")
        .into_iter()
        .filter(|(_, text)| text.lines().any(|line| line.contains("f64") || line.contains("f32")))
        .map(|(path, _)| path)
        .collect::<Vec<_>>();
    none("no floating point", &offenders);
}

#[test]
fn nothing_waits_for_the_clock_by_itself() {
    let offenders = files(&["functions", "shared"], ".rs")
        .into_iter()
        .filter(|(path, text)| {
            text.contains("Timestamp::now()") && !path.ends_with("resilience/src/clock.rs")
        })
        .map(|(path, _)| path)
        .collect::<Vec<_>>();
    none("time is a parameter", &offenders);
}
