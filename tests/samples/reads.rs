//! A request that only reads is answered while its caller's limit is being checked. If it is refused, it must have changed
//! nothing: so it makes no call that could.

use crate::prerequisites::before;
use crate::world::{Outcome, SampleWorld};
use crate::{names_in, root, sampled, text_of};
use async_trait::async_trait;
use events::Provider;
use std::sync::{Arc, Mutex, PoisonError};
use steps::Step;
use testkit::{Effect, Gate, GateDecision};

/// Passes every call, and notes those that may change something.
#[derive(Default)]
struct Writes(Mutex<Vec<&'static str>>);

#[async_trait]
impl Gate for Writes {
    async fn before(&self, name: &'static str, effect: Effect) -> GateDecision {
        if effect == Effect::Write {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(name);
        }
        GateDecision::Pass
    }

    async fn after(&self, _: &'static str, _: Effect) {}
}

#[tokio::test]
async fn a_request_that_is_answered_beside_its_limit_makes_no_call_that_changes_anything() {
    let (mut reads, mut wrong) = (0, Vec::new());
    for function in sampled() {
        for file in names_in(&root().join("events").join(&function)) {
            let sample = format!("{function}/{}", file.trim_end_matches(".json"));
            let event: serde_json::Value = serde_json::from_str(&text_of(&sample)).expect("a sample");
            let Some(route) = event["requestContext"]["routeKey"].as_str() else { continue };
            let world = SampleWorld::after(&sample, before(&sample), Provider::Warehouse).await;
            let Some(Step::Http(endpoint)) = steps::step(&function, &world) else { continue };
            if !endpoint.only_reads(route) {
                continue;
            }
            reads += 1;
            let writes = Arc::new(Writes::default());
            let outcome = world.behind(writes.clone()).run(&function, &text_of(&sample)).await;
            let made = writes.0.lock().unwrap_or_else(PoisonError::into_inner);
            if !made.is_empty() || !matches!(outcome, Outcome::Answered(200, _)) {
                wrong.push(format!("{sample}: {made:?}, {outcome}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(reads > 10, "only {reads} samples read");
}
