//! A probe is answered by the runner, and never reaches a step.

use super::*;
use async_trait::async_trait;
use outbound::SecretError;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};

/// `shop/key` has a value, `shop/empty` none, and nothing else can be read.
struct Kept;

#[async_trait]
impl SecretStore for Kept {
    async fn read(&self, name: &str) -> Result<String, SecretError> {
        match name {
            "shop/key" => Ok("sk_test_hidden".to_owned()),
            "shop/empty" => Ok(String::new()),
            _ => Err(SecretError::Unavailable { name: name.to_owned(), reason: "AccessDenied".to_owned() }),
        }
    }
}

fn probe(secrets: &[&str]) -> Arc<Probe> {
    let secrets = secrets.iter().map(|name| (*name).to_owned()).collect();
    let started = Started { function: "take-payment", deploy: "d1".to_owned(), secrets };
    Arc::new(Probe { started, secrets: Some(Arc::new(Kept)) })
}

/// What the function answers, and how often its work was called.
async fn invoked(probe: &Arc<Probe>, payload: &str) -> (Result<Value, String>, usize) {
    let calls = AtomicUsize::new(0);
    let work = |event: Value, _| {
        calls.fetch_add(1, Ordering::SeqCst);
        async move { Ok::<_, crate::Error>(event) }
    };
    let payload = RawValue::from_string(payload.to_owned()).unwrap();
    let invocation = LambdaEvent::new(payload, Context::default());
    let answer = answer(probe, || Ok(()), &work, invocation).await;
    let answer =
        answer.map(|answer| serde_json::to_value(answer).unwrap()).map_err(|error| error.to_string());
    (answer, calls.into_inner())
}

#[tokio::test]
async fn a_probe_never_reaches_the_step_and_is_answered_with_the_build() {
    let (report, calls) = invoked(&probe(&["shop/key", "shop/empty"]), PROBE).await;
    let build = crate::build::id().unwrap();
    let secrets = json!({"shop/key": true, "shop/empty": false});
    assert_eq!(
        report,
        Ok(json!({"function": "take-payment", "build": build, "deploy": "d1", "secrets": secrets}))
    );
    assert_eq!(calls, 0);
}

#[tokio::test]
async fn an_event_is_the_steps_also_if_a_caller_writes_a_probe_into_it() {
    let event = json!({"body": PROBE, "headers": {"conveyor_probe": "true"}});
    assert_eq!(invoked(&probe(&[]), &event.to_string()).await, (Ok(event), 1));
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_fails_the_probe_and_no_value_is_told() {
    let (refused, calls) = invoked(&probe(&["shop/key", "shop/other"]), PROBE).await;
    let error = refused.unwrap_err();
    assert!(error.contains("shop/other") && !error.contains("sk_test_hidden"), "{error}");
    assert_eq!(calls, 0);
}

#[tokio::test]
async fn a_function_that_names_a_secret_without_a_way_to_read_it_fails_the_probe() {
    let Probe { started, .. } = Arc::into_inner(probe(&["shop/key"])).unwrap();
    let error = Probe::alone(started).report(|| Ok(())).await.unwrap_err();
    assert_eq!(error.to_string(), "the function has no way to read shop/key");
}

#[tokio::test]
async fn a_sample_that_cannot_be_read_fails_the_probe() {
    let error = probe(&[]).report(|| Err("a field is missing".into())).await.unwrap_err();
    assert_eq!(error.to_string(), "a sample event cannot be read: a field is missing");
}

#[test]
fn every_kind_of_function_reads_its_sample() {
    crate::http::parse_probe().unwrap();
    crate::queue::parse_sample().unwrap();
    crate::stream::parse_sample().unwrap();
    crate::websocket::parse_probe().unwrap();
}

#[test]
fn the_settings_name_the_deploy_and_the_secrets() {
    let values =
        [("DEPLOY_ID", "d1"), ("STRIPE_API_KEY_SECRET", "shop/stripe-api-key"), ("OTHER_SECRET", " ")];
    let lookup = move |name: &str| {
        values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    };
    let mut settings = crate::Settings::from_lookup(lookup).of("take-payment");
    for name in ["STRIPE_API_KEY_SECRET", "STRIPE_API_KEY_SECRET", "OTHER_SECRET"] {
        let _ = settings.optional(name);
    }
    settings.reads_secrets(["shop/standard-webhook/bank".to_owned()]);
    let secrets = ["shop/stripe-api-key", "shop/standard-webhook/bank"].map(str::to_owned).to_vec();
    let started = Started { function: "take-payment", deploy: "d1".to_owned(), secrets };
    assert_eq!(settings.finish().unwrap(), started);
}
