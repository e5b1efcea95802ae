//! From the inbox to the parcel, in every order of arrival.

use crate::scene::{Scene, WEBHOOK_SECRET, cancel, signed};
use crate::{Parcel, Standing};
use async_trait::async_trait;
use event_store::{Document, Documents, Key, Memory, StoreError};
use events::{EventId, OrderId, Provider, ShippingEvent, TrackingStatus};
use runtime::http::Endpoint as _;
use runtime::stream::{Item, Reader as _, Record};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use testkit::{EASYPOST_CARRIER, RequestBuilder as _, order_id, record, request, tracker_event};
use webhooks::inbox::replay::{self, Replay};
use webhooks::inbox::verdict::{self, Conclusion, Verdict};

const ANNOUNCED: (&str, &str, &str) = ("pre_transit", "label_created", "2026-01-02T07:00:00Z");
const MOVING: (&str, &str, &str) = ("in_transit", "departed_facility", "2026-01-02T08:00:00Z");
const ARRIVED: (&str, &str, &str) = ("delivered", "arrived_at_destination", "2026-01-03T09:00:00Z");

/// An order with a bought label; and the label's code.
async fn labelled(scene: &Scene, order: &OrderId) -> String {
    scene.begin(order).await;
    scene.shipment(order).await.label.unwrap().parcel.tracking_code
}

fn said_of(code: &str, event_id: &str, scans: &[(&str, &str, &str)]) -> Value {
    tracker_event(event_id, EASYPOST_CARRIER, code, scans)
}

#[tokio::test]
async fn scans_become_the_parcels_way_to_the_customer() {
    let (scene, order) = (Scene::with(Provider::Easypost), order_id(1));
    let code = labelled(&scene, &order).await;
    for (id, scans) in
        [("evt_1", &[ANNOUNCED][..]), ("evt_2", &[ANNOUNCED, MOVING]), ("evt_3", &[MOVING, ARRIVED])]
    {
        assert_eq!(scene.receive(&said_of(&code, id, scans)).await, Ok(vec![]));
    }
    scene.run().await;
    assert_eq!(
        scene.said(&order).await[2..],
        ["ShipmentTracked", "Shipped", "ShipmentTracked", "ShipmentTracked", "Delivered"]
    );
    let ShippingEvent::ShipmentTracked(tracked) = &scene.stream(&order).await[2] else { panic!() };
    assert_eq!(tracked.status, TrackingStatus::PreTransit);
    assert_eq!(tracked.status_detail.as_deref(), Some("label_created"));
    assert!(scene.listed().await.is_empty(), "what was handed over is not to be packed");
    let cause = scene.memory.all_events().pop().unwrap().causationid;
    assert_eq!(cause, EventId::try_from("webhook/easypost/evt_3").unwrap());
}

#[tokio::test]
async fn webhooks_may_come_twice_and_in_any_order() {
    for arrival in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let (scene, order) = (Scene::with(Provider::Easypost), order_id(1));
        let code = labelled(&scene, &order).await;
        let webhooks = [
            said_of(&code, "evt_1", &[ANNOUNCED]),
            said_of(&code, "evt_2", &[ANNOUNCED, MOVING]),
            said_of(&code, "evt_3", &[ANNOUNCED, MOVING, ARRIVED]),
        ];
        for which in arrival.into_iter().chain(arrival) {
            scene.receive(&webhooks[which]).await.unwrap();
            let id = webhooks[which]["id"].as_str().unwrap();
            assert_eq!(scene.apply().read(vec![scene.inbox(id)]).await, Ok(vec![]), "the same record again");
        }
        let shipment = scene.shipment(&order).await;
        assert_eq!((shipment.standing(), shipment.scans.len()), (Standing::Delivered, 3), "{arrival:?}");
        let said = scene.said(&order).await;
        for once in ["Shipped", "Delivered"] {
            assert_eq!(said.iter().filter(|name| **name == once).count(), 1, "{arrival:?}: {said:?}");
        }
    }
}

/// The carrier tells of the code before `LabelPurchased` is there: while the purchase's answer is on its way.
#[tokio::test]
async fn a_webhook_that_overtakes_its_label_is_parked_and_drained() {
    let (scene, order) = (Scene::with(Provider::Easypost), order_id(1));
    scene.receive(&said_of("940000000001", "evt_1", &[ANNOUNCED, MOVING])).await.unwrap();
    let parcel = Parcel { carrier: EASYPOST_CARRIER.to_owned(), tracking_code: "940000000001".to_owned() };
    let parked = Key::new(parcel.partition(), "parked#evt_1");
    let (_, document) = scene.memory.all_documents().into_iter().find(|(key, _)| *key == parked).unwrap();
    assert!(document.expires_at.is_some());
    assert!(scene.said(&order).await.is_empty());

    assert_eq!(labelled(&scene, &order).await, parcel.tracking_code);
    assert_eq!(
        scene.said(&order).await,
        ["ShipmentRequested", "LabelPurchased", "Shipped", "ShipmentTracked", "ShipmentTracked"]
    );
    let label = scene.memory.all_events().remove(1);
    scene.apply().read(vec![record(&label)]).await.unwrap();
    assert_eq!(scene.said(&order).await.len(), 5, "draining twice says nothing new");
}

/// The map is put, and what is parked is drained, between a webhook's first look and its parking.
#[tokio::test]
async fn a_webhook_that_its_label_overtakes_looks_again_after_parking() {
    let (scene, order) = (Scene::with(Provider::Easypost), order_id(1));
    let code = labelled(&scene, &order).await;
    scene.webhook().answer(signed(&said_of(&code, "evt_1", &[MOVING]), WEBHOOK_SECRET)).await.unwrap();
    let mut apply = scene.apply();
    apply.documents = Arc::new(Lagging { inner: scene.memory.clone(), looks: AtomicUsize::new(0) });
    apply.read(vec![scene.inbox("evt_1")]).await.unwrap();
    assert_eq!(scene.shipment(&order).await.standing(), Standing::Shipped);
}

/// Documents as somebody sees them who looks once too early.
struct Lagging {
    inner: Arc<Memory>,
    looks: AtomicUsize,
}

#[async_trait]
impl Documents for Lagging {
    async fn get(&self, key: &Key) -> Result<Option<Document>, StoreError> {
        let first = self.looks.fetch_add(1, Ordering::Relaxed) == 0;
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
async fn what_is_parked_under_a_code_that_the_warehouse_typed_is_drained_by_shipped() {
    let (scene, order) = (Scene::with(Provider::Warehouse), order_id(1));
    scene.begin(&order).await;
    scene.receive(&tracker_event("evt_1", "DHL Express", "jd01", &[MOVING, ARRIVED])).await.unwrap();
    let dispatch = request("POST /shipments/{order_id}/dispatch")
        .by_admin()
        .path("order_id", order.as_str())
        .json(&json!({"carrier": "DHLExpress", "tracking_code": "JD01"}));
    assert_eq!(scene.manage().answer(dispatch).await.unwrap().status, 202);
    scene.run().await;
    assert_eq!(
        scene.said(&order).await,
        ["ShipmentRequested", "Shipped", "ShipmentTracked", "ShipmentTracked", "Delivered"]
    );
}

#[tokio::test]
async fn a_scan_after_a_cancellation_is_an_alarm_and_never_shipped() {
    let (scene, order) = (Scene::with(Provider::Easypost), order_id(1));
    let code = labelled(&scene, &order).await;
    scene.consume(&order, cancel()).await.unwrap();
    scene.run().await;
    scene.receive(&said_of(&code, "evt_1", &[MOVING, ARRIVED])).await.unwrap();
    let said = scene.stream(&order).await;
    let alarms = said.iter().filter(
        |event| matches!(event, ShippingEvent::ShipmentTracked(tracked) if tracked.after_cancellation),
    );
    assert_eq!(alarms.count(), 2);
    assert_eq!(scene.shipment(&order).await.standing(), Standing::Cancelled);
}

async fn verdict_over(scene: &Scene, event_id: &str) -> Verdict {
    let key = verdict::key("easypost", event_id);
    let conclusion: Conclusion = scene.memory.get(&key).await.unwrap().unwrap().read(&key).unwrap();
    conclusion.verdict
}

#[tokio::test]
async fn what_became_of_each_webhook_is_written_beside_it() {
    let (scene, order) = (Scene::with(Provider::Easypost), order_id(1));
    scene.receive(&said_of("940000000001", "evt_1", &[MOVING])).await.unwrap();
    let waits = Verdict::Parked { key: "tracking#USPS#940000000001".to_owned() };
    assert_eq!(verdict_over(&scene, "evt_1").await, waits);
    let code = labelled(&scene, &order).await;
    let id = |sequence: u32| {
        EventId::try_from(format!("shipping/{}/{sequence}", order.as_str()).as_str()).unwrap()
    };
    assert_eq!(verdict_over(&scene, "evt_1").await, Verdict::Applied { led_to: vec![id(3), id(4)] });

    scene.receive(&said_of(&code, "evt_2", &[MOVING])).await.unwrap();
    assert_eq!(verdict_over(&scene, "evt_2").await, Verdict::AlreadyKnown);
    scene.receive(&json!({"id": "evt_3", "description": "batch.created", "result": {}})).await.unwrap();
    let ignored = Verdict::Ignored { reason: "it speaks of no tracker".to_owned() };
    assert_eq!(verdict_over(&scene, "evt_3").await, ignored);
    let nothing = json!({"id": "evt_4", "description": "tracker.updated", "result": [1]});
    let poison = scene.receive(&nothing).await.unwrap();
    assert_eq!(verdict_over(&scene, "evt_4").await, Verdict::Failed { reason: poison[0].reason.clone() });
}

#[tokio::test]
async fn a_replay_applies_what_was_not_applied_and_changes_nothing_else() {
    let (scene, order) = (Scene::with(Provider::Easypost), order_id(1));
    let code = labelled(&scene, &order).await;
    let event = said_of(&code, "evt_1", &[MOVING, ARRIVED]);
    scene.webhook().answer(signed(&event, WEBHOOK_SECRET)).await.unwrap();
    let wish = Replay { asked_at: testkit::now(), asked_by: testkit::customer() };
    replay::ask(&*scene.memory, "easypost", "evt_1", &wish).await.unwrap();
    let documents = scene.memory.all_documents().into_iter();
    let (key, document) =
        documents.rev().find(|(key, _)| key.sk.starts_with(replay::PREFIX)).expect("the wish");
    let wish = Record { key, item: Item::Document(document) };
    for _ in 0..3 {
        assert_eq!(scene.apply().read(vec![wish.clone()]).await, Ok(vec![]));
        assert_eq!(scene.said(&order).await.len(), 6);
        assert_eq!(scene.shipment(&order).await.standing(), Standing::Delivered);
    }
}

#[tokio::test]
async fn other_webhooks_and_other_items_are_acknowledged() {
    let scene = Scene::with(Provider::Easypost);
    let batch = json!({"id": "evt_b", "description": "batch.created", "result": {"id": "batch_1"}});
    assert_eq!(scene.receive(&batch).await, Ok(vec![]));
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
    assert_eq!(scene.apply().read(records).await, Ok(vec![]));
}

#[tokio::test]
async fn an_item_that_makes_no_sense_is_set_aside_and_its_neighbours_are_applied() {
    let (scene, order) = (Scene::with(Provider::Easypost), order_id(1));
    let code = labelled(&scene, &order).await;
    let nobody = json!({"id": "evt_x", "description": "tracker.updated", "result": {"status": "in_transit"}});
    let nothing = json!({"id": "evt_y", "description": "tracker.updated", "result": [1]});
    for event in [&nobody, &nothing] {
        scene.webhook().answer(signed(event, WEBHOOK_SECRET)).await.unwrap();
    }
    let good = said_of(&code, "evt_z", &[MOVING]);
    scene.webhook().answer(signed(&good, WEBHOOK_SECRET)).await.unwrap();
    let broken = Record {
        key: Key::new("webhook#easypost#evt_w", "inbox"),
        item: Item::Document(Document::of(&json!({"event_id": "evt_w"}))),
    };
    let records = vec![scene.inbox("evt_x"), scene.inbox("evt_y"), broken, scene.inbox("evt_z")];
    let poison = scene.apply().read(records).await.unwrap();
    let keys: Vec<&str> = poison.iter().map(|poison| poison.key.pk.as_str()).collect();
    assert_eq!(keys, ["webhook#easypost#evt_x", "webhook#easypost#evt_y", "webhook#easypost#evt_w"]);
    assert_eq!(scene.shipment(&order).await.standing(), Standing::Shipped);
}

#[tokio::test]
async fn a_lost_append_brings_the_batch_again() {
    let (scene, order) = (Scene::with(Provider::Easypost), order_id(1));
    let code = labelled(&scene, &order).await;
    let event = said_of(&code, "evt_1", &[MOVING, ARRIVED]);
    scene.webhook().answer(signed(&event, WEBHOOK_SECRET)).await.unwrap();
    let batch = vec![scene.inbox("evt_1")];
    scene.crashes.store(true, Ordering::Relaxed);
    assert!(matches!(scene.apply().read(batch.clone()).await, Err(resilience::Failure::Retry { .. })));
    assert_eq!(scene.apply().read(batch).await, Ok(vec![]));
    assert_eq!(scene.shipment(&order).await.standing(), Standing::Delivered);
}
