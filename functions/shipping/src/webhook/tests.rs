//! What is answered to EasyPost, and what is written.

use crate::scene::{Scene, WEBHOOK_SECRET, signed};
use async_trait::async_trait;
use events::Provider;
use outbound::{Secret, SecretError, Secrets};
use runtime::http::Endpoint as _;
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::{RequestBuilder as _, request, tracker_event};

fn event() -> Value {
    tracker_event("evt_1", "USPS", "94", &[("in_transit", "departed_facility", "2026-01-02T08:00:00Z")])
}

async fn answered(scene: &Scene, request: runtime::http::Request) -> u16 {
    scene.webhook().answer(request).await.map_or_else(|problem| problem.status, |reply| reply.status)
}

#[tokio::test]
async fn a_signed_event_is_kept_once_with_its_exact_bytes() {
    let scene = Scene::with(Provider::Easypost);
    for secret in [WEBHOOK_SECRET, "old"] {
        assert_eq!(answered(&scene, signed(&event(), secret)).await, 200);
    }
    let documents = scene.memory.all_documents();
    let [(key, document)] = documents.as_slice() else { panic!("{documents:?}") };
    assert_eq!((key.pk.as_str(), key.sk.as_str()), ("webhook#easypost#evt_1", "inbox"));
    let (arrival, body) = webhooks::inbox::open(document, key).unwrap();
    assert_eq!((arrival.event_type.as_str(), body), ("tracker.updated", event().to_string().into_bytes()));
}

#[tokio::test]
async fn what_is_not_proven_or_not_understood_is_refused_and_nothing_is_written() {
    let scene = Scene::with(Provider::Easypost);
    let unsigned = request("POST /webhooks/easypost").json(&event());
    let mut changed = signed(&event(), WEBHOOK_SECRET);
    changed.body.push(b' ');
    let mut large = signed(&event(), WEBHOOK_SECRET);
    large.body = vec![b' '; 256 * 1024 + 1];
    for (request, status) in [
        (unsigned, 400),
        (changed, 400),
        (signed(&event(), "somebody else's"), 400),
        (signed(&json!("hello"), WEBHOOK_SECRET), 400),
        (signed(&json!({"id": "evt_1"}), WEBHOOK_SECRET), 400),
        (signed(&json!({"id": "", "description": "tracker.updated"}), WEBHOOK_SECRET), 400),
        (signed(&json!({"id": "a#b", "description": "tracker.updated"}), WEBHOOK_SECRET), 400),
        (signed(&json!({"id": "x".repeat(129), "description": "tracker.updated"}), WEBHOOK_SECRET), 400),
        (large, 413),
    ] {
        assert_eq!(answered(&scene, request).await, status);
    }
    assert!(scene.memory.all_documents().is_empty());
}

#[tokio::test]
async fn without_its_secret_the_sender_is_asked_to_come_back() {
    struct Out;
    #[async_trait]
    impl Secrets for Out {
        async fn current(&self, name: &str) -> Result<Vec<Secret>, SecretError> {
            Err(SecretError::Missing { name: name.to_owned() })
        }
    }
    let scene = Scene::with(Provider::Easypost);
    let mut webhook = scene.webhook();
    webhook.secrets = Arc::new(Out);
    assert_eq!(webhook.answer(signed(&event(), WEBHOOK_SECRET)).await.unwrap_err().status, 503);
    assert!(scene.memory.all_documents().is_empty());
}
