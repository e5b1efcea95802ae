//! A customer is erased through the steps of orders: the request, the sweep, the projection.

use crate::requests::ErasureRequest;
use crate::testing::{
    DAY, MINUTE, World, body, delivered_order, disputed, page_request, publish, shipped, tea,
};
use crate::{Order, Summary};
use event_store::{Document, Documents as _, EventStore, Key, StreamId};
use events::{
    Contact, Customer, DisputeOutcome, Envelope, OrderExpired, OrderId, OrderNumber, OrderPlaced,
    OrdersEvent, PaymentsEvent, ShipmentDataErased, ShipmentTracked, ShippingAddress, ShippingEvent,
    TrackingStatus,
};
use jiff::Timestamp;
use runtime::http::{Endpoint as _, Problem, Reply};
use runtime::queue::Consumer as _;
use runtime::schedule::Task as _;
use serde_json::{Value, json};
use testkit::{RequestBuilder as _, customer, envelope, order_id, other_customer, placed, request};

/// Texts that are nowhere else.
const PLANTED: [&str; 9] = [
    "plant-subject",
    "plant-mail@b.example",
    "+41790000001",
    "plant-name",
    "plant-line1",
    "plant-line2",
    "plant-city",
    "plant-code",
    "plant-region",
];

fn planted_customer() -> Customer {
    Customer { subject: PLANTED[0].to_owned(), ..customer() }
}

fn planted() -> OrderPlaced {
    let text = |place: usize| PLANTED[place].to_owned();
    OrderPlaced {
        customer: planted_customer(),
        contact: Contact { email: text(1), phone: Some(text(2)) },
        shipping_address: ShippingAddress {
            name: text(3),
            line1: text(4),
            line2: Some(text(5)),
            city: text(6),
            postal_code: Some(text(7)),
            region: Some(text(8)),
            country: "CH".to_owned(),
        },
        ..placed()
    }
}

async fn erase(world: &World, subject: &str) -> Result<Reply, Problem> {
    let asked = request("POST /customers/{subject}/erase").path("subject", subject).by_admin();
    world.erase.answer(asked).await
}

/// Everything that the tables of orders hold, as text.
fn all(world: &World) -> String {
    let events = world.table.all_events().iter().map(Envelope::stored).collect::<Vec<_>>();
    let documents = world.table.all_documents().into_iter().chain(world.views.all_documents());
    let documents = documents.map(|(key, document)| format!("{key} {document:?}"));
    events.into_iter().chain(documents).collect::<Vec<_>>().join("\n")
}

fn found(world: &World) -> Vec<&'static str> {
    let all = all(world);
    PLANTED.into_iter().filter(|text| all.contains(text)).collect()
}

/// A delivered order of the customer who is erased.
async fn ended(world: &World) -> OrderId {
    world.append(&order_id(1), planted()).await;
    for message in delivered_order() {
        world.track.consume(&message).await.unwrap();
    }
    world.project().await;
    order_id(1)
}

/// The same, erased.
async fn erased(world: &World) -> String {
    ended(world).await;
    let pseudonym = body(&erase(world, PLANTED[0]).await.unwrap())["pseudonym"].as_str().unwrap().to_owned();
    world.sweep().await;
    world.wait(DAY);
    world.sweep().await;
    pseudonym
}

#[tokio::test]
async fn i9_an_erased_customer_is_found_nowhere() {
    let world = World::default();
    ended(&world).await;
    assert_eq!(found(&world), PLANTED, "otherwise nothing is proven");
    let world = World::default();
    let pseudonym = erased(&world).await;
    assert_eq!(found(&world), [""; 0]);
    assert!(!all(&world).contains("\"T1\""), "the tracking code is personal");
    let views = world.stored_views();
    let kept: Vec<&(Key, Document)> = views.iter().filter(|(_, view)| !view.is_erased()).collect();
    let [(key, _)] = kept.as_slice() else { panic!("{kept:?}") };
    assert_eq!(key.pk, Summary::customer_partition(&Customer { subject: pseudonym, ..customer() }));
    let number = format!("find#number#{}", OrderNumber::of(&order_id(1)).compact());
    let look_ups = world.look_ups();
    assert!(look_ups.len() == 1 && look_ups[0].starts_with(&number), "{look_ups:?}");
}

#[tokio::test]
async fn an_erased_order_is_of_no_customer_and_found_by_its_pseudonym() {
    let world = World::default();
    let pseudonym = erased(&world).await;
    let own = request("GET /orders").by(planted_customer());
    assert_eq!(world.get(own).await.unwrap()["items"], json!([]));
    assert_eq!(world.get(page_request(1).by(planted_customer())).await.unwrap_err().status, 404);
    let search = request("POST /orders/search").by_admin();
    let by = |customer: &str| search.clone().json(&json!({ "customer": customer }));
    let items = |reply: Reply| body(&reply)["items"].as_array().unwrap().len();
    assert_eq!(items(world.search.answer(by(PLANTED[0])).await.unwrap()), 0);
    assert_eq!(items(world.search.answer(by(&pseudonym)).await.unwrap()), 1);
}

#[tokio::test]
async fn the_order_shows_who_has_reported_its_erasure() {
    let world = World::default();
    let pseudonym = erased(&world).await;
    let shown = async || world.get(page_request(1).by_admin()).await.unwrap()["erasure"].clone();
    let before = shown().await;
    assert_eq!((&before["orders"], &before["shipping"]), (&json!(true), &json!(false)), "{before}");
    let reported = publish::<ShippingEvent>(8, ShipmentDataErased { pseudonym });
    world.track.consume(&reported).await.unwrap();
    assert_eq!(shown().await["shipping"], true);
    assert_eq!(shown().await["payments"], false);
}

#[tokio::test]
async fn who_asked_is_recorded_in_the_order_once() {
    let world = World::default();
    ended(&world).await;
    erase(&world, PLANTED[0]).await.unwrap();
    // The views do not follow between the two.
    for _ in 0..2 {
        world.sweep.run().await.unwrap();
    }
    let events = world.table.all_events();
    let requested: Vec<&Envelope> =
        events.iter().filter(|event| event.event_type == "CustomerErasureRequested").collect();
    let [requested] = requested.as_slice() else { panic!("it is requested once: {requested:?}") };
    assert_eq!(requested.data["requested_by"]["subject"], "admin-1");
    assert_eq!(requested.data["because"], "request");
}

#[tokio::test]
async fn an_open_order_refuses_the_erasure_of_its_customer() {
    for shipped_only in [false, true] {
        let world = World::default();
        world.place_for(1, planted_customer()).await;
        if shipped_only {
            for message in delivered_order().into_iter().take(5) {
                world.track.consume(&message).await.unwrap();
            }
        }
        world.project().await;
        let refused = erase(&world, PLANTED[0]).await.unwrap_err();
        assert_eq!(refused.status, 409);
        let why = format!("{refused:?}");
        let status = if shipped_only { "shipped" } else { "placed" };
        assert!(why.contains(&format!("{} ({status})", OrderNumber::of(&order_id(1)))), "{why}");
        world.sweep().await;
        assert_eq!(world.table.all_documents(), [], "nothing is requested");
    }
}

/// The bank opens a dispute after the request, and before the sweep that carries it out.
#[tokio::test]
async fn an_order_that_opens_again_is_erased_once_it_has_ended() {
    let world = World::default();
    ended(&world).await;
    erase(&world, PLANTED[0]).await.unwrap();
    for (place, outcome, is_erased) in [(3, DisputeOutcome::Opened, false), (4, DisputeOutcome::Won, true)] {
        world.track.consume(&publish::<PaymentsEvent>(place, disputed(outcome))).await.unwrap();
        world.project().await;
        world.wait(2 * DAY);
        world.sweep().await;
        assert_eq!(world.order(&order_id(1)).await.erasure().is_some(), is_erased, "{outcome:?}");
    }
}

#[tokio::test]
async fn only_an_admin_erases_and_only_a_customer_with_orders() {
    let world = World::default();
    ended(&world).await;
    let own = request("POST /customers/{subject}/erase").path("subject", PLANTED[0]).by(planted_customer());
    assert_eq!(world.erase.answer(own).await.unwrap_err().status, 403);
    assert_eq!(erase(&world, "unknown").await.unwrap_err().status, 404);
    assert_eq!(erase(&world, "").await.unwrap_err().status, 422);
}

#[tokio::test]
async fn a_repeat_of_the_request_has_the_same_pseudonym() {
    let world = World::default();
    ended(&world).await;
    let first = body(&erase(&world, PLANTED[0]).await.unwrap());
    assert_eq!(body(&erase(&world, PLANTED[0]).await.unwrap()), first);
    assert_eq!(first["orders"], 1);
}

#[tokio::test]
async fn a_later_request_erases_the_orders_that_were_placed_since() {
    let world = World::default();
    ended(&world).await;
    let first = body(&erase(&world, PLANTED[0]).await.unwrap());
    world.sweep().await;
    world.wait(MINUTE);
    world.append(&order_id(2), planted()).await;
    for message in delivered_order() {
        let envelope = Envelope { subject: order_id(2).to_string(), ..message.envelope.clone() };
        world.track.consume(&testkit::delivered(&envelope, 1).unwrap()).await.unwrap();
    }
    world.project().await;
    let second = body(&erase(&world, PLANTED[0]).await.unwrap());
    assert_eq!(second["pseudonym"], first["pseudonym"], "the first one is still under way");
    world.sweep().await;
    assert!(world.order(&order_id(2)).await.erasure().is_some());
}

#[tokio::test]
async fn a_request_that_is_renewed_meanwhile_is_not_ended() {
    let world = World::default();
    ended(&world).await;
    erase(&world, PLANTED[0]).await.unwrap();
    let (version, request) = ErasureRequest::all(&*world.table).await.unwrap().remove(0);
    world.wait(MINUTE);
    erase(&world, PLANTED[0]).await.unwrap();
    request.end(version, &*world.table, testkit::now()).await.unwrap();
    assert_eq!(ErasureRequest::all(&*world.table).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_repeated_order_is_recognized_after_its_erasure() {
    let world = World::with_tea().await;
    let first = body(&world.send("k1", &tea()).await.unwrap());
    let id = OrderId::try_from(first["order_id"].as_str().unwrap()).unwrap();
    world.wait(31 * MINUTE);
    for message in
        [publish::<PaymentsEvent>(1, events::PaymentCancelled { cause: events::CancelCause::Expired })]
    {
        let envelope = Envelope { subject: id.to_string(), ..message.envelope.clone() };
        world.track.consume(&testkit::delivered(&envelope, 1).unwrap()).await.unwrap();
    }
    world.project().await;
    erase(&world, &customer().subject).await.unwrap();
    world.sweep().await;
    assert!(!all(&world).contains("a@b.example"));
    let again = world.send("k1", &tea()).await.unwrap();
    assert_eq!(body(&again)["order_id"], first["order_id"]);
    assert!(again.headers.iter().any(|(name, _)| *name == "idempotency-replayed"), "{again:?}");
}

#[tokio::test]
async fn i9_a_late_message_restores_nothing() {
    let world = World::default();
    erased(&world).await;
    for message in delivered_order() {
        world.track.consume(&message).await.unwrap();
    }
    let scan = ShipmentTracked {
        status: TrackingStatus::Delivered,
        status_detail: Some(PLANTED[3].to_owned()),
        occurred_at: None,
        after_cancellation: false,
    };
    for message in [publish::<ShippingEvent>(8, scan), publish::<ShippingEvent>(9, shipped())] {
        world.track.consume(&message).await.unwrap();
    }
    world.project().await;
    assert_eq!(found(&world), [""; 0]);
    assert!(!all(&world).contains("\"T1\""));
    let last = world.table.all_events().into_iter().last().unwrap();
    assert_eq!(last.data["detail"]["tracking_code"], "erased", "its fact is recorded");
}

/// A sweep that has read the order before its erasure writes its view after it.
#[tokio::test]
async fn a_late_view_is_not_written_again() {
    let world = World::default();
    ended(&world).await;
    let (key, view) = world.stored_views().remove(0);
    erase(&world, PLANTED[0]).await.unwrap();
    world.sweep().await;
    assert!(!world.views.put_newer(&key, &view.versioned(1_000_000)).await.unwrap());
    assert!(world.views.get(&key).await.unwrap().unwrap().is_erased());
}

#[tokio::test]
async fn an_order_that_is_placed_after_the_request_is_not_erased() {
    let world = World::default();
    ended(&world).await;
    erase(&world, PLANTED[0]).await.unwrap();
    world.wait(MINUTE);
    world.place_for(2, planted_customer()).await;
    world.sweep().await;
    assert!(world.order(&order_id(1)).await.erasure().is_some());
    assert!(world.order(&order_id(2)).await.erasure().is_none());
}

/// Its last event is not readable from now on.
async fn break_stream(world: &World, id: &OrderId) {
    let stream = StreamId::order(id);
    let next = u32::try_from(world.table.read(&stream).await.unwrap().len() + 1).unwrap();
    let mut broken = envelope(id, next, &OrdersEvent::from(OrderExpired { pay_by: Timestamp::MAX }));
    broken.data = json!({}).into();
    world.table.append(&stream, &broken).await.unwrap();
}

/// Two orders of one customer: the second has ended, the first is not readable.
async fn with_a_broken_order() -> World {
    let world = World::default();
    world.append(&order_id(2), planted()).await;
    ended(&world).await;
    break_stream(&world, &order_id(2)).await;
    world
}

/// A sweep that could not request one erasure, and requested the other.
async fn sweeps_the_rest(world: &World) {
    let failed = world.sweep.run().await.unwrap_err();
    assert!(failed.to_string().contains("1 erasures could not be requested"), "{failed}");
    assert!(world.order(&order_id(1)).await.erasure().is_some());
}

#[tokio::test]
async fn an_order_that_cannot_be_read_keeps_no_other_from_its_erasure() {
    let world = with_a_broken_order().await;
    // The order was readable when the request was made, or it would have been refused.
    let asked = ErasureRequest::new(planted_customer(), &[7; 32], customer(), testkit::now());
    asked.keep(&*world.table).await.unwrap();
    sweeps_the_rest(&world).await;
    world.wait(DAY);
    sweeps_the_rest(&world).await;
    assert_eq!(ErasureRequest::all(&*world.table).await.unwrap().len(), 1, "it is tried again");
}

#[tokio::test]
async fn an_old_order_that_cannot_be_read_keeps_no_other_from_its_erasure() {
    let mut world = with_a_broken_order().await;
    world.sweep.erasures.retention_days = 1;
    world.wait(2 * DAY);
    // 60 of 3660 days are looked at in a run.
    for _ in 0..60 {
        drop(world.sweep.run().await);
    }
    sweeps_the_rest(&world).await;
}

#[tokio::test]
async fn a_request_is_kept_for_a_day_and_then_deleted() {
    let world = World::default();
    ended(&world).await;
    erase(&world, PLANTED[0]).await.unwrap();
    world.sweep().await;
    assert!(all(&world).contains(PLANTED[0]), "a view may be written late");
    world.wait(23 * 60 * MINUTE);
    world.sweep().await;
    assert!(all(&world).contains(PLANTED[0]));
    world.wait(60 * MINUTE);
    world.sweep().await;
    assert_eq!(found(&world), [""; 0]);
}

#[tokio::test]
async fn an_order_is_erased_some_time_after_it_has_ended() {
    let mut world = World::default();
    world.sweep.erasures.retention_days = 365;
    world.append(&order_id(2), OrderPlaced { customer: other_customer(), ..placed() }).await;
    ended(&world).await;
    let erased = async |n: u64| world.order(&order_id(n)).await.erasure().is_some();
    world.wait(364 * DAY);
    world.append(&order_id(3), planted()).await;
    for _ in 0..100 {
        world.sweep().await;
    }
    assert!(!erased(1).await, "it has ended 364 days ago");
    world.wait(2 * DAY);
    for _ in 0..100 {
        world.sweep().await;
    }
    assert!(erased(1).await);
    assert!(!erased(2).await, "it is still open");
    assert!(!erased(3).await, "it is young");
    let event =
        world.table.all_events().into_iter().find(|event| event.event_type == "CustomerErasureRequested");
    let data: Value = (*event.unwrap().data).clone();
    assert_eq!((&data["because"], data.get("requested_by")), (&json!("retention"), None));
}

#[tokio::test]
async fn a_shop_without_retention_erases_no_order_by_its_age() {
    let world = World::default();
    ended(&world).await;
    world.wait(4000 * DAY);
    for _ in 0..100 {
        world.sweep().await;
    }
    assert!(world.order(&order_id(1)).await.erasure().is_none());
}

#[tokio::test]
async fn an_erasure_changes_neither_the_status_nor_when_the_order_changed_last() {
    let world = World::default();
    ended(&world).await;
    let before = state(&world).await;
    world.wait(DAY);
    erase(&world, PLANTED[0]).await.unwrap();
    world.sweep().await;
    assert_eq!(state(&world).await, before);
}

async fn state(world: &World) -> (events::OrderStatus, Option<Timestamp>) {
    let store: &dyn EventStore = &*world.table;
    let order = store.history::<Order>(&StreamId::order(&order_id(1))).await.unwrap().state;
    (order.status(), order.updated_at())
}
