//! What a reader meets in every file: why it exists, a size that can be read, and no rule switched off in silence.

use crate::{files, none, root};

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
fn production_files_are_short() {
    let is_test =
        |path: &str| path.split(['/', '.']).any(|part| matches!(part, "tests" | "testing" | "testkit"));
    let offenders = files(&["functions", "shared"], ".rs")
        .into_iter()
        .filter(|(path, text)| !is_test(path) && text.lines().count() >= 330)
        .map(|(path, text)| format!("{path}: {} lines", text.lines().count()))
        .collect::<Vec<_>>();
    none("production files of 330 lines or more", &offenders);
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
        // A deserializer has to say what it does with them: it hands them on, or refuses them.
        .filter(|(path, _)| !path.ends_with("http/objects.rs") && !path.ends_with("http/fields.rs"))
        .filter(|(path, _)| !path.ends_with("privacy/tests.rs"))
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

#[test]
fn every_parameter_is_in_docs_configuration() {
    let template = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let document = std::fs::read_to_string(root().join("docs/configuration.md")).unwrap();
    let missing: Vec<String> = template
        .lines()
        .skip_while(|line| *line != "Parameters:")
        .skip(1)
        .take_while(|line| line.is_empty() || line.starts_with(' '))
        .filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'))
        .filter(|name| !name.starts_with(' ') && !document.contains(&format!("| `{name}` |")))
        .map(str::to_owned)
        .collect();
    none("parameters that docs/configuration.md does not list", &missing);
}

#[test]
fn every_link_of_the_documents_leads_somewhere() {
    let mut broken = Vec::new();
    let mut documents = files(&["docs", "events"], ".md");
    for name in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"] {
        documents.push((name.to_owned(), std::fs::read_to_string(root().join(name)).unwrap()));
    }
    for (name, text) in documents {
        let folder = root().join(&name).parent().unwrap().to_path_buf();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if !link.contains("://") && !folder.join(link.split('#').next().unwrap_or_default()).exists() {
                broken.push(format!("{name}: {link}"));
            }
        }
    }
    none("links that lead nowhere", &broken);
}

#[test]
fn the_first_documents_are_read_in_one_sitting() {
    for (name, kilobytes) in [("README.md", 12), ("ARCHITECTURE.md", 20)] {
        let bytes = std::fs::read(root().join(name)).unwrap().len();
        assert!(
            bytes <= kilobytes * 1024,
            "{name} has {bytes} bytes, more than {kilobytes} KB: move details to docs/"
        );
    }
}
