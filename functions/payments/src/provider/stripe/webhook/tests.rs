//! What is answered to Stripe, and what is stored.

use crate::StripeWebhook;
use crate::testing::{SECRET, World};
use async_trait::async_trait;
use outbound::{CachedSecrets, Secret, SecretError, SecretStore};
use runtime::http::{Endpoint as _, Request, Server, parse_sample};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use testkit::{FixedSecrets, RequestBuilder as _, request};
use webhooks::LARGEST_BODY;

fn body(change: impl Fn(&mut Value)) -> Vec<u8> {
    let mut event = json!({
        "id": "evt_1", "object": "event", "type": "payment_intent.succeeded", "livemode": false,
        "data": {"object": {"id": "pi_1"}},
    });
    change(&mut event);
    event.to_string().into_bytes()
}

/// An event of exactly so many bytes.
fn body_of(length: usize) -> Vec<u8> {
    let bare = body(|event| event["data"]["object"]["note"] = json!("")).len();
    body(|event| event["data"]["object"]["note"] = json!("x".repeat(length - bare)))
}

#[tokio::test]
async fn a_signed_event_is_kept_once() {
    let world = World::new();
    for _ in 0..2 {
        let reply = world.receive(world.signed(&body(|_| {}))).await.unwrap();
        assert_eq!((reply.status, reply.body.as_str()), (200, r#"{"received":true}"#));
    }
    assert_eq!(world.table.all_documents().len(), 1);
}

#[tokio::test]
async fn a_refused_webhook_leaves_nothing_behind() {
    let world = World::new();
    let mut tampered = world.signed(&body(|_| {}));
    tampered.body.push(b' ');
    let mut unsigned = request("POST /webhooks/stripe");
    unsigned.body = body(|_| {});
    let cases = [
        (tampered, 400, "bad-signature"),
        (unsigned.clone(), 400, "bad-signature"),
        (unsigned.header("stripe-signature", "t=1,v1=00"), 400, "bad-signature"),
        (world.signed(b"{"), 400, "bad-request"),
        (world.signed(b""), 400, "bad-request"),
        (world.signed(b"\xff\xfe"), 400, "bad-request"),
        (world.signed(&body(|event| event["object"] = json!("v2.core.event"))), 400, "thin-event"),
        (world.signed(&body(|event| event["object"] = json!("payment_intent"))), 400, "bad-request"),
        (world.signed(&body(|event| event["livemode"] = json!(true))), 400, "wrong-mode"),
        (world.signed(&body(|event| event["id"] = json!("evt#1"))), 400, "bad-request"),
        (world.signed(&body(|event| event["id"] = json!(""))), 400, "bad-request"),
        (world.signed(&body(|event| event["type"] = json!("x".repeat(201)))), 400, "bad-request"),
        (world.signed(&body(|event| event["data"] = json!(null))), 400, "bad-request"),
        (world.signed(&body_of(LARGEST_BODY + 1)), 413, "too-large"),
    ];
    for (request, status, kind) in cases {
        let problem = world.receive(request).await.unwrap_err();
        assert_eq!((problem.status, problem.kind), (status, kind));
    }
    assert!(world.table.all_documents().is_empty());
}

#[tokio::test]
async fn the_largest_body_passes_and_one_byte_more_does_not() {
    let world = World::new();
    assert_eq!(LARGEST_BODY, 262_144);
    assert_eq!(world.receive(world.signed(&body_of(262_145))).await.unwrap_err().status, 413);
    assert_eq!(world.receive(world.signed(&body_of(262_144))).await.unwrap().status, 200);
}

/// The answer names the reason, so that the person who sets up the endpoint can fix it.
#[tokio::test]
async fn a_refusal_names_its_reason() {
    let world = World::new();
    let sent = body(|_| {});
    let at = |seconds: i64| {
        let time = testkit::now() + jiff::SignedDuration::from_secs(seconds);
        webhooks::Stripe::sign(&sent, &Secret::new(SECRET), time)
    };
    let of_another = webhooks::Stripe::sign(&sent, &Secret::new("whsec_another"), testkit::now());
    for (signature, reason) in [
        (None, "the header stripe-signature is missing"),
        (Some(String::new()), "the header stripe-signature is missing"),
        (Some("v1=00".to_owned()), "the stripe-signature is malformed"),
        (Some(of_another), "no signature matches the body"),
        (Some(at(-301)), "the signature is too old"),
        (Some(at(301)), "the signature is from the future"),
    ] {
        let mut delivery = request("POST /webhooks/stripe");
        delivery.body.clone_from(&sent);
        if let Some(signature) = signature {
            delivery = delivery.header("stripe-signature", &signature);
        }
        let problem = world.receive(delivery).await.unwrap_err();
        assert_eq!((problem.status, problem.detail.as_str()), (400, reason));
    }
}

/// The gateway may write the header's name in any case, and the body as text or as base64.
#[tokio::test]
async fn a_webhook_is_read_in_every_form_of_the_gateway() {
    let sample: Value =
        serde_json::from_str(include_str!("../../../../../../events/stripe-webhook/base64-encoded.json"))
            .unwrap();
    assert_eq!(sample["isBase64Encoded"], true);
    for name in ["stripe-signature", "Stripe-Signature", "STRIPE-SIGNATURE"] {
        let mut sample = sample.clone();
        let headers = sample["headers"].as_object_mut().unwrap();
        let old = headers.keys().find(|key| key.eq_ignore_ascii_case(name)).unwrap().clone();
        let value = headers.remove(&old).unwrap();
        headers.insert(name.to_owned(), value);
        let world = World::new();
        let server = Server::open(world.stripe_webhook(Arc::new(FixedSecrets::one(SECRET))));
        assert_eq!(server.serve(parse_sample(&sample.to_string()).unwrap()).await.status(), 200, "{name}");
    }
}

/// The parts of a signature are never joined from two headers.
#[tokio::test]
async fn a_signature_split_over_two_headers_is_refused() {
    let world = World::new();
    let signed = world.signed(&body(|_| {}));
    let whole = signed.headers["stripe-signature"].to_str().unwrap().to_owned();
    let (time, signature) = whole.split_once(',').unwrap();
    let mut split = signed.clone();
    split.headers.insert("stripe-signature", time.parse().unwrap());
    split.headers.append("stripe-signature", signature.parse().unwrap());
    assert_eq!(world.receive(split).await.unwrap_err().kind, "bad-signature");
    assert!(world.table.all_documents().is_empty());
}

/// A store that counts its reads, and answers with a delay.
#[derive(Clone)]
struct Store(Arc<Mutex<(usize, Result<String, SecretError>)>>);

impl Store {
    fn holding(value: &str) -> Self {
        Self(Arc::new(Mutex::new((0, Ok(value.to_owned())))))
    }

    fn put(&self, value: Result<String, SecretError>) {
        self.0.lock().unwrap().1 = value;
    }

    fn reads(&self) -> usize {
        self.0.lock().unwrap().0
    }
}

#[async_trait]
impl SecretStore for Store {
    async fn read(&self, _: &str) -> Result<String, SecretError> {
        tokio::task::yield_now().await;
        let mut store = self.0.lock().unwrap();
        store.0 += 1;
        store.1.clone()
    }
}

struct Rotation {
    world: World,
    store: Store,
    webhook: StripeWebhook,
}

impl Rotation {
    /// The current secret was read a while ago.
    async fn from(value: &str) -> Self {
        let (world, store) = (World::new(), Store::holding(value));
        let webhook = world.stripe_webhook(Arc::new(CachedSecrets::new(store.clone(), world.clock.clone())));
        let rotation = Self { world, store, webhook };
        assert_eq!(rotation.answered("evt_first", value).await, 200);
        rotation.world.clock.advance(Duration::from_secs(10));
        rotation
    }

    fn signed(&self, id: &str, secret: &str) -> Request {
        let body = body(|event| event["id"] = json!(id));
        let signature =
            webhooks::Stripe::sign(&body, &Secret::new(secret), resilience::Clock::now(&*self.world.clock));
        let mut request = request("POST /webhooks/stripe").header("stripe-signature", &signature);
        request.body = body;
        request
    }

    async fn answered(&self, id: &str, secret: &str) -> u16 {
        let answer = self.webhook.answer(self.signed(id, secret)).await;
        answer.map_or_else(|problem| problem.status, |reply| reply.status)
    }
}

#[tokio::test]
async fn a_new_secret_is_accepted_at_once_and_the_old_one_while_it_is_listed() {
    let rotation = Rotation::from("whsec_old").await;
    rotation.store.put(Ok(r#"["whsec_new","whsec_old"]"#.to_owned()));
    assert_eq!(
        rotation.answered("evt_new", "whsec_new").await,
        200,
        "within the minute, and at the first try"
    );
    assert_eq!(rotation.answered("evt_old", "whsec_old").await, 200);
    assert_eq!(rotation.store.reads(), 2);
    rotation.store.put(Ok("whsec_new".to_owned()));
    rotation.world.clock.advance(Duration::from_mins(1));
    assert_eq!(
        rotation.answered("evt_late", "whsec_old").await,
        400,
        "a secret that is not listed any more is refused"
    );
    assert_eq!(rotation.answered("evt_newer", "whsec_new").await, 200);
}

#[tokio::test]
async fn many_bad_signatures_at_once_read_the_secret_once() {
    let rotation = Rotation::from("whsec").await;
    let bad = || rotation.answered("evt_bad", "whsec_of_another_sender");
    let answers = tokio::join!(bad(), bad(), bad(), bad(), bad(), bad(), bad(), bad());
    assert_eq!(answers, (400, 400, 400, 400, 400, 400, 400, 400));
    assert_eq!(rotation.store.reads(), 2, "the first read, and one for all of these");
    for _ in 0..20 {
        assert_eq!(bad().await, 400);
    }
    assert_eq!(rotation.store.reads(), 2, "and none after it");
}

#[tokio::test]
async fn while_the_secret_store_is_out_no_signature_is_called_wrong() {
    let rotation = Rotation::from("whsec").await;
    let name = "webhook".to_owned();
    rotation.store.put(Err(SecretError::Unavailable { name, reason: "out".to_owned() }));
    assert_eq!(rotation.answered("evt_2", "whsec_new").await, 503, "it may be signed with a new secret");
    assert_eq!(rotation.answered("evt_3", "whsec").await, 200, "the cached secret is still valid");
    rotation.world.clock.advance(Duration::from_mins(1));
    assert_eq!(rotation.answered("evt_4", "whsec").await, 503);
    assert_eq!(rotation.world.table.all_documents().len(), 2);
}
