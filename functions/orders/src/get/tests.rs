//! Customers read their own orders, page by page; admins list the open ones.

use crate::testing::{
    World, disputed, order_paid, page_request, publish, refund, refund_failed, refunded, shipped,
};
use event_store::{EventStore as _, StreamId};
use events::{
    Because, Detail, DisputeOutcome, OrderId, OrderNumber, OrderPlaced, OrderStatus, OrderUpdated,
    OrdersEvent, PaymentsEvent, RefundCause, ShippingEvent,
};
use runtime::http::{Endpoint as _, Request};
use runtime::queue::Consumer as _;
use serde_json::{Value, json};
use std::time::Duration;
use testkit::{RequestBuilder as _, customer, order_id, other_customer, placed, request};

fn ids(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["order_id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_customer_reads_their_own_orders_only() {
    let world = World::default();
    world.place(1).await;
    let page = world.get(page_request(1).by(customer())).await.unwrap();
    assert_eq!(page["status"], "placed");
    assert_eq!(page["timeline"][0]["type"], "order_placed");
    assert_eq!(page["links"]["self"], format!("/orders/{}", order_id(1)));
    assert!(world.get(page_request(1).by_admin()).await.is_ok());
    for request in [
        page_request(1).by(other_customer()),
        page_request(2).by(customer()),
        page_request(1).path("order_id", "nonsense").by(customer()),
    ] {
        assert_eq!(world.get(request).await.unwrap_err().status, 404);
    }
}

#[tokio::test]
async fn a_list_is_newest_first_and_pages_to_its_end() {
    let world = World::default();
    for n in 1..=5 {
        world.place(n).await;
        world.wait(Duration::from_secs(1));
    }
    world.place_for(6, other_customer()).await;
    let mut seen = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut list = request("GET /orders").by(customer()).query("limit", "2");
        if let Some(cursor) = &cursor {
            list = list.query("cursor", cursor);
        }
        let page = world.get(list).await.unwrap();
        seen.extend(ids(&page).into_iter().map(str::to_owned));
        match page["next"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    let expected: Vec<String> = (1..=5).rev().map(|n| order_id(n).to_string()).collect();
    assert_eq!(seen, expected);
    let foreign = request("GET /orders").by(other_customer()).query("cursor", &cursor.unwrap());
    assert_eq!(world.get(foreign).await.unwrap_err().status, 400);
}

#[tokio::test]
async fn every_answer_has_the_orders_number() {
    let world = World::with_tea().await;
    let placed = crate::testing::body(&world.send("k1", &crate::testing::tea()).await.unwrap());
    world.project().await;
    let id = OrderId::try_from(placed["order_id"].as_str().unwrap()).unwrap();
    let one = |route: &str| request(route).path("order_id", id.as_str()).by(customer());
    let cancelled = world.cancel.answer(one("POST /orders/{order_id}/cancel")).await.unwrap();
    let own = world.get(request("GET /orders").by(customer())).await.unwrap();
    let open = world.get(request("GET /orders").by_admin().query("open", "true")).await.unwrap();
    let number = OrderNumber::of(&id).to_string();
    for answer in [
        &placed,
        &crate::testing::body(&cancelled),
        &world.get(one("GET /orders/{order_id}")).await.unwrap(),
        &own["items"][0],
        &open["items"][0],
    ] {
        assert_eq!((&answer["order_id"], &answer["number"]), (&placed["order_id"], &json!(number)));
    }
}

#[tokio::test]
async fn admins_list_open_orders() {
    let world = World::default();
    for n in 1..=3 {
        world.place(n).await;
    }
    world.deliver_to::<ShippingEvent>(2, shipped()).await;
    let open = || request("GET /orders").query("open", "true");
    let list = world.get(open().by_admin()).await.unwrap();
    assert_eq!(ids(&list), [order_id(1).as_str(), order_id(3).as_str()]);
    let first = world.get(open().by_admin().query("limit", "1")).await.unwrap();
    let rest = world.get(open().by_admin().query("cursor", first["next"].as_str().unwrap())).await.unwrap();
    assert_eq!((ids(&first).len(), ids(&rest).len()), (1, 1));
    assert_eq!(world.get(open().by(customer())).await.unwrap_err().status, 403);
}

#[tokio::test]
async fn the_events_of_an_order_are_its_envelopes() {
    let world = World::default();
    world.place(1).await;
    let events = request("GET /orders/{order_id}/events").path("order_id", order_id(1).as_str());
    let list = world.get(events.by(customer())).await.unwrap();
    assert_eq!(list["events"][0]["type"], "OrderPlaced");
    assert_eq!(list["events"][0]["id"], format!("orders/{}/1", order_id(1)));
}

#[tokio::test]
async fn every_amount_of_a_timeline_has_its_currency_beside_it() {
    let world = World::default();
    let krona = OrderPlaced { currency: "ISK".try_into().unwrap(), ..placed() };
    world.append(&order_id(1), krona).await;
    for message in [
        publish::<PaymentsEvent>(1, crate::testing::payment_requested()),
        publish::<PaymentsEvent>(2, order_paid()),
        publish::<PaymentsEvent>(3, refund("r1", RefundCause::LateCapture)),
        publish::<PaymentsEvent>(4, refunded("r1")),
        publish::<PaymentsEvent>(5, refund_failed("r1")),
        publish::<PaymentsEvent>(6, disputed(DisputeOutcome::Opened)),
        publish::<ShippingEvent>(1, shipped()),
    ] {
        world.track.consume(&message).await.unwrap();
    }
    // As it was recorded before events had a currency.
    let detail = Detail { amount: Some(events::Amount::minor(1)), ..Detail::default() };
    let old = OrderUpdated {
        because: Because::PaymentDisputed,
        status: OrderStatus::Paid,
        attention: vec![],
        detail,
        paid: false,
        quiet: false,
    };
    let old = testkit::envelope(&order_id(1), 9, &OrdersEvent::from(old));
    world.table.append(&StreamId::order(&order_id(1)), &old).await.unwrap();

    let page = world.get(page_request(1).by(customer())).await.unwrap();
    let details: Vec<&Value> =
        page["timeline"].as_array().unwrap().iter().map(|entry| &entry["detail"]).collect();
    let with_amount: Vec<_> = details
        .iter()
        .filter(|detail| !detail["amount"].is_null() || !detail["captured"].is_null())
        .collect();
    assert_eq!(with_amount.len(), 7, "{page}");
    assert!(with_amount.iter().all(|detail| detail["currency"] == "ISK"), "{page}");
    let without = details.iter().filter(|detail| detail["amount"].is_null() && detail["captured"].is_null());
    assert!(without.into_iter().all(|detail| detail["currency"].is_null()), "{page}");

    let events = request("GET /orders/{order_id}/events").path("order_id", order_id(1).as_str());
    let events = world.get(events.by(customer())).await.unwrap();
    assert_eq!(events["events"][2]["data"]["detail"], json!({"amount": 1900, "currency": "ISK"}));
}

#[tokio::test]
async fn a_customer_sees_public_words_for_codes_and_an_admin_the_providers() {
    let world = World::default();
    world.place(1).await;
    let failed = events::PaymentFailed { code: "stolen_card".to_owned() };
    world.deliver::<PaymentsEvent>(failed).await;
    world.deliver::<PaymentsEvent>(refund("r1", RefundCause::LateCapture)).await;
    world.deliver::<PaymentsEvent>(refund_failed("r1")).await;
    let events = || request("GET /orders/{order_id}/events").path("order_id", order_id(1).as_str());
    let codes = |list: &Value, detail: &str| -> Vec<String> {
        let entries = list.as_array().unwrap().iter();
        entries.filter_map(|entry| entry.pointer(detail)?.as_str().map(str::to_owned)).collect()
    };
    for (by_admin, expected) in [(false, "card_declined"), (true, "stolen_card")] {
        let by = |request: Request| if by_admin { request.by_admin() } else { request.by(customer()) };
        let page = world.get(by(page_request(1))).await.unwrap();
        let list = world.get(by(events())).await.unwrap();
        let shown = codes(&page["timeline"], "/detail/code");
        assert_eq!(shown, codes(&list["events"], "/data/detail/code"));
        assert_eq!(shown[0], expected);
        assert_eq!(shown[1] == "refund_failed", !by_admin, "{shown:?}");
    }
}

#[tokio::test]
async fn an_unknown_parameter_of_the_list_is_named_and_an_empty_one_is_absent() {
    let world = World::default();
    let list = || request("GET /orders").by(customer());
    for name in ["email", "Limit", "status"] {
        for value in ["", "a@b.example"] {
            let problem = world.get(list().query("limit", "5").query(name, value)).await.unwrap_err();
            assert_eq!((problem.status, problem.kind), (400, "unknown-query-parameter"));
            assert!(problem.detail.contains(name), "{}", problem.detail);
        }
    }
    let empty = list().query("limit", "").query("cursor", "").query("open", "");
    assert_eq!(world.get(empty).await.unwrap()["items"], serde_json::json!([]));
}
