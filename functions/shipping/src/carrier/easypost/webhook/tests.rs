//! What the receiver of EasyPost's webhooks answers, and what it stores.

use crate::testing::{WEBHOOK_SECRET, World, signed};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use events::Provider;
use outbound::{Secret, SecretError, Secrets};
use runtime::http::{Endpoint as _, Request, Server, parse_sample};
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::{RequestBuilder as _, request, tracker_event};
use webhooks::LARGEST_BODY;

fn event() -> Value {
    tracker_event("evt_1", "USPS", "94", &[("in_transit", "departed_facility", "2026-01-02T08:00:00Z")])
}

async fn status(world: &World, request: runtime::http::Request) -> u16 {
    world.webhook().answer(request).await.map_or_else(|problem| problem.status, |reply| reply.status)
}

#[tokio::test]
async fn a_signed_event_is_stored_once_with_its_exact_bytes() {
    let world = World::with(Provider::Easypost);
    for secret in [WEBHOOK_SECRET, "old"] {
        assert_eq!(status(&world, signed(&event(), secret)).await, 200);
    }
    let documents = world.memory.all_documents();
    let [(key, document)] = documents.as_slice() else { panic!("{documents:?}") };
    assert_eq!((key.pk.as_str(), key.sk.as_str()), ("webhook#easypost#evt_1", "inbox"));
    let (arrival, body) = webhooks::inbox::open(document, key).unwrap();
    assert_eq!((arrival.event_type.as_str(), body), ("tracker.updated", event().to_string().into_bytes()));
}

#[tokio::test]
async fn an_unsigned_or_malformed_webhook_is_refused_and_not_stored() {
    let world = World::with(Provider::Easypost);
    let unsigned = request("POST /webhooks/easypost").json(&event());
    let mut changed = signed(&event(), WEBHOOK_SECRET);
    changed.body.push(b' ');
    let mut large = signed(&event(), WEBHOOK_SECRET);
    large.body = vec![b' '; LARGEST_BODY + 1];
    for (request, expected) in [
        (unsigned, 400),
        (changed, 400),
        (signed(&event(), "wrong"), 400),
        (signed(&json!("hello"), WEBHOOK_SECRET), 400),
        (signed(&json!({"id": "evt_1"}), WEBHOOK_SECRET), 400),
        (signed(&json!({"id": "", "description": "tracker.updated"}), WEBHOOK_SECRET), 400),
        (signed_bytes(b"{", WEBHOOK_SECRET), 400),
        (signed_bytes(b"", WEBHOOK_SECRET), 400),
        (signed(&json!({"id": "a b", "description": "tracker.updated"}), WEBHOOK_SECRET), 400),
        (signed(&json!({"id": "a#b", "description": "tracker.updated"}), WEBHOOK_SECRET), 400),
        (signed(&json!({"id": "x".repeat(300), "description": "tracker.updated"}), WEBHOOK_SECRET), 400),
        (large, 413),
    ] {
        assert_eq!(status(&world, request).await, expected);
    }
    assert!(world.memory.all_documents().is_empty());
}

fn signed_bytes(body: &[u8], secret: &str) -> Request {
    let signature = webhooks::EasyPost::sign(body, &Secret::new(secret));
    let mut request = request("POST /webhooks/easypost").header("x-hmac-signature", &signature);
    request.body = body.to_vec();
    request
}

#[tokio::test]
async fn the_largest_body_passes_and_one_byte_more_does_not() {
    let of = |length: usize| {
        let mut event = json!({"id": "evt_1", "description": "batch.created", "note": ""});
        event["note"] = json!("x".repeat(length - event.to_string().len()));
        signed_bytes(event.to_string().as_bytes(), WEBHOOK_SECRET)
    };
    let world = World::with(Provider::Easypost);
    assert_eq!((of(262_144).body.len(), LARGEST_BODY), (262_144, 262_144));
    assert_eq!(status(&world, of(262_145)).await, 413);
    assert_eq!(status(&world, of(262_144)).await, 200);
}

#[tokio::test]
async fn a_refusal_names_its_reason() {
    let world = World::with(Provider::Easypost);
    let unsigned = request("POST /webhooks/easypost").json(&event());
    for (request, reason) in [
        (unsigned.clone(), "the header x-hmac-signature is missing"),
        (unsigned.header("x-hmac-signature", "hmac-sha256-hex=00"), "no signature matches the body"),
    ] {
        let problem = world.webhook().answer(request).await.unwrap_err();
        assert_eq!((problem.kind, problem.detail.as_str()), ("bad-signature", reason));
    }
}

/// The gateway may write the header's name in any case, and the body as text or as base64.
#[tokio::test]
async fn every_encoding_of_the_gateway_is_read() {
    let text = event().to_string();
    let signature = webhooks::EasyPost::sign(text.as_bytes(), &Secret::new(WEBHOOK_SECRET));
    let sample = include_str!("../../../../../../events/carrier-webhook/tracker-updated.json");
    let mut sample: Value = serde_json::from_str(sample).unwrap();
    for name in ["x-hmac-signature", "X-Hmac-Signature", "X-HMAC-SIGNATURE"] {
        for (body, is_base64) in [(text.clone(), false), (STANDARD.encode(&text), true)] {
            sample["headers"] = json!({"content-type": "application/json", name: signature});
            sample["body"] = json!(body);
            sample["isBase64Encoded"] = json!(is_base64);
            let server = Server::open(World::with(Provider::Easypost).webhook());
            let response = server.serve(parse_sample(&sample.to_string()).unwrap()).await;
            assert_eq!(response.status(), 200, "{name} {is_base64}");
        }
    }
}

#[tokio::test]
async fn a_second_signature_header_does_not_replace_the_first() {
    let world = World::with(Provider::Easypost);
    let mut twice = signed(&event(), "wrong");
    let valid = signed(&event(), WEBHOOK_SECRET);
    twice.headers.append("x-hmac-signature", valid.headers["x-hmac-signature"].clone());
    assert_eq!(status(&world, twice).await, 400);
    assert!(world.memory.all_documents().is_empty());
}

/// The first webhook that is signed with a new secret passes.
#[tokio::test]
async fn an_unknown_signature_refreshes_the_secrets() {
    struct Rotated;
    #[async_trait]
    impl Secrets for Rotated {
        async fn current(&self, _: &str) -> Result<Vec<Secret>, SecretError> {
            Ok(vec![Secret::new("old")])
        }

        async fn refreshed(&self, _: &str, seen: &[Secret]) -> Result<Vec<Secret>, SecretError> {
            assert_eq!(seen, [Secret::new("old")]);
            Ok(vec![Secret::new("new"), Secret::new("old")])
        }
    }
    let world = World::with(Provider::Easypost);
    let mut webhook = world.webhook();
    webhook.secrets = Arc::new(Rotated);
    for (secret, status) in [("old", 200), ("new", 200), ("neither", 400)] {
        let answer = webhook.answer(signed(&event(), secret)).await;
        assert_eq!(answer.map_or_else(|problem| problem.status, |reply| reply.status), status, "{secret}");
    }
}

#[tokio::test]
async fn without_its_secret_the_webhook_answers_503() {
    struct Unavailable;
    #[async_trait]
    impl Secrets for Unavailable {
        async fn current(&self, name: &str) -> Result<Vec<Secret>, SecretError> {
            Err(SecretError::Missing { name: name.to_owned() })
        }

        async fn refreshed(&self, name: &str, _seen: &[Secret]) -> Result<Vec<Secret>, SecretError> {
            self.current(name).await
        }
    }
    let world = World::with(Provider::Easypost);
    let mut webhook = world.webhook();
    webhook.secrets = Arc::new(Unavailable);
    assert_eq!(webhook.answer(signed(&event(), WEBHOOK_SECRET)).await.unwrap_err().status, 503);
    assert!(world.memory.all_documents().is_empty());
}
