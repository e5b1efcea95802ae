//! A customer is erased in shipping, and no late message restores anything.

use crate::address;
use crate::testing::{World, placed_event};
use event_store::{Documents as _, EventStore as _, StreamId};
use events::{OrderId, OrdersEvent, Provider, Sequence, ShippingEvent};
use runtime::http::Endpoint as _;
use serde_json::json;
use testkit::{EASYPOST_CARRIER, RequestBuilder as _, erasure, order_id, request, tracker_event};

const WORDS: &str = "left-with-the-neighbour";
const SCANS: [(&str, &str, &str); 2] = [
    ("in_transit", WORDS, "2026-01-02T08:00:00Z"),
    ("delivered", "arrived_at_destination", "2026-01-03T09:00:00Z"),
];

/// Everything that the table holds, as text.
fn all(world: &World) -> String {
    let events = world.memory.all_events().into_iter().map(|event| event.stored());
    let documents = world.memory.all_documents().into_iter();
    let documents = documents.map(|(key, document)| match webhooks::inbox::open(&document, &key) {
        Ok((_, body)) => format!("{key} {}", String::from_utf8_lossy(&body)),
        Err(_) => format!("{key} {document:?}"),
    });
    events.chain(documents).collect::<Vec<_>>().join("\n")
}

/// A delivered order, with its tracking code.
async fn delivered(world: &World) -> (OrderId, String) {
    let order = order_id(1);
    world.begin(&order).await;
    let code = world.shipment(&order).await.label.unwrap().parcel.tracking_code;
    // One waits for its order, and one is applied.
    world.receive(&tracker_event("evt_1", EASYPOST_CARRIER, &code, &SCANS)).await.unwrap();
    world.run().await;
    (order, code)
}

async fn erase(world: &World, order: &OrderId) {
    world.consume(order, OrdersEvent::from(erasure())).await.unwrap();
}

#[tokio::test]
async fn i9_an_erased_order_is_found_nowhere() {
    let world = World::with(Provider::Easypost);
    let (order, code) = delivered(&world).await;
    let planted = [code.as_str(), WORDS, "A. Person", "Street 1", "+41790000000", "https://"];
    let found = |world: &World| {
        let all = all(world);
        planted.into_iter().filter(|text| all.contains(text)).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(found(&world), planted, "otherwise nothing is proven");
    erase(&world, &order).await;
    // The code is still in the keys of its tombstone, of its pointers and of its verdicts, which expire.
    let left = all(&world).lines().filter(|line| line.contains(&code)).map(str::to_owned).collect::<Vec<_>>();
    assert!(left.iter().all(|line| line.starts_with("tracking#") && line.contains("erased")), "{left:?}");
    assert!(found(&world).iter().all(|text| *text == code), "{:?}", found(&world));
    assert_eq!(world.event_types(&order).await.last(), Some(&"ShipmentDataErased"));
    assert_eq!(world.memory.read(&StreamId::order(&order)).await.unwrap().len(), 7, "no event is gone");
}

#[tokio::test]
async fn a_late_message_stores_no_address() {
    for erased_first in [false, true] {
        let (world, order) = (World::with(Provider::Warehouse), order_id(1));
        if !erased_first {
            world.consume(&order, placed_event()).await.unwrap();
        }
        erase(&world, &order).await;
        world.consume(&order, placed_event()).await.unwrap();
        assert_eq!(address::of(&*world.memory, &order).await.unwrap(), None);
        assert!(!all(&world).contains("Street 1"));
    }
}

#[tokio::test]
async fn a_late_webhook_records_nothing() {
    let world = World::with(Provider::Easypost);
    let (order, code) = delivered(&world).await;
    erase(&world, &order).await;
    let events = world.memory.all_events();
    let back = [("return_to_sender", WORDS, "2026-01-04T09:00:00Z")];
    for id in ["evt_1", "evt_9"] {
        world.receive(&tracker_event(id, EASYPOST_CARRIER, &code, &back)).await.unwrap();
    }
    assert_eq!(world.memory.all_events(), events);
    let parked = world.memory.all_documents().into_iter().filter(|(key, _)| key.sk.starts_with("parked#"));
    assert_eq!(parked.count(), 0, "it waits for nothing, so it raises no alarm");
}

/// An operator corrects the code after the erasure, so reports find the order again. None is on the parcel that its stream names.
#[tokio::test]
async fn a_scan_of_an_erased_order_is_not_recorded() {
    let (world, order) = (World::with(Provider::Warehouse), order_id(1));
    world.begin(&order).await;
    let command = async |verb: &str, body| {
        let route = format!("POST /shipments/{{order_id}}/{verb}");
        let request = request(&route).by_admin().path("order_id", order.as_str()).json(&body);
        world.manage().answer(request).await.map_or_else(|problem| problem.status, |reply| reply.status)
    };
    assert_eq!(command("dispatch", json!({"carrier": "Post", "tracking_code": "99-1"})).await, 202);
    world.run().await;
    erase(&world, &order).await;
    assert_eq!(command("tracking", json!({"carrier": "Post", "tracking_code": "99-2"})).await, 202);
    let events = world.memory.all_events().len();
    world.receive(&tracker_event("evt_2", "Post", "99-2", &SCANS)).await.unwrap();
    assert_eq!(world.memory.all_events().len(), events);
    let stored: String = world.memory.all_events().iter().map(events::Envelope::stored).collect();
    assert!(!stored.contains("99-2"), "what is appended to an erased stream is redacted");
}

#[tokio::test]
async fn the_code_of_another_order_is_not_forgotten() {
    let (world, order, other) = (World::with(Provider::Easypost), order_id(1), order_id(2));
    world.begin(&order).await;
    let parcel = world.shipment(&order).await.label.unwrap().parcel;
    crate::tracking::map(&*world.memory, &parcel, &other).await.unwrap();
    erase(&world, &order).await;
    assert_eq!(crate::tracking::order_of(&*world.memory, &parcel).await, Ok(Some(other)));
}

#[tokio::test]
async fn a_code_that_was_forgotten_can_be_used_again() {
    let (world, order, other) = (World::with(Provider::Easypost), order_id(1), order_id(2));
    world.begin(&order).await;
    let parcel = world.shipment(&order).await.label.unwrap().parcel;
    erase(&world, &order).await;
    let claimed = crate::tracking::claim(&*world.memory, &*world.memory, &parcel, &other).await;
    assert_eq!(claimed, Ok(true));
    assert_eq!(crate::tracking::order_of(&*world.memory, &parcel).await, Ok(Some(other)));
}

#[tokio::test]
async fn an_erasure_is_reported_once_and_redacts_what_was_appended_since() {
    let (world, order) = (World::with(Provider::Easypost), order_id(1));
    world.begin(&order).await;
    erase(&world, &order).await;
    erase(&world, &order).await;
    let types = world.event_types(&order).await;
    assert_eq!(types.iter().filter(|name| **name == "ShipmentDataErased").count(), 1);
    // An older build appended it, which does not redact.
    let failed = ShippingEvent::from(events::ShippingFailed { reason: WORDS.to_owned() });
    let place = Sequence::after(u32::try_from(types.len()).unwrap());
    let late = events::Envelope::wrap(order.as_str(), place, testkit::now(), &testkit::cause(), &failed);
    world.memory.append(&StreamId::order(&order), &late).await.unwrap();
    erase(&world, &order).await;
    assert!(!all(&world).contains(WORDS), "a replay of the request erases it");
    assert!(
        world
            .memory
            .get(&event_store::Key::new(format!("order#{order}"), "address"))
            .await
            .unwrap()
            .unwrap()
            .is_erased()
    );
}
