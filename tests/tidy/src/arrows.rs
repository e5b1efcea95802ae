//! Which crate may use which: the pure crates use no other, services do not use each other, AWS is at the edge.

use crate::{files, none};

const SERVICES: [&str; 10] = [
    "catalog",
    "orders",
    "payments",
    "inventory",
    "shipping",
    "notifications",
    "callbacks",
    "outbox",
    "operations",
    "console",
];

/// The crates named in the `[dependencies]` of a manifest.
fn dependencies(manifest: &str) -> Vec<String> {
    manifest
        .lines()
        .skip_while(|line| *line != "[dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

fn manifest(folder: &str) -> Vec<String> {
    let (_, text) = files(&[folder], "Cargo.toml").remove(0);
    dependencies(&text)
}

#[test]
fn only_the_aws_crate_names_an_sdk() {
    let offenders = files(&["functions", "shared", "tests"], ".rs")
        .into_iter()
        .filter(|(path, text)| {
            !path.starts_with("shared/aws/") && !path.starts_with("tests/tidy/") && text.contains("aws_sdk_")
        })
        .map(|(path, _)| path)
        .collect::<Vec<_>>();
    none("only shared/aws may call an SDK; these name one", &offenders);
}

#[test]
fn a_service_knows_aws_in_its_mains_alone() {
    let offenders = files(&["functions"], ".rs")
        .into_iter()
        .filter(|(path, _)| !path.contains("/src/bin/"))
        .filter(|(_, text)| {
            text.lines().any(|line| line.contains("aws::") && !line.trim_start().starts_with("//"))
        })
        .map(|(path, _)| path)
        .collect::<Vec<_>>();
    none("only src/bin may make adapters; these name the crate aws", &offenders);
}

#[test]
fn services_do_not_know_each_other() {
    let mut offenders = Vec::new();
    for service in SERVICES {
        for known in manifest(&format!("functions/{service}")) {
            if SERVICES.contains(&known.as_str()) {
                offenders.push(format!("{service} depends on {known}"));
            }
        }
    }
    none("services know each other's events, never each other's code", &offenders);
}

#[test]
fn shared_crates_know_no_service_and_no_test() {
    let mut offenders = Vec::new();
    for (path, text) in files(&["shared"], "Cargo.toml") {
        for known in dependencies(&text) {
            if SERVICES.contains(&known.as_str()) || known == "testkit" {
                offenders.push(format!("{path} depends on {known}"));
            }
        }
    }
    none("shared crates are below the services", &offenders);
}

#[test]
fn the_published_language_is_pure() {
    let known = manifest("shared/events");
    assert_eq!(manifest("shared/json"), ["serde", "serde_json", "serde_path_to_error"], "json: a parser");
    assert_eq!(
        known,
        ["jiff", "json", "serde", "serde_json", "thiserror"],
        "events: no async, no I/O, no clock"
    );
}

#[test]
fn the_runtime_knows_no_aws_service() {
    let offenders: Vec<_> =
        manifest("shared/runtime").into_iter().filter(|name| name.contains("sdk")).collect();
    none("the runtime knows Lambda, not AWS services", &offenders);
}
