//! A cancellation is requested once; shipping decides, and a request that comes too late is refused.

use crate::testing::{World, page_request, shipped};
use events::{
    Actor, CancellationRejected, InventoryEvent, RejectedBecause, ShipmentCancelled, ShippingEvent,
    StockReleased,
};
use runtime::http::{Endpoint as _, Request};
use serde_json::json;
use testkit::{RequestBuilder as _, customer, order_id, other_customer, request};

fn cancel(n: u64) -> Request {
    request("POST /orders/{order_id}/cancel").path("order_id", order_id(n).as_str())
}

#[tokio::test]
async fn a_cancellation_is_requested_once_and_shipping_decides() {
    let world = World::default();
    world.place(1).await;
    for _ in 0..2 {
        let reply =
            world.cancel.answer(cancel(1).by(customer()).json(&json!({"reason": "no"}))).await.unwrap();
        assert_eq!(reply.status, 202);
    }
    assert_eq!(world.table.all_events().len(), 2);
    world.deliver_to::<ShippingEvent>(1, ShipmentCancelled {}).await;
    world.deliver_to::<InventoryEvent>(1, StockReleased { lines: vec![] }).await;
    let page = world.get(page_request(1).by(customer())).await.unwrap();
    assert_eq!(page["status"], "cancelling");
    assert_eq!(page["timeline"][1]["type"], "order_cancellation_requested");
}

#[tokio::test]
async fn a_cancellation_names_its_actor_to_admins_alone() {
    let world = World::default();
    world.place(1).await;
    world.cancel.answer(cancel(1).by_admin()).await.unwrap();
    let recorded: Vec<_> = world.table.all_events().into_iter().map(|event| event.actor).collect();
    assert_eq!(recorded, [None, Actor::try_from("admin-1").ok()], "OrderPlaced names its customer already");
    let events = || request("GET /orders/{order_id}/events").path("order_id", order_id(1).as_str());
    let seen_by_admin = world.get(events().by_admin()).await.unwrap();
    assert_eq!(seen_by_admin["events"][1]["actor"], "admin-1");
    let seen_by_customer = world.get(events().by(customer())).await.unwrap();
    assert_eq!(seen_by_customer["events"][1].get("actor"), None);
}

#[tokio::test]
async fn a_reason_may_have_several_lines_and_an_empty_one_is_absent() {
    let world = World::default();
    for (n, (reason, stored)) in (1..).zip([
        (json!("too late\nand too dear"), json!("too late\nand too dear")),
        (json!("too late\r\n\tand too dear\n"), json!("too late\r\n\tand too dear\n")),
        (json!(""), json!(null)),
        (json!(null), json!(null)),
    ]) {
        world.place(n).await;
        let sent = cancel(n).by(customer()).json(&json!({ "reason": reason }));
        assert_eq!(world.cancel.answer(sent).await.unwrap().status, 202, "{reason}");
        assert_eq!(world.table.all_events().pop().unwrap().data["reason"], stored);
    }
    let before = world.table.all_events().len();
    world.place(9).await;
    for reason in [json!("a\u{ffff}"), json!("a\0"), json!("\n"), json!("x".repeat(501))] {
        let problem = world
            .cancel
            .answer(cancel(9).by(customer()).json(&json!({ "reason": reason })))
            .await
            .unwrap_err();
        assert_eq!((problem.status, problem.errors[0].pointer.as_str()), (422, "/reason"), "{reason}");
    }
    assert_eq!(world.table.all_events().len(), before + 1);
}

#[tokio::test]
async fn a_late_cancellation_is_a_conflict_and_a_foreign_order_is_not_found() {
    let world = World::default();
    world.place(1).await;
    world.place(2).await;
    world.deliver_to::<ShippingEvent>(1, shipped()).await;
    world
        .deliver_to::<ShippingEvent>(2, CancellationRejected { because: RejectedBecause::ShippingFailed })
        .await;
    for n in [1, 2] {
        assert_eq!(world.cancel.answer(cancel(n).by(customer())).await.unwrap_err().status, 409);
    }
    assert_eq!(world.cancel.answer(cancel(1).by(other_customer())).await.unwrap_err().status, 404);
    let page = world.get(page_request(2).by(customer())).await.unwrap();
    assert_eq!(page["timeline"][1]["type"], "cancellation_rejected");
}
