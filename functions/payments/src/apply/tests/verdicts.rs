//! The verdict on each webhook, and what a replay changes.

use crate::ApplyStripeEvent;
use crate::provider::stripe::SOURCE;
use crate::testing::{STACK, World};
use async_trait::async_trait;
use event_store::{AppendError, Documents as _, EventStore, Memory, StoreError, StreamId};
use events::{Amount, Envelope, PaymentRequested, PaymentsEvent};
use runtime::stream::{Item, Reader as _, Record};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use testkit::{order_id, record};
use webhooks::inbox::replay::{self, Replay};
use webhooks::inbox::verdict::{self, Conclusion, Verdict};

fn event(id: &str, event_type: &str, object: &Value) -> Value {
    json!({"id": id, "object": "event", "type": event_type, "livemode": false, "data": {"object": object}})
}

/// An intent of the test's order that succeeded.
fn succeeded(stack: &str) -> Value {
    json!({
        "id": "pi_1", "status": "succeeded", "amount_received": 1900, "currency": "eur",
        "metadata": {"order_id": order_id(1).as_str(), "stack": stack},
    })
}

fn requested() -> Envelope {
    let terms = PaymentRequested {
        intent_id: "pi_1".to_owned(),
        amount: Amount::minor(1900),
        currency: testkit::eur(),
        lines: testkit::lines(),
        customer: testkit::customer(),
        pay_by: testkit::now(),
        confirm: events::Confirm::Server,
    };
    testkit::envelope(&order_id(1), 1, &PaymentsEvent::from(terms))
}

async fn request_payment(table: &Memory) {
    table.append(&StreamId::order(&order_id(1)), &requested()).await.unwrap();
}

async fn concluded(world: &World, event_id: &str) -> Conclusion {
    let key = verdict::key(SOURCE, event_id);
    world.table.get(&key).await.unwrap().expect("a verdict").read(&key).unwrap()
}

async fn verdict_on(world: &World, event_id: &str) -> Verdict {
    concluded(world, event_id).await.verdict
}

fn applied(sequences: &[u32]) -> Verdict {
    let id =
        |sequence: &u32| format!("payments/{}/{sequence}", order_id(1).as_str()).as_str().try_into().unwrap();
    Verdict::Applied { led_to: sequences.iter().map(id).collect() }
}

#[tokio::test]
async fn a_webhook_led_to_the_events_that_name_it_as_their_cause() {
    let world = World::new();
    request_payment(&world.table).await;
    let webhook = event("evt_1", "payment_intent.succeeded", &succeeded(STACK));
    assert_eq!(world.deliver(&webhook).await, []);
    assert_eq!(world.table.all_events()[1].causationid.as_str(), "stripe/evt_1");
    let first = concluded(&world, "evt_1").await;
    assert_eq!((first.event_type.as_str(), first.received_at), ("payment_intent.succeeded", testkit::now()));
    assert_eq!(first.verdict, applied(&[2]));
    world.apply(vec![world.inbox("evt_1")]).await.unwrap();
    assert_eq!(concluded(&world, "evt_1").await, first, "a duplicate record changes nothing");
    let again = event("evt_2", "payment_intent.succeeded", &succeeded(STACK));
    assert_eq!(world.deliver(&again).await, []);
    assert_eq!(verdict_on(&world, "evt_2").await, Verdict::AlreadyKnown);
}

#[tokio::test]
async fn an_ignored_webhook_has_a_reason() {
    let world = World::new();
    request_payment(&world.table).await;
    let foreign = event("evt_1", "payment_intent.succeeded", &succeeded("another"));
    let unknown = event("evt_2", "customer.created", &json!({"id": "cus_1"}));
    for (webhook, reason) in
        [(foreign, "its object belongs to another stack"), (unknown, "it reports nothing of use here")]
    {
        assert_eq!(world.deliver(&webhook).await, []);
        let verdict = verdict_on(&world, webhook["id"].as_str().unwrap()).await;
        assert_eq!(verdict, Verdict::Ignored { reason: reason.to_owned() });
    }
}

#[tokio::test]
async fn a_webhook_before_its_order_is_parked_and_then_applied() {
    let world = World::new();
    world.deliver(&event("evt_1", "payment_intent.succeeded", &succeeded(STACK))).await;
    assert_eq!(verdict_on(&world, "evt_1").await, Verdict::Parked { key: "intent#pi_1".to_owned() });
    request_payment(&world.table).await;
    assert_eq!(world.apply(vec![record(&requested())]).await.unwrap(), []);
    assert_eq!(verdict_on(&world, "evt_1").await, applied(&[2]));
}

#[tokio::test]
async fn a_rejected_webhook_has_a_reason() {
    let world = World::new();
    request_payment(&world.table).await;
    let mut too_little = succeeded(STACK);
    too_little["amount_received"] = json!(1);
    let letters = world.deliver(&event("evt_1", "payment_intent.succeeded", &too_little)).await;
    let Verdict::Failed { reason } = verdict_on(&world, "evt_1").await else { panic!() };
    assert_eq!(letters.iter().map(|letter| &letter.reason).collect::<Vec<_>>(), [&reason]);
    assert!(!reason.is_empty());
}

/// A store whose second read still finds an empty stream; right after that read the order's payment begins, and its reader
/// drains what is parked.
struct Overtaken {
    table: Arc<Memory>,
    drain: ApplyStripeEvent,
    reads: AtomicUsize,
}

#[async_trait]
impl EventStore for Overtaken {
    async fn read(&self, stream: &StreamId) -> Result<Vec<Envelope>, StoreError> {
        let found = self.table.read(stream).await;
        if self.reads.fetch_add(1, Ordering::SeqCst) == 1 {
            request_payment(&self.table).await;
            assert_eq!(self.drain.read(&[record(&requested())]).await, Ok(()));
        }
        found
    }

    async fn append(&self, stream: &StreamId, envelope: &Envelope) -> Result<(), AppendError> {
        self.table.append(stream, envelope).await
    }
}

#[tokio::test]
async fn the_verdict_of_a_concurrent_drain_is_final() {
    let world = World::new();
    let body = event("evt_1", "payment_intent.succeeded", &succeeded(STACK)).to_string();
    world.receive(world.signed(body.as_bytes())).await.unwrap();
    let drain = world.apply_stripe_event();
    let store = Arc::new(Overtaken { table: world.table.clone(), drain, reads: AtomicUsize::new(0) });
    let reader = ApplyStripeEvent { store: store.clone(), ..world.apply_stripe_event() };
    assert_eq!(reader.read(&[world.inbox("evt_1")]).await, Ok(()));
    assert_eq!(store.reads.load(Ordering::SeqCst), 2);
    assert_eq!(world.types(), ["PaymentRequested", "OrderPaid"]);
    assert_eq!(verdict_on(&world, "evt_1").await, applied(&[2]));
}

/// An operator's replay, as a record of the stream.
async fn replay_of(world: &World, event_id: &str) -> Record {
    let replay = Replay { asked_at: testkit::now(), asked_by: testkit::customer() };
    replay::ask(&*world.table, SOURCE, event_id, &replay).await.unwrap();
    let replays = world.table.all_documents().into_iter();
    let (key, document) = replays
        .filter(|(key, _)| key.pk == format!("webhook#stripe#{event_id}"))
        .find(|(key, _)| key.sk.starts_with(replay::PREFIX))
        .unwrap();
    Record { key, item: Item::Document(document) }
}

#[tokio::test]
async fn a_replay_applies_what_was_not_applied_and_changes_nothing_else() {
    let world = World::new();
    request_payment(&world.table).await;
    let body = event("evt_1", "payment_intent.succeeded", &succeeded(STACK)).to_string();
    world.receive(world.signed(body.as_bytes())).await.unwrap();
    let replay = replay_of(&world, "evt_1").await;
    for _ in 0..3 {
        assert_eq!(world.apply(vec![replay.clone()]).await.unwrap(), []);
        assert_eq!(world.types(), ["PaymentRequested", "OrderPaid"]);
        assert_eq!(verdict_on(&world, "evt_1").await, applied(&[2]));
    }
    let expired = replay_of(&world, "evt_of_last_year").await;
    assert_eq!(world.apply(vec![expired]).await.unwrap(), []);
    assert_eq!(world.types().len(), 2);
}
