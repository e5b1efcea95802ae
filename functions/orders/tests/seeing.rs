//! What a client sees: their own orders, as the streams have them, a page at a time; and cancelling.

#![expect(clippy::unwrap_used, reason = "a test may be blunt outside of its test functions too")]

use event_store::{Documents as _, EventStore, Memory, StreamId};
use events::{
    CancellationRejected, Customer, InventoryEvent, InventoryUpdated, OrderPlaced, OrdersEvent,
    RejectedBecause, ServiceEvent, ShipmentCancelled, Shipped, ShippingEvent, StockReleased,
};
use orders::{CancelOrder, Deadlines, GetOrder, Order, ProjectOrders, Summary, TrackOrder};
use resilience::FixedClock;
use runtime::http::{Endpoint as _, Problem, Reply, Request};
use runtime::queue::Consumer as _;
use runtime::stream::Reader as _;
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::{RequestBuilder as _, customer, lines, now, order_id, other_customer, placed, request};

struct Shop {
    table: Arc<Memory>,
    views: Arc<Memory>,
    get: GetOrder,
    cancel: CancelOrder,
    project: ProjectOrders,
    track: TrackOrder,
}

impl Shop {
    fn open() -> Self {
        let (table, views) = (Arc::new(Memory::default()), Arc::new(Memory::default()));
        let clock = Arc::new(FixedClock::at(now()));
        Self {
            get: GetOrder {
                store: table.clone(),
                by_customer: Arc::new(views.index("customer", "placed_at")),
                open_by_deadline: Arc::new(views.index("open_shard", "deadline")),
            },
            cancel: CancelOrder { store: table.clone(), clock: clock.clone() },
            project: ProjectOrders {
                store: table.clone(),
                views: views.clone(),
                deadlines: Deadlines::default(),
            },
            track: TrackOrder { store: table.clone(), clock },
            table,
            views,
        }
    }

    async fn place(&self, n: u64, customer: Customer) {
        let mut envelope =
            testkit::envelope(&order_id(n), 1, &OrdersEvent::from(OrderPlaced { customer, ..placed() }));
        envelope.time = now() + std::time::Duration::from_secs(n);
        self.table.append(&StreamId::order(&order_id(n)), &envelope).await.unwrap();
        self.project().await;
    }

    async fn tell<E: ServiceEvent>(&self, n: u64, sequence: u32, event: impl Into<E>) {
        self.track.consume(&testkit::message(&order_id(n), sequence, &event.into())).await.unwrap();
        self.project().await;
    }

    async fn project(&self) {
        let records = self.table.all_events().iter().map(testkit::record).collect();
        assert_eq!(self.project.read(records).await.unwrap(), []);
    }

    async fn see(&self, request: Request) -> Result<Value, Problem> {
        self.get.answer(request).await.map(|reply| body(&reply))
    }
}

fn body(reply: &Reply) -> Value {
    serde_json::from_str(&reply.body).unwrap()
}

fn one(n: u64) -> Request {
    request("GET /orders/{order_id}").path("order_id", order_id(n).as_str())
}

fn cancel(n: u64) -> Request {
    request("POST /orders/{order_id}/cancel").path("order_id", order_id(n).as_str())
}

fn ids(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["order_id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_client_reads_its_own_write_and_nobody_elses() {
    let shop = Shop::open();
    shop.place(1, customer()).await;
    let page = shop.see(one(1).by(customer())).await.unwrap();
    assert_eq!(page["status"], "placed");
    assert_eq!(page["timeline"][0]["type"], "order_placed");
    assert_eq!(page["links"]["self"], format!("/orders/{}", order_id(1)));
    assert!(shop.see(one(1).by_admin()).await.is_ok());
    for request in [
        one(1).by(other_customer()),
        one(2).by(customer()),
        one(1).path("order_id", "nonsense").by(customer()),
    ] {
        assert_eq!(shop.see(request).await.unwrap_err().status, 404);
    }
}

#[tokio::test]
async fn a_list_is_newest_first_and_pages_to_its_end() {
    let shop = Shop::open();
    for n in 1..=5 {
        shop.place(n, customer()).await;
    }
    shop.place(6, other_customer()).await;
    let mut seen = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut list = request("GET /orders").by(customer()).query("limit", "2");
        if let Some(cursor) = &cursor {
            list = list.query("cursor", cursor);
        }
        let page = shop.see(list).await.unwrap();
        seen.extend(ids(&page).into_iter().map(str::to_owned));
        match page["next"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    let expected: Vec<String> = (1..=5).rev().map(|n| order_id(n).to_string()).collect();
    assert_eq!(seen, expected);
    let foreign = request("GET /orders").by(other_customer()).query("cursor", &cursor.unwrap());
    assert_eq!(shop.see(foreign).await.unwrap_err().status, 400);
}

#[tokio::test]
async fn open_orders_are_listed_for_admins_until_they_have_ended() {
    let shop = Shop::open();
    for n in 1..=3 {
        shop.place(n, customer()).await;
    }
    shop.tell::<ShippingEvent>(2, 1, Shipped { carrier: "DHL".to_owned(), tracking_code: "T".to_owned() })
        .await;
    let open = || request("GET /orders").query("open", "true");
    let list = shop.see(open().by_admin()).await.unwrap();
    assert_eq!(ids(&list), [order_id(1).as_str(), order_id(3).as_str()]);
    let first = shop.see(open().by_admin().query("limit", "1")).await.unwrap();
    let rest = shop.see(open().by_admin().query("cursor", first["next"].as_str().unwrap())).await.unwrap();
    assert_eq!((ids(&first).len(), ids(&rest).len()), (1, 1));
    assert_eq!(shop.see(open().by(customer())).await.unwrap_err().status, 403);
}

#[tokio::test]
async fn i8_every_view_equals_the_fold_of_its_stream() {
    let shop = Shop::open();
    for n in 1..=3 {
        shop.place(n, customer()).await;
        shop.tell::<InventoryEvent>(n, 1, InventoryUpdated { lines: lines() }).await;
    }
    shop.tell::<ShippingEvent>(2, 1, ShipmentCancelled {}).await;
    let store: Arc<dyn EventStore> = shop.table.clone();
    for n in 1..=3 {
        let history = store.history::<Order>(&StreamId::order(&order_id(n))).await.unwrap();
        let expected = Summary::document(&history, &order_id(n), &Deadlines::default()).unwrap();
        assert_eq!(shop.views.get(&Summary::key(&order_id(n))).await.unwrap(), Some(expected));
    }
}

#[tokio::test]
async fn a_late_batch_of_the_stream_does_not_turn_a_view_back() {
    let shop = Shop::open();
    shop.place(1, customer()).await;
    let early: Vec<_> = shop.table.all_events().iter().map(testkit::record).collect();
    shop.tell::<InventoryEvent>(1, 1, InventoryUpdated { lines: lines() }).await;
    shop.project.read(early).await.unwrap();
    let list = shop.see(request("GET /orders").by(customer())).await.unwrap();
    assert_eq!(list["items"][0]["status"], "allocated");
}

#[tokio::test]
async fn a_cancellation_is_asked_for_once_and_shipping_decides() {
    let shop = Shop::open();
    shop.place(1, customer()).await;
    for _ in 0..2 {
        let reply =
            shop.cancel.answer(cancel(1).by(customer()).json(&json!({"reason": "no"}))).await.unwrap();
        assert_eq!(reply.status, 202);
    }
    assert_eq!(shop.table.all_events().len(), 2);
    shop.tell::<ShippingEvent>(1, 1, ShipmentCancelled {}).await;
    shop.tell::<InventoryEvent>(1, 1, StockReleased { lines: vec![] }).await;
    let page = shop.see(one(1).by(customer())).await.unwrap();
    assert_eq!(page["status"], "cancelling");
    assert_eq!(page["timeline"][1]["type"], "order_cancellation_requested");
}

#[tokio::test]
async fn what_cannot_be_cancelled_is_a_conflict_and_anothers_order_is_unknown() {
    let shop = Shop::open();
    shop.place(1, customer()).await;
    shop.place(2, customer()).await;
    shop.tell::<ShippingEvent>(1, 1, Shipped { carrier: "DHL".to_owned(), tracking_code: "T".to_owned() })
        .await;
    shop.tell::<ShippingEvent>(2, 1, CancellationRejected { because: RejectedBecause::ShippingFailed }).await;
    for n in [1, 2] {
        assert_eq!(shop.cancel.answer(cancel(n).by(customer())).await.unwrap_err().status, 409);
    }
    assert_eq!(shop.cancel.answer(cancel(1).by(other_customer())).await.unwrap_err().status, 404);
    let page = shop.see(one(2).by(customer())).await.unwrap();
    assert_eq!(page["timeline"][1]["type"], "cancellation_rejected");
}

#[tokio::test]
async fn the_events_of_an_order_are_its_envelopes() {
    let shop = Shop::open();
    shop.place(1, customer()).await;
    let events = request("GET /orders/{order_id}/events").path("order_id", order_id(1).as_str());
    let list = shop.see(events.by(customer())).await.unwrap();
    assert_eq!(list["events"][0]["type"], "OrderPlaced");
    assert_eq!(list["events"][0]["id"], format!("orders/{}/1", order_id(1)));
}
