//! Messages of a newer build. In a rollout, and after a rollback, a function receives what newer functions have published. A
//! field that it does not know is ignored; a version of the data that it does not know waits, without an effect and without a
//! dead letter, for the build that knows it.

use crate::proofs::Prepared;
use crate::{names_in, root, sampled, text_of};
use serde_json::{Value, json};
use steps::subscriptions::QUEUES;
use testkit::{DeliveryOutcome, Plan, World as _};

/// The samples of functions that receive published events.
fn messages() -> Vec<String> {
    let functions = sampled().into_iter().filter(|name| QUEUES.contains(&name.as_str()));
    let samples = functions.flat_map(|function| {
        let files = names_in(&root().join("events").join(&function)).into_iter();
        files.map(move |file| format!("{function}/{}", file.trim_end_matches(".json"))).collect::<Vec<_>>()
    });
    samples.collect()
}

/// The sample with every event in it changed.
fn changed(sample: &str, change: impl Fn(&mut Value)) -> String {
    let mut batch: Value = serde_json::from_str(&text_of(sample)).expect("a sample is JSON");
    for record in batch["Records"].as_array_mut().expect("records") {
        let mut event: Value =
            serde_json::from_str(record["body"].as_str().expect("a body")).expect("an event");
        change(&mut event);
        record["body"] = event.to_string().into();
    }
    // As the samples are written, so that deliveries can be counted.
    serde_json::to_string_pretty(&batch).expect("JSON")
}

#[tokio::test]
async fn a_field_that_a_newer_build_adds_changes_nothing() {
    let mut wrong = Vec::new();
    for sample in messages() {
        let (known, newer) = (Prepared::before(&sample).await, Prepared::before(&sample).await);
        known.deliver(Plan::open(), 1).await;
        let text = changed(&sample, |event| {
            event["fromanewerbuild"] = json!("1");
            event["data"]["from_a_newer_build"] = json!({"amount": 1});
        });
        let outcome = newer.run_text(&sample, &text).await;
        if outcome != DeliveryOutcome::Done {
            wrong.push(format!("{sample}: {outcome:?}"));
        } else if let Some(difference) = newer.footprint().differs_from(&known.footprint()) {
            wrong.push(format!("{sample}: {difference}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n  "));
}

#[tokio::test]
async fn a_version_that_a_newer_build_publishes_waits_for_it() {
    let mut wrong = Vec::new();
    for sample in messages() {
        let prepared = Prepared::before(&sample).await;
        let before = prepared.footprint();
        let outcome =
            prepared.run_text(&sample, &changed(&sample, |event| event["dataversion"] = json!(99))).await;
        if !matches!(outcome, DeliveryOutcome::Retry(_)) {
            wrong.push(format!("{sample}: {outcome:?}"));
        } else if let Some(difference) = prepared.footprint().differs_from(&before) {
            wrong.push(format!("{sample}: {difference}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n  "));
}
