//! Tests that read the sources and documents: which crate may use which, how a main looks, one name everywhere, plain language,
//! no rule switched off. The crate is empty but for its tests, and depends on `events` alone, so that it compiles in seconds.

#![cfg(test)]

mod alarms;
mod arrows;
mod caps;
mod dead_letters;
mod deploys;
mod failures;
mod grants;
mod guards;
mod logs;
mod metrics;
mod modules;
mod names;
mod profiles;
mod prose;
mod proven;
mod providers;
mod queues;
mod runbooks;
mod tables;
mod text;
mod timing;
mod watched;

use std::path::{Path, PathBuf};

/// The project's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("tests/tidy is in the root").to_path_buf()
}

/// Every file below some folders whose name ends so, with its path from the root and its text.
pub(crate) fn files(folders: &[&str], ending: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    while let Some(folder) = folders.pop() {
        for entry in
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                let name = path.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
                found.push((name, std::fs::read_to_string(&path).expect("a text")));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "nothing ends with {ending}");
    found
}

/// Fails with every offender named at once.
pub(crate) fn none(what: &str, offenders: &[String]) {
    assert!(offenders.is_empty(), "{what}:\n  {}", offenders.join("\n  "));
}

/// `TakePayment` as the function is called: `take-payment`.
pub(crate) fn kebab(resource: &str) -> String {
    resource.chars().fold(String::new(), |name, letter| {
        let hyphen = if letter.is_uppercase() && !name.is_empty() { "-" } else { "" };
        format!("{name}{hyphen}{}", letter.to_ascii_lowercase())
    })
}

/// The functions: `(service, function)` for each binary.
pub(crate) fn functions() -> Vec<(String, String)> {
    files(&["functions"], ".rs")
        .into_iter()
        .filter_map(|(path, _)| {
            let (before, file) = path.split_once("/src/bin/")?;
            Some((
                before.trim_start_matches("functions/").to_owned(),
                file.trim_end_matches(".rs").to_owned(),
            ))
        })
        .collect()
}
