//! Placing an order: the server prices it and appends one `OrderPlaced`.

mod idempotency;
mod limits;
mod total;
mod validation;

use crate::testing::{World, body, header, tea};
use event_store::{EventStore as _, StreamId};
use events::OrderId;
use serde_json::json;

#[tokio::test]
async fn the_server_prices_an_order_and_appends_it() {
    let world = World::with_tea().await;
    let reply = world.send("k1", &tea()).await.unwrap();
    assert_eq!(reply.status, 202);
    let body = body(&reply);
    assert_eq!(body["total"], 1900);
    assert_eq!(body["items"], json!([{"sku": "TEA-01", "quantity": 2, "unit_price": 950}]));
    assert_eq!(body["pay_by"], "2026-01-02T03:34:05Z");
    let id = OrderId::try_from(body["order_id"].as_str().unwrap()).unwrap();
    assert_eq!(header(&reply, "location"), Some(format!("/orders/{id}").as_str()));
    let stream = world.table.read(&StreamId::order(&id)).await.unwrap();
    assert_eq!(stream.len(), 1);
    assert_eq!(stream[0].event_type, "OrderPlaced");
}

#[tokio::test]
async fn a_known_sender_may_take_an_offline_payment() {
    let world = World::with_tea().await;
    let paid_by = |sender: &str| {
        let mut order = tea();
        order["payment_method"] = json!(sender);
        order
    };
    let placed = body(&world.send("k1", &paid_by("elsewhere:bank")).await.unwrap());
    assert_eq!(placed["pay_by"], "2026-01-09T03:04:05Z", "offline payments may take days");
    for sender in ["elsewhere:courier", "elsewhere:unknown", "elsewhere:", "bank:elsewhere"] {
        let problem = world.send("k2", &paid_by(sender)).await.unwrap_err();
        assert_eq!(
            (problem.status, problem.errors[0].pointer.as_str()),
            (422, "/payment_method"),
            "{sender}"
        );
    }
    assert_eq!(world.events(), 1);
}
