//! An explanation has every event in causal order, what is wrong around the order, and no personal data.

use crate::testing::{World, explanation};
use event_store::{Document, Documents as _, Key};
use events::{
    Amount, Because, Detail, InventoryEvent, InventoryUpdated, OrderPaid, OrderStatus, OrderUpdated,
    OrdersEvent, PaymentRequested, PaymentsEvent, Provider, ShipmentRequested, Shipped, ShippingEvent,
};
use resilience::Clock as _;
use runtime::letters::{LetterRecord, LetterRecords};
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::{Gate, Plan, RequestBuilder as _, Stop, customer, eur, lines, order_id, placed, request};
use webhooks::inbox::verdict::Verdict;
use webhooks::outgoing::webhook_id;

fn updated(because: Because, status: OrderStatus) -> OrderUpdated {
    OrderUpdated { because, status, attention: vec![], detail: Detail::default(), paid: true, quiet: false }
}

fn open() -> Arc<dyn Gate> {
    Plan::open()
}

/// An order that was dispatched; orders does not know it yet.
async fn dispatched() -> World {
    let world = World::new();
    let w = &world;
    let placed = w.then::<OrdersEvent>(&w.orders, "request/r1", placed()).await;
    let intent_id = "pi_0000000001".to_owned();
    let requested = PaymentRequested {
        intent_id: intent_id.clone(),
        amount: Amount::minor(1900),
        currency: eur(),
        lines: lines(),
        customer: customer(),
        pay_by: w.clock.now(),
        confirm: events::Confirm::Server,
    };
    let requested = w.then::<PaymentsEvent>(&w.payments, placed.id.as_str(), requested).await;
    let (amount, currency, reference) = (Amount::minor(1900), eur(), None);
    let paid = OrderPaid { intent_id, amount, currency, lines: lines(), reference };
    w.receive("stripe", "evt_paid", "payment_intent.succeeded", None).await;
    let paid = w.then::<PaymentsEvent>(&w.payments, "stripe/evt_paid", paid).await;
    w.conclude("stripe", "evt_paid", Verdict::Applied { led_to: vec![paid.id.clone()] }).await;
    let allocated = InventoryUpdated::unsharded(lines());
    let allocated = w.then::<InventoryEvent>(&w.inventory, paid.id.as_str(), allocated).await;
    for (cause, because, status) in [
        (&requested.id, Because::PaymentRequested, OrderStatus::Placed),
        (&paid.id, Because::OrderPaid, OrderStatus::Paid),
        (&allocated.id, Because::InventoryUpdated, OrderStatus::Allocated),
    ] {
        w.then::<OrdersEvent>(&w.orders, cause.as_str(), updated(because, status)).await;
    }
    let (provider, shipment_id) = (Provider::Warehouse, None);
    let shipment = ShipmentRequested { provider, shipment_id, lines: lines() };
    w.then::<ShippingEvent>(&w.shipping, allocated.id.as_str(), shipment).await;
    let shipped = Shipped { carrier: "DHL".to_owned(), tracking_code: "JD-0146 0000".to_owned() };
    w.then::<ShippingEvent>(&w.shipping, "request/r2", shipped).await;
    world
}

fn texts<'a>(list: &'a Value, field: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().map(|item| item[field].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_events_of_every_service_are_in_causal_order_with_their_causes_and_actors() {
    let world = dispatched().await;
    let report = world.explain(&open(), explanation(1)).await.unwrap();
    assert_eq!(report["order_id"], order_id(1).as_str());
    assert_eq!((&report["status"], &report["attention"]), (&json!("allocated"), &json!([])));
    assert_eq!(
        texts(&report["events"], "type"),
        [
            "OrderPlaced",
            "PaymentRequested",
            "OrderPaid",
            "InventoryUpdated",
            "OrderUpdated",
            "OrderUpdated",
            "OrderUpdated",
            "ShipmentRequested",
            "Shipped"
        ]
    );
    assert_eq!(report["events"][0]["actor"], customer().subject);
    assert_eq!(report["events"][2]["cause"], "stripe/evt_paid");
    assert_eq!(report["events"][4]["detail"], json!({"because": "PaymentRequested", "status": "placed"}));
    assert_eq!(report["events"][8]["detail"], json!({"carrier": "DHL", "tracking_code": "JD-0146 0000"}));
    assert_eq!(report["webhooks"][0]["status"], "applied");
    assert_eq!(report.get("missing"), None);
}

/// Orders has recorded neither the shipment nor its dispatch, so its status lags behind.
#[tokio::test]
async fn an_order_waits_for_its_own_history_to_have_what_others_report() {
    let world = dispatched().await;
    let report = world.explain(&open(), explanation(1)).await.unwrap();
    let waits = texts(&report["waiting"], "for");
    assert_eq!(waits, ["dispatch", "stock_commit", "record"]);
    assert_eq!(report["waiting"][2]["about"], "shipping");
    assert_eq!(report["waiting"][2]["since"], report["events"][7]["time"], "since the oldest of them");
    let replay = format!("make replay SERVICE=shipping TO=track-order ORDERS={} DO=send", order_id(1));
    assert!(texts(&report["remedies"], "by").contains(&&*replay), "{report}");
}

#[tokio::test]
async fn only_an_admin_gets_an_explanation_and_only_of_an_order_that_exists() {
    let world = dispatched().await;
    let mut asked = explanation(1);
    asked = asked.by(customer());
    assert_eq!(world.explain(&open(), asked).await.unwrap_err().status, 403);
    assert_eq!(world.explain(&open(), explanation(2)).await.unwrap_err().status, 404);
    let nonsense = request("GET /orders/{order_id}/explanation").by_admin().path("order_id", "K7QD");
    assert_eq!(world.explain(&open(), nonsense).await.unwrap_err().status, 404);
    assert_eq!(world.explain(&open(), explanation(1).query("a", "b")).await.unwrap_err().status, 400);
}

#[tokio::test]
async fn it_holds_nothing_by_which_the_customer_is_found() {
    let world = dispatched().await;
    let report = world.explain(&open(), explanation(1)).await.unwrap().to_string();
    let order = placed();
    let address = order.shipping_address;
    for text in [order.contact.email, address.name, address.line1, address.city, order.request_digest] {
        assert!(!report.contains(&text), "{text} is in {report}");
    }
}

#[tokio::test]
async fn dead_letters_of_the_order_are_listed_and_those_of_the_platform_are_counted() {
    let world = dispatched().await;
    let records = LetterRecords::of(world.records_of_letters.clone());
    for (order, function) in [(1, "track-order"), (1, "ship-order"), (2, "track-order")] {
        let record = LetterRecord {
            function: function.to_owned(),
            reason: "given up after 86400s: the table is out".to_owned(),
            message_id: format!("m-{function}"),
            at: world.clock.now(),
        };
        records.add(Some(order_id(order).as_str()), &record).await;
    }
    let report = world.explain(&open(), explanation(1)).await.unwrap();
    assert_eq!(texts(&report["letters"], "function"), ["ship-order", "track-order"]);
    assert_eq!(report["letters"][0]["reason"], "given up after 86400s: the table is out");
    assert_eq!(report["dead_letters_now"], json!({"take-payment": 2}));
    assert_eq!(report["remedies"][0]["by"], "make redrive FUNCTION=ship-order DO=list");
}

#[tokio::test]
async fn webhooks_that_are_parked_for_the_order_or_failed_and_name_it_are_listed() {
    let world = dispatched().await;
    let (id, parcel) = (order_id(1), "tracking#DHL#JD01460000".to_owned());
    let failed = || Verdict::Failed { reason: "the amount is another".to_owned() };
    world.receive_body("stripe", "evt_failed", &json!({"order_id": id}).to_string()).await;
    world.conclude("stripe", "evt_failed", failed()).await;
    world.receive_body("stripe", "evt_of_another", &json!({"order_id": order_id(2)}).to_string()).await;
    world.conclude("stripe", "evt_of_another", failed()).await;
    world.receive_body("easypost", "evt_scan", "{}").await;
    let pointer = Document::of(&json!({"event_id": "evt_scan", "source": "easypost"}));
    world.shipping.put(&Key::new(&*parcel, "parked#evt_scan"), &pointer).await.unwrap();
    world.conclude("easypost", "evt_scan", Verdict::Parked { key: parcel }).await;
    let report = world.explain(&open(), explanation(1)).await.unwrap();
    assert_eq!(
        texts(&report["webhooks"], "id"),
        ["stripe:evt_paid", "stripe:evt_failed", "easypost:evt_scan"]
    );
    assert_eq!(texts(&report["webhooks"], "status"), ["applied", "failed", "parked"]);
    let remedies = texts(&report["remedies"], "by");
    assert_eq!(
        remedies[..2],
        ["POST /webhooks/inbox/stripe:evt_failed/replay", "POST /webhooks/inbox/easypost:evt_scan/replay"]
    );
}

#[tokio::test]
async fn deliveries_and_notices_are_listed_and_a_failed_delivery_has_its_remedy() {
    let world = dispatched().await;
    let placed = webhook_id(&format!("orders/{}/1", order_id(1)));
    let endpoint = Document::of(&json!({"id": "e1", "secrets": [{"secret": "whsec_hidden"}]}));
    world.callbacks.put(&Key::new("endpoints", "endpoint#e1"), &endpoint).await.unwrap();
    let delivery = json!({
        "id": placed, "endpoint": "e1", "kind": "order.placed", "body": "{}", "created_at": "2026-01-02T03:04:05Z",
        "state": {"is": "exhausted", "at": "2026-01-03T03:04:05Z"}, "attempted": 8,
        "attempts": [{"number": 8, "at": "2026-01-03T03:04:05Z", "latency_ms": 4, "outcome": {"status": 500}}],
        "before_this_round": 0
    });
    let key = Key::new("endpoint#e1", format!("delivery#{placed}"));
    world.callbacks.put(&key, &Document::of(&delivery)).await.unwrap();
    let order = format!("order#{}", order_id(1));
    let notice = json!({"outcome": "sent", "at": "2026-01-02T03:04:05Z", "sender_id": "m1"});
    let about = format!("notice#payments/{}/2#email", order_id(1));
    world.notifications.put(&Key::new(&*order, &*about), &Document::of(&notice)).await.unwrap();
    let contact = Document::of(&json!({"email": "ada@private.example"}));
    world.notifications.put(&Key::new(&*order, "contact"), &contact).await.unwrap();
    let report = world.explain(&open(), explanation(1)).await.unwrap();
    let shown = &report["deliveries"][0];
    assert_eq!(
        (&shown["event_type"], &shown["status"], &shown["last_outcome"], &shown["attempted"]),
        (&json!("order.placed"), &json!("exhausted"), &json!(500), &json!(8))
    );
    let notice = &report["notices"][0];
    assert_eq!((&notice["channel"], &notice["outcome"]), (&json!("email"), &json!("sent")));
    assert_eq!(notice["about"], format!("payments/{}/2", order_id(1)));
    let redeliver = format!("POST /webhook-endpoints/e1/deliveries/{placed}/redeliver");
    assert!(texts(&report["remedies"], "by").contains(&&*redeliver), "{report}");
    assert!(
        !report.to_string().contains("private.example") && !report.to_string().contains("whsec"),
        "{report}"
    );
}

/// An explanation is needed most when something is out.
#[tokio::test]
async fn what_cannot_be_read_is_named_and_the_rest_is_answered() {
    let world = dispatched().await;
    let calls = {
        let plan = Plan::open();
        let gate: Arc<dyn Gate> = plan.clone();
        world.explain(&gate, explanation(1)).await.unwrap();
        plan.calls().len()
    };
    assert!(calls >= 5, "{calls}");
    for call in 0..calls {
        let gate: Arc<dyn Gate> = Plan::stopping(call, Stop::Fail);
        let report = world.explain(&gate, explanation(1)).await.unwrap();
        assert_eq!(report["missing"].as_array().map(Vec::len), Some(1), "call {call}: {report}");
        assert_eq!(report["events"].as_array().map(Vec::len), Some(9), "call {call}");
    }
}
