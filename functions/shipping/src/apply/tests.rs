//! Webhooks from the inbox to the shipment: duplicated, reordered, early, late and malformed.

use crate::testing::{WEBHOOK_SECRET, World, cancel, signed};
use crate::{Parcel, ShipmentStatus};
use async_trait::async_trait;
use event_store::{Document, Documents, Key, Memory, StoreError};
use events::{EventId, OrderId, Provider, ShippingEvent, TrackingStatus};
use runtime::http::Endpoint as _;
use runtime::stream::{Item, Record};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use testkit::{
    EASYPOST_CARRIER, RequestBuilder as _, letter_of, order_id, read_batch, record, request, tracker_event,
};
use webhooks::inbox::replay::{self, Replay};
use webhooks::inbox::verdict::{self, Conclusion, Verdict};

const ANNOUNCED: (&str, &str, &str) = ("pre_transit", "label_created", "2026-01-02T07:00:00Z");
const MOVING: (&str, &str, &str) = ("in_transit", "departed_facility", "2026-01-02T08:00:00Z");
const ARRIVED: (&str, &str, &str) = ("delivered", "arrived_at_destination", "2026-01-03T09:00:00Z");

/// Buys the label of a new order, and returns its code.
async fn labelled(world: &World, order: &OrderId) -> String {
    world.begin(order).await;
    world.shipment(order).await.label.unwrap().parcel.tracking_code
}

fn report(code: &str, event_id: &str, scans: &[(&str, &str, &str)]) -> Value {
    tracker_event(event_id, EASYPOST_CARRIER, code, scans)
}

#[tokio::test]
async fn scans_become_events_up_to_the_delivery() {
    let (world, order) = (World::with(Provider::Easypost), order_id(1));
    let code = labelled(&world, &order).await;
    for (id, scans) in
        [("evt_1", &[ANNOUNCED][..]), ("evt_2", &[ANNOUNCED, MOVING]), ("evt_3", &[MOVING, ARRIVED])]
    {
        assert_eq!(world.receive(&report(&code, id, scans)).await, Ok(vec![]));
    }
    world.run().await;
    assert_eq!(
        world.event_types(&order).await[2..],
        ["ShipmentTracked", "Shipped", "ShipmentTracked", "ShipmentTracked", "Delivered"]
    );
    let ShippingEvent::ShipmentTracked(tracked) = &world.stream(&order).await[2] else { panic!() };
    assert_eq!(tracked.status, TrackingStatus::PreTransit);
    assert_eq!(tracked.status_detail.as_deref(), Some("label_created"));
    assert!(world.listed().await.is_empty(), "a parcel that was handed over is not to be packed");
    let cause = world.memory.all_events().pop().unwrap().causationid;
    assert_eq!(cause, EventId::try_from("webhook/easypost/evt_3").unwrap());
}

#[tokio::test]
async fn duplicate_and_reordered_webhooks_have_one_effect() {
    for arrival in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let (world, order) = (World::with(Provider::Easypost), order_id(1));
        let code = labelled(&world, &order).await;
        let webhooks = [
            report(&code, "evt_1", &[ANNOUNCED]),
            report(&code, "evt_2", &[ANNOUNCED, MOVING]),
            report(&code, "evt_3", &[ANNOUNCED, MOVING, ARRIVED]),
        ];
        for which in arrival.into_iter().chain(arrival) {
            world.receive(&webhooks[which]).await.unwrap();
            let id = webhooks[which]["id"].as_str().unwrap();
            assert_eq!(
                read_batch(world.apply(), vec![world.inbox(id)]).await,
                Ok(vec![]),
                "a duplicate record"
            );
        }
        let shipment = world.shipment(&order).await;
        assert_eq!((shipment.status(), shipment.scans.len()), (ShipmentStatus::Delivered, 3), "{arrival:?}");
        let types = world.event_types(&order).await;
        for once in ["Shipped", "Delivered"] {
            assert_eq!(types.iter().filter(|name| **name == once).count(), 1, "{arrival:?}: {types:?}");
        }
    }
}

/// The carrier reports on the code before `LabelPurchased` exists: while the answer to the purchase is on its way.
#[tokio::test]
async fn a_webhook_that_overtakes_its_label_is_parked_and_drained() {
    let (world, order) = (World::with(Provider::Easypost), order_id(1));
    world.receive(&report("940000000001", "evt_1", &[ANNOUNCED, MOVING])).await.unwrap();
    let parcel = Parcel { carrier: EASYPOST_CARRIER.to_owned(), tracking_code: "940000000001".to_owned() };
    let parked = Key::new(parcel.partition(), "parked#evt_1");
    let (_, document) = world.memory.all_documents().into_iter().find(|(key, _)| *key == parked).unwrap();
    assert!(document.expires_at.is_some());
    assert!(world.event_types(&order).await.is_empty());

    assert_eq!(labelled(&world, &order).await, parcel.tracking_code);
    assert_eq!(
        world.event_types(&order).await,
        ["ShipmentRequested", "LabelPurchased", "Shipped", "ShipmentTracked", "ShipmentTracked"]
    );
    let label = world.memory.all_events().remove(1);
    read_batch(world.apply(), vec![record(&label)]).await.unwrap();
    assert_eq!(world.event_types(&order).await.len(), 5, "a second drain emits nothing");
}

/// The code is mapped and its parked webhooks are drained between a webhook's first read of the map and its parking.
#[tokio::test]
async fn a_webhook_reads_the_map_again_after_it_is_parked() {
    let (world, order) = (World::with(Provider::Easypost), order_id(1));
    let code = labelled(&world, &order).await;
    world.webhook().answer(signed(&report(&code, "evt_1", &[MOVING]), WEBHOOK_SECRET)).await.unwrap();
    let mut apply = world.apply();
    apply.documents = Arc::new(Lagging { inner: world.memory.clone(), reads: AtomicUsize::new(0) });
    read_batch(apply, vec![world.inbox("evt_1")]).await.unwrap();
    assert_eq!(world.shipment(&order).await.status(), ShipmentStatus::Shipped);
}

/// Documents whose first read is too early to find anything.
struct Lagging {
    inner: Arc<Memory>,
    reads: AtomicUsize,
}

#[async_trait]
impl Documents for Lagging {
    async fn get(&self, key: &Key) -> Result<Option<Document>, StoreError> {
        let first = self.reads.fetch_add(1, Ordering::Relaxed) == 0;
        if first { Ok(None) } else { self.inner.get(key).await }
    }

    async fn get_many(&self, keys: &[Key]) -> Result<Vec<(Key, Document)>, StoreError> {
        self.inner.get_many(keys).await
    }

    async fn put(&self, key: &Key, document: &Document) -> Result<(), StoreError> {
        self.inner.put(key, document).await
    }

    async fn put_new(&self, key: &Key, document: &Document) -> Result<bool, StoreError> {
        self.inner.put_new(key, document).await
    }

    async fn put_newer(&self, key: &Key, document: &Document) -> Result<bool, StoreError> {
        self.inner.put_newer(key, document).await
    }

    async fn list(&self, pk: &str, prefix: &str) -> Result<Vec<(Key, Document)>, StoreError> {
        self.inner.list(pk, prefix).await
    }

    async fn delete(&self, key: &Key) -> Result<(), StoreError> {
        self.inner.delete(key).await
    }
}

#[tokio::test]
async fn a_webhook_parked_under_a_typed_code_is_drained_by_shipped() {
    let (world, order) = (World::with(Provider::Warehouse), order_id(1));
    world.begin(&order).await;
    world.receive(&tracker_event("evt_1", "DHL Express", "jd01", &[MOVING, ARRIVED])).await.unwrap();
    let dispatch = request("POST /shipments/{order_id}/dispatch")
        .by_admin()
        .path("order_id", order.as_str())
        .json(&json!({"carrier": "DHLExpress", "tracking_code": "JD01"}));
    assert_eq!(world.manage().answer(dispatch).await.unwrap().status, 202);
    world.run().await;
    assert_eq!(
        world.event_types(&order).await,
        ["ShipmentRequested", "Shipped", "ShipmentTracked", "ShipmentTracked", "Delivered"]
    );
}

/// A person types a code in groups and a carrier by a short name; the carrier reports its own spelling of both.
#[tokio::test]
async fn a_scan_in_another_spelling_finds_its_parcel() {
    for (typed, scanned) in [
        (("Post", "2680-1286-3436"), ("POST", "268012863436")),
        (("Post", "268012863436"), ("post", "2680 1286-3436")),
        (("DHL", "JD0146"), ("DHLExpress", "jd-0146")),
        (("UPS", "1Z 999 AA1 01"), ("UPSDAP", "1Z999AA101")),
    ] {
        for scanned_first in [false, true] {
            let (world, order) = (World::with(Provider::Warehouse), order_id(1));
            world.begin(&order).await;
            let event = tracker_event("evt_1", scanned.0, scanned.1, &[MOVING, ARRIVED]);
            if scanned_first {
                world.receive(&event).await.unwrap();
            }
            dispatch(&world, &order, typed).await;
            world.run().await;
            if !scanned_first {
                world.receive(&event).await.unwrap();
            }
            let shipment = world.shipment(&order).await;
            assert_eq!(shipment.status(), ShipmentStatus::Delivered, "{typed:?} {scanned:?}");
            let crate::Stage::Left { parcel, .. } = shipment.stage else { panic!() };
            assert_eq!((&*parcel.carrier, &*parcel.tracking_code), typed, "it is displayed as typed");
        }
    }
}

async fn dispatch(world: &World, order: &OrderId, (carrier, code): (&str, &str)) {
    let dispatch = request("POST /shipments/{order_id}/dispatch")
        .by_admin()
        .path("order_id", order.as_str())
        .json(&json!({"carrier": carrier, "tracking_code": code}));
    assert_eq!(world.manage().answer(dispatch).await.unwrap().status, 202);
}

/// Older versions kept the hyphens of a code in their keys.
#[tokio::test]
async fn what_an_older_version_mapped_or_parked_is_found() {
    let (world, order) = (World::with(Provider::Warehouse), order_id(1));
    world.begin(&order).await;
    dispatch(&world, &order, ("Post", "2680-1286")).await;
    let (old, new) =
        (Key::new("tracking#POST#2680-1286", "order"), Key::new("tracking#POST#26801286", "order"));
    let mapped = world.memory.get(&new).await.unwrap().unwrap();
    world.memory.put(&old, &mapped).await.unwrap();
    world.memory.delete(&new).await.unwrap();
    world.run().await;
    world.receive(&tracker_event("evt_1", "POST", "2680-1286", &[MOVING])).await.unwrap();
    assert_eq!(world.shipment(&order).await.scans.len(), 1);

    let second = order_id(2);
    world.begin(&second).await;
    let event = tracker_event("evt_2", "DHLExpress", "JD-9", &[MOVING, ARRIVED]);
    world.receive(&event).await.unwrap();
    let (old, new) =
        (Key::new("tracking#DHLEXPRESS#JD-9", "parked#evt_2"), Key::new("tracking#DHL#JD9", "parked#evt_2"));
    let parked = world.memory.get(&new).await.unwrap().unwrap();
    world.memory.put(&old, &parked).await.unwrap();
    world.memory.delete(&new).await.unwrap();
    dispatch(&world, &second, ("DHL", "JD-9")).await;
    world.run().await;
    assert_eq!(world.shipment(&second).await.status(), ShipmentStatus::Delivered);
}

/// A text without bounds would become an event that no topic takes.
#[tokio::test]
async fn a_report_with_a_text_beyond_its_bound_is_dead_lettered() {
    let world = World::with(Provider::Warehouse);
    let blanks = format!("a{}b", " ".repeat(100_000));
    for (n, (carrier, code)) in
        [(&*"x".repeat(3000), "1"), (&*blanks, "1"), ("Post", &*blanks)].into_iter().enumerate()
    {
        let event = tracker_event(&format!("evt_{n}"), carrier, code, &[MOVING]);
        assert_eq!(world.receive(&event).await.unwrap().len(), 1, "{n}");
    }
    assert_eq!(world.memory.all_events(), []);
}

#[tokio::test]
async fn a_scan_after_a_cancellation_raises_an_alarm_and_ships_nothing() {
    let (world, order) = (World::with(Provider::Easypost), order_id(1));
    let code = labelled(&world, &order).await;
    world.consume(&order, cancel()).await.unwrap();
    world.run().await;
    world.receive(&report(&code, "evt_1", &[MOVING, ARRIVED])).await.unwrap();
    let events = world.stream(&order).await;
    let alarms = events.iter().filter(
        |event| matches!(event, ShippingEvent::ShipmentTracked(tracked) if tracked.after_cancellation),
    );
    assert_eq!(alarms.count(), 2);
    assert_eq!(world.shipment(&order).await.status(), ShipmentStatus::Cancelled);
}

#[tokio::test]
async fn a_stray_parcel_is_settled_once_until_it_is_scanned_again() {
    let (world, order) = (World::with(Provider::Easypost), order_id(1));
    let code = labelled(&world, &order).await;
    let settle = async |outcome: &str| {
        let settles = request("POST /shipments/{order_id}/stray")
            .by_admin()
            .path("order_id", order.as_str())
            .json(&json!({ "outcome": outcome }));
        world.manage().answer(settles).await.map_or_else(|problem| problem.status, |reply| reply.status)
    };
    assert_eq!(settle("came_back").await, 409, "the parcel did not move");
    world.consume(&order, cancel()).await.unwrap();
    world.run().await;
    assert_eq!(settle("came_back").await, 409, "it did not move after the end");
    world.receive(&report(&code, "evt_1", &[MOVING])).await.unwrap();
    assert_eq!((settle("came_back").await, settle("came_back").await), (202, 200));
    assert_eq!(settle("kept").await, 409, "another answer");
    world.receive(&report(&code, "evt_2", &[MOVING, ARRIVED])).await.unwrap();
    assert_eq!((settle("kept").await, settle("nowhere").await), (202, 422));
}

async fn verdict_on(world: &World, event_id: &str) -> Verdict {
    let key = verdict::key("easypost", event_id);
    let conclusion: Conclusion = world.memory.get(&key).await.unwrap().unwrap().read(&key).unwrap();
    conclusion.verdict
}

#[tokio::test]
async fn each_webhook_gets_a_verdict() {
    let (world, order) = (World::with(Provider::Easypost), order_id(1));
    world.receive(&report("940000000001", "evt_1", &[MOVING])).await.unwrap();
    let parked = Verdict::Parked { key: "tracking#USPS#940000000001".to_owned() };
    assert_eq!(verdict_on(&world, "evt_1").await, parked);
    let code = labelled(&world, &order).await;
    let id = |sequence: u32| {
        EventId::try_from(format!("shipping/{}/{sequence}", order.as_str()).as_str()).unwrap()
    };
    assert_eq!(verdict_on(&world, "evt_1").await, Verdict::Applied { led_to: vec![id(3), id(4)] });

    world.receive(&report(&code, "evt_2", &[MOVING])).await.unwrap();
    assert_eq!(verdict_on(&world, "evt_2").await, Verdict::AlreadyKnown);
    world.receive(&json!({"id": "evt_3", "description": "batch.created", "result": {}})).await.unwrap();
    let ignored = Verdict::Ignored { reason: "it reports on no parcel".to_owned() };
    assert_eq!(verdict_on(&world, "evt_3").await, ignored);
    let malformed = json!({"id": "evt_4", "description": "tracker.updated", "result": [1]});
    let letters = world.receive(&malformed).await.unwrap();
    assert_eq!(verdict_on(&world, "evt_4").await, Verdict::Failed { reason: letters[0].reason.clone() });
}

#[tokio::test]
async fn a_replay_applies_what_is_missing_and_nothing_else() {
    let (world, order) = (World::with(Provider::Easypost), order_id(1));
    let code = labelled(&world, &order).await;
    let event = report(&code, "evt_1", &[MOVING, ARRIVED]);
    world.webhook().answer(signed(&event, WEBHOOK_SECRET)).await.unwrap();
    let replay = Replay { asked_at: testkit::now(), asked_by: testkit::customer() };
    replay::ask(&*world.memory, "easypost", "evt_1", &replay).await.unwrap();
    let documents = world.memory.all_documents().into_iter();
    let (key, document) =
        documents.rev().find(|(key, _)| key.sk.starts_with(replay::PREFIX)).expect("the request");
    let requested = Record { key, item: Item::Document(document) };
    for _ in 0..3 {
        assert_eq!(read_batch(world.apply(), vec![requested.clone()]).await, Ok(vec![]));
        assert_eq!(world.event_types(&order).await.len(), 6);
        assert_eq!(world.shipment(&order).await.status(), ShipmentStatus::Delivered);
    }
}

#[tokio::test]
async fn other_webhooks_and_items_are_acknowledged() {
    let world = World::with(Provider::Easypost);
    let batch = json!({"id": "evt_b", "description": "batch.created", "result": {"id": "batch_1"}});
    assert_eq!(world.receive(&batch).await, Ok(vec![]));
    let other = |pk: &str, sk: &str| Record {
        key: Key::new(pk, sk),
        item: Item::Document(Document::of(&json!({"anything": true}))),
    };
    let records = vec![
        other("order#1", "address"),
        other("webhook#stripe#evt_1", "inbox"),
        other("tracking#USPS#1", "order"),
        other("webhook#easypost#evt_1", "verdict"),
        other("webhook#stripe#evt_1", "replay#2026-01-02T08:00:00.000000Z"),
    ];
    assert_eq!(read_batch(world.apply(), records).await, Ok(vec![]));
}

#[tokio::test]
async fn a_malformed_item_is_dead_lettered_and_its_neighbours_are_applied() {
    let (world, order) = (World::with(Provider::Easypost), order_id(1));
    let code = labelled(&world, &order).await;
    let without_parcel =
        json!({"id": "evt_x", "description": "tracker.updated", "result": {"status": "in_transit"}});
    let without_tracker = json!({"id": "evt_y", "description": "tracker.updated", "result": [1]});
    for event in [&without_parcel, &without_tracker] {
        world.webhook().answer(signed(event, WEBHOOK_SECRET)).await.unwrap();
    }
    let good = report(&code, "evt_z", &[MOVING]);
    world.webhook().answer(signed(&good, WEBHOOK_SECRET)).await.unwrap();
    let broken = Record {
        key: Key::new("webhook#easypost#evt_w", "inbox"),
        item: Item::Document(Document::of(&json!({"event_id": "evt_w"}))),
    };
    let records = vec![world.inbox("evt_x"), world.inbox("evt_y"), broken, world.inbox("evt_z")];
    let letters = read_batch(world.apply(), records).await.unwrap();
    let found: BTreeSet<String> = letters.into_iter().map(|letter| letter.body).collect();
    let expected = ["evt_w", "evt_x", "evt_y"].map(|id| letter_of(&webhooks::inbox::key("easypost", id)));
    assert_eq!(found, expected.into());
    assert_eq!(world.shipment(&order).await.status(), ShipmentStatus::Shipped);
}

#[tokio::test]
async fn a_failed_append_redelivers_the_batch() {
    let (world, order) = (World::with(Provider::Easypost), order_id(1));
    let code = labelled(&world, &order).await;
    let event = report(&code, "evt_1", &[MOVING, ARRIVED]);
    world.webhook().answer(signed(&event, WEBHOOK_SECRET)).await.unwrap();
    let batch = vec![world.inbox("evt_1")];
    world.crashes.store(true, Ordering::Relaxed);
    assert!(matches!(read_batch(world.apply(), batch.clone()).await, Err(resilience::Failure::Retry { .. })));
    assert_eq!(read_batch(world.apply(), batch).await, Ok(vec![]));
    assert_eq!(world.shipment(&order).await.status(), ShipmentStatus::Delivered);
}
