//! Each alarm leads to exactly one runbook, and each runbook to an alarm. `local/tests/test_runbooks.py` runs through their commands.

use crate::alarms::{field, named_alarms};
use crate::{files, functions, none, root};
use std::collections::BTreeMap;

const FOLDER: &str = "docs/operations/alarms/";

/// Whether a name is of a pattern, as in `<function>-errors` or `webhook-parked-<source>`.
fn matches(pattern: &str, name: &str, functions: &[(String, String)]) -> bool {
    let Some((before, after)) = pattern.split_once('<') else { return pattern == name };
    let Some(rest) = name.strip_prefix(before) else { return false };
    match after.split_once('>').expect("a placeholder ends") {
        ("function", after) => functions.iter().any(|(_, function)| {
            rest.strip_prefix(function.as_str()).is_some_and(|rest| matches(after, rest, functions))
        }),
        (_, after) => rest.len() > after.len() && rest.ends_with(after),
    }
}

/// The texts between back-ticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The page that an alarm's description ends with, as in `errors`.
fn page_of(text: &str) -> Option<&str> {
    let (_, page) = field(text, "AlarmDescription").split_once(" Runbook: docs/operations/alarms/")?;
    page.trim_end_matches('"').strip_suffix(".md")
}

/// The names or patterns of each page's alarms, from its third line.
fn pages() -> BTreeMap<String, Vec<String>> {
    let named = |(path, text): (String, String)| {
        let page = path.trim_start_matches(FOLDER).trim_end_matches(".md").to_owned();
        let line = text.lines().find_map(|line| line.strip_prefix("Alarm: ")).unwrap_or_default();
        (page, quoted(line.split(". ").next().unwrap_or_default()))
    };
    files(&[FOLDER], ".md").into_iter().map(named).collect()
}

#[test]
fn every_alarm_leads_to_one_runbook_and_every_runbook_to_an_alarm() {
    let (alarms, pages, functions) = (named_alarms(), pages(), functions());
    let mut offenders = Vec::new();
    for alarm in &alarms {
        let naming = pages
            .iter()
            .filter(|(_, patterns)| patterns.iter().any(|pattern| matches(pattern, &alarm.name, &functions)));
        let naming: Vec<&str> = naming.map(|(page, _)| page.as_str()).collect();
        let page = page_of(&alarm.text);
        if naming != Vec::from_iter(page) {
            offenders.push(format!(
                "{}: its description leads to {page:?}, it is named by {naming:?}",
                alarm.name
            ));
        }
    }
    for (page, patterns) in &pages {
        let unknown = patterns
            .iter()
            .filter(|pattern| !alarms.iter().any(|alarm| matches(pattern, &alarm.name, &functions)));
        offenders.extend(unknown.map(|pattern| format!("{page}: {pattern} is no alarm")));
        if patterns.is_empty() {
            offenders.push(format!("{page}: it names no alarm"));
        }
    }
    none("runbooks", &offenders);
}

#[test]
fn every_runbook_says_what_it_means_what_to_look_at_and_what_to_do() {
    let mut offenders = Vec::new();
    for (path, text) in files(&[FOLDER], ".md") {
        let sections: Vec<&str> = text.split("\n## ").skip(1).collect();
        let headings: Vec<&str> = sections.iter().filter_map(|section| section.lines().next()).collect();
        if headings != ["What it means", "What to look at", "What to do"] {
            offenders.push(format!("{path}: {headings:?}"));
        }
        if sections.iter().any(|section| section.lines().skip(1).all(|line| line.trim().is_empty())) {
            offenders.push(format!("{path}: a section is empty"));
        }
    }
    none("runbooks", &offenders);
}

#[test]
fn the_operators_table_has_every_alarm_with_its_runbook_and_no_other() {
    let document = std::fs::read_to_string(root().join("docs/operations/README.md")).expect("the document");
    let rows = document.lines().filter(|line| line.starts_with("| `")).filter_map(|line| {
        let cells: Vec<&str> = line.split('|').collect();
        let (_, page) = cells.get(3)?.split_once("](alarms/")?;
        Some((quoted(cells[1]), page.split(".md").next()?.to_owned()))
    });
    let rows: BTreeMap<String, String> =
        rows.flat_map(|(names, page)| names.into_iter().map(move |name| (name, page.clone()))).collect();
    let pages = pages();
    let named = pages.iter().flat_map(|(page, names)| names.iter().map(|name| (name.clone(), page.clone())));
    assert_eq!(rows, named.collect::<BTreeMap<_, _>>());
}
