//! The modules of a crate form no import cycle, and their tests have one layout.

use crate::{files, none};
use std::collections::{BTreeMap, BTreeSet};

/// Names of a crate's root (`lib.rs`) by the top-level module that they are re-exported from.
type ReExports = BTreeMap<String, String>;
/// The top-level modules that each top-level module uses.
type Uses = BTreeMap<String, BTreeSet<String>>;

/// Splits `a, b::{c, d}` at the commas outside of braces.
fn split_list(list: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, letter) in list.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&list[start..]);
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// The text between the brace at the start of `text` and its counterpart.
fn braced(text: &str) -> &str {
    let mut depth = 0;
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return &text[1..at];
                }
            }
            _ => {}
        }
    }
    ""
}

/// The first segment of a path: `a` of `a::b`.
fn first_segment(path: &str) -> String {
    path.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// The first segments of every `crate::…` path in a source file, comments left out.
fn crate_paths(source: &str) -> BTreeSet<String> {
    let code: String = source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| [line, "\n"])
        .collect();
    code.match_indices("crate::")
        .filter(|(at, _)| !code[..*at].ends_with(|letter: char| letter.is_alphanumeric() || letter == '_'))
        .flat_map(|(at, word)| {
            let rest = &code[at + word.len()..];
            if rest.starts_with('{') {
                split_list(braced(rest)).into_iter().map(first_segment).collect()
            } else {
                vec![first_segment(rest)]
            }
        })
        .collect()
}

/// What `lib.rs` re-exports: `pub use ledger::{Dispute, Ledger};` gives both names to `ledger`.
fn re_exports(lib: &str) -> ReExports {
    let mut found = ReExports::new();
    for (_, after) in lib.split(';').filter_map(|statement| statement.rsplit_once("use ")) {
        let Some((module, names)) = after.split_once("::") else { continue };
        let names = if names.starts_with('{') { split_list(braced(names)) } else { vec![names] };
        for name in names {
            let name = name.rsplit([' ', ':']).next().unwrap_or(name);
            found.insert(name.trim().to_owned(), first_segment(module));
        }
    }
    found
}

/// A file below `<crate>/src`: its crate and its path from there. Binaries and tests are left out.
fn place(path: &str) -> Option<(&str, &str)> {
    let (krate, inside) = path.split_once("/src/")?;
    let is_production = !inside.starts_with("bin/")
        && !inside.split(['/', '.']).any(|part| part == "tests" || part == "testing");
    is_production.then_some((krate, inside))
}

fn uses() -> BTreeMap<String, Uses> {
    let sources = files(&["functions", "shared"], ".rs");
    let roots: BTreeMap<&str, ReExports> = sources
        .iter()
        .filter_map(|(path, text)| Some((path.strip_suffix("/src/lib.rs")?, re_exports(text))))
        .collect();
    let mut crates: BTreeMap<String, Uses> = BTreeMap::new();
    for (path, text) in &sources {
        let Some((krate, inside)) = place(path) else { continue };
        let module = inside.split(['/', '.']).next().unwrap_or_default().to_owned();
        if module == "lib" {
            continue;
        }
        let used = crates.entry(krate.to_owned()).or_default().entry(module.clone()).or_default();
        for name in crate_paths(text) {
            let target = roots.get(krate).and_then(|root| root.get(&name)).cloned().unwrap_or(name);
            if target != module {
                used.insert(target);
            }
        }
    }
    crates
}

/// A path from `at` back to itself, if there is one.
fn cycle(uses: &Uses, at: &str) -> Option<Vec<String>> {
    let mut open = vec![vec![at.to_owned()]];
    let mut seen = BTreeSet::new();
    while let Some(path) = open.pop() {
        let last = path.last().cloned().unwrap_or_default();
        for next in uses.get(&last).into_iter().flatten() {
            let longer: Vec<String> = path.iter().cloned().chain([next.clone()]).collect();
            if next == at {
                return Some(longer);
            }
            if seen.insert(next.clone()) {
                open.push(longer);
            }
        }
    }
    None
}

#[test]
fn the_modules_of_a_crate_form_no_cycle() {
    let offenders: Vec<String> = uses()
        .iter()
        .flat_map(|(krate, uses)| {
            uses.keys().filter_map(move |module| {
                let path = cycle(uses, module)?;
                Some(format!("{krate}: {}", path.join(" → ")))
            })
        })
        .collect();
    none("modules that import each other", &offenders);
}

#[test]
fn a_cycle_is_found_through_a_re_export() {
    let roots = re_exports("mod a;\nmod b;\npub use a::{First, Second};\npub use b::Third as Other;\n");
    assert_eq!(roots.get("First").map(String::as_str), Some("a"));
    assert_eq!(roots.get("Other").map(String::as_str), Some("b"));
    let paths = crate_paths("use crate::{First, b::{X, Y}};\n// crate::comment\nfn f() { crate::c::g() }\n");
    assert_eq!(paths, ["First", "b", "c"].map(str::to_owned).into());
    let uses: Uses =
        [("a".to_owned(), ["b".to_owned()].into()), ("b".to_owned(), ["a".to_owned()].into())].into();
    assert_eq!(cycle(&uses, "a"), Some(vec!["a".to_owned(), "b".to_owned(), "a".to_owned()]));
}

#[test]
fn unit_tests_have_one_layout() {
    let mut offenders = Vec::new();
    for (path, text) in files(&["functions", "shared"], ".rs") {
        if !path.contains("/src/") {
            continue;
        }
        if text.contains("mod tests {") {
            offenders.push(format!("{path}: tests are in a file of their own, <module>/tests.rs"));
        }
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            let module = line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';'));
            let before = lines[..number].iter().rev().take_while(|line| line.starts_with("#["));
            let is_test = before.into_iter().any(|attribute| *attribute == "#[cfg(test)]");
            if is_test && module.is_some_and(|module| module != "tests" && module != "testing") {
                offenders.push(format!("{path}: `{line}` is neither `mod tests;` nor `mod testing;`"));
            }
        }
    }
    none("unit tests outside of tests.rs, tests/ and testing.rs", &offenders);
}

/// A file that no module declares is not compiled, so its tests never run.
#[test]
fn every_file_of_tests_is_declared() {
    let sources = files(&["functions", "shared"], ".rs");
    let text_of = |wanted: &str| sources.iter().find(|(path, _)| path == wanted).map(|(_, text)| text);
    let mut offenders = Vec::new();
    for (path, _) in sources.iter().filter(|(path, _)| path.contains("/src/") && path.ends_with("/tests.rs"))
    {
        let module = path.trim_end_matches("/tests.rs");
        let parents = [format!("{module}.rs"), format!("{module}/lib.rs"), format!("{module}/main.rs")];
        let declared = |parent: &String| {
            text_of(parent).is_some_and(|text| text.lines().any(|line| line.ends_with("mod tests;")))
        };
        if !parents.iter().any(declared) {
            offenders.push(format!("{path}: the module before it has no `mod tests;`"));
        }
    }
    none("files of tests that are not compiled", &offenders);
}
