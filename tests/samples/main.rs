//! Every sample invocation in `events/` goes through the function that its folder is named for: the real handler over
//! in-memory twins. A function without a sample fails, and so does a sample without a function.

#![expect(clippy::expect_used, clippy::panic, reason = "these are tests, also outside of the test functions")]

mod alarms;
mod newer;
mod preceding_events;
mod prerequisites;
mod proofs;
mod reads;
mod roles;
mod world;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use world::{Outcome, SampleWorld};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ is in the root").to_path_buf()
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The text of a sample, `<function>/<case>`.
fn text_of(sample: &str) -> String {
    let path = root().join("events").join(format!("{sample}.json"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The folders of `events/`, beside its README.
fn sampled() -> BTreeSet<String> {
    names_in(&root().join("events"))
        .into_iter()
        .filter(|name| root().join("events").join(name).is_dir())
        .collect()
}

fn binaries() -> BTreeSet<String> {
    names_in(&root().join("functions"))
        .iter()
        .flat_map(|service| names_in(&root().join("functions").join(service).join("src/bin")))
        .map(|file| file.trim_end_matches(".rs").to_owned())
        .collect()
}

#[test]
fn every_function_has_samples_and_every_sample_a_function() {
    assert_eq!(sampled(), binaries());
}

/// Samples that their function rejects, or answers with a redirect, with the status.
const REFUSED: [(&str, u16); 3] =
    [("place-order/unknown-sku", 422), ("serve-console/root", 302), ("serve-console/shop-root", 302)];

#[tokio::test]
async fn every_sample_is_accepted_by_its_function() {
    let mut wrong = Vec::new();
    for function in sampled() {
        let folder = root().join("events").join(&function);
        let files = names_in(&folder);
        assert!(!files.is_empty(), "events/{function}/ is empty");
        for file in files {
            let sample = format!("{function}/{}", file.trim_end_matches(".json"));
            let outcome = SampleWorld::before(&sample).await.run(&function, &text_of(&sample)).await;
            let refused = REFUSED.iter().find(|(name, _)| *name == sample).map(|(_, status)| *status);
            let right = match (&outcome, refused) {
                (Outcome::Answered(status, _), Some(expected)) => *status == expected,
                (Outcome::Answered(status, _), None) => (200..300).contains(status),
                (Outcome::Handled, None) => true,
                (Outcome::Handled, Some(_)) | (Outcome::Failed(_), _) => false,
            };
            if !right {
                wrong.push(format!("{sample}: {outcome}"));
            }
        }
    }
    assert!(wrong.is_empty(), "samples that their functions do not accept:\n  {}", wrong.join("\n  "));
}
