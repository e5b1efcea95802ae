//! `GET /orders/{order_id}/explanation` on the deployed stack: its role may read all that it reads, the events are in causal order,
//! and a dead letter of the order is listed.

use crate::expected_end::Order;
use crate::functions::invoke_with;
use crate::stack::{Checkout, Stack, fresh};
use crate::wait::until;
use serde_json::{Value, json};

fn explanation(stack: &Stack, id: &str) -> Value {
    let report = stack.admin.get(&format!("/orders/{id}/explanation")).expect(200);
    // Other tests leave webhooks that failed or are parked, perhaps more than one explanation searches.
    let missing = report["missing"].as_array().into_iter().flatten();
    let unread: Vec<&Value> = missing
        .filter(|what| !what.as_str().is_some_and(|what| what.starts_with("webhooks: more")))
        .collect();
    assert!(unread.is_empty(), "{unread:?}");
    report
}

fn list<'a>(report: &'a Value, name: &str) -> &'a Vec<Value> {
    report[name].as_array().unwrap_or_else(|| panic!("{name} is no list: {report}"))
}

fn texts<'a>(report: &'a Value, name: &str, field: &str) -> Vec<&'a str> {
    list(report, name).iter().map(|item| item[field].as_str().unwrap_or_default()).collect()
}

#[test]
fn the_events_of_an_order_are_in_causal_order_and_only_an_admin_sees_them() {
    let stack = Stack::shared();
    let tea = stack.goods(950, 5);
    let order = Order::allocated(&stack, &Checkout::of(&[(&tea, 2)]));
    stack.customer.get(&format!("/orders/{}/explanation", order.id)).problem(403);
    stack.admin.get(&format!("/orders/{}/explanation", "0".repeat(32))).problem(404);
    until("the order to wait for the warehouse alone", || {
        let waits = explanation(&stack, &order.id);
        let waits = texts(&waits, "waiting", "for").join(" ");
        if waits == "dispatch" { Ok(()) } else { Err(waits) }
    });
    stack.dispatch(&order.id, &format!("EX-{}", fresh())).expect(202);
    stack.admin.post(&format!("/shipments/{}/deliver", order.id), &json!({})).expect(202);
    stack.await_status(&order.id, "delivered");
    until("the order to wait for nothing", || {
        let report = explanation(&stack, &order.id);
        let waits = texts(&report, "waiting", "for").join(" ");
        if waits.is_empty() { Ok(()) } else { Err(waits) }
    });

    let report = explanation(&stack, &order.id);
    assert_eq!((&report["status"], &report["attention"]), (&json!("delivered"), &json!([])));
    let types = texts(&report, "events", "type");
    let place = |name: &str| types.iter().position(|found| *found == name);
    let path = ["OrderPlaced", "PaymentRequested", "OrderPaid", "InventoryUpdated", "ShipmentRequested"];
    let places: Vec<_> = path.iter().chain(&["Shipped", "StockCommitted"]).map(|name| place(name)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{types:?}");
    let events = list(&report, "events");
    for (at, event) in events.iter().enumerate() {
        let is_later = events[at + 1..].iter().any(|later| later["id"] == event["cause"]);
        assert!(!is_later, "{event} comes before its cause");
    }
    let of = |name: &str| events.iter().find(|event| event["type"] == name);
    let (placement, dispatch) = (of("OrderPlaced"), of("Shipped"));
    let actor = |event: Option<&Value>| event.and_then(|event| event["actor"].as_str().map(str::to_owned));
    assert!(actor(placement).is_some() && actor(dispatch).is_some(), "{events:?}");
    assert_ne!(actor(placement), actor(dispatch), "the customer placed it, and an admin dispatched it");
    assert!(!report.to_string().contains(&order.email), "no address is in an explanation");
    until("the notice of the payment", || {
        let report = explanation(&stack, &order.id);
        if texts(&report, "notices", "channel").contains(&"email") {
            Ok(())
        } else {
            Err(report["notices"].to_string())
        }
    });
}

/// A message of the order that no build can read is dead-lettered at once.
#[test]
fn a_dead_letter_of_the_order_is_listed_and_stays_in_its_queue() {
    let stack = Stack::exclusive();
    let tea = stack.goods(950, 5);
    let order = Order::allocated(&stack, &Checkout::of(&[(&tea, 1)]));
    assert_eq!(list(&explanation(&stack, &order.id), "letters").len(), 0);
    let poison = json!({
        "specversion": "1.0", "id": format!("payments/{}/99", order.id), "source": "conveyor/payments",
        "type": "OrderPaid", "subject": order.id, "time": "2026-01-02T03:04:05Z",
        "datacontenttype": "application/json", "sequence": 99, "causationid": "request/none", "dataversion": 1,
        "data": {"intent_id": 7},
    });
    let queue = tests::variable("CONVEYOR_ALLOCATE_STOCK_QUEUE_URL");
    stack.emulator.sqs("SendMessage", &json!({"QueueUrl": queue, "MessageBody": poison.to_string()}));
    until("the dead letter to be listed", || {
        let report = explanation(&stack, &order.id);
        if list(&report, "letters").is_empty() { Err(report["dead_letters_now"].to_string()) } else { Ok(()) }
    });
    let report = explanation(&stack, &order.id);
    let letter = &list(&report, "letters")[0];
    assert_eq!(letter["function"], "allocate-stock");
    assert!(letter["reason"].as_str().is_some_and(|why| why.contains("intent_id")), "{letter}");
    assert!(report["dead_letters_now"]["allocate-stock"].as_u64() >= Some(1), "{report}");
    assert_eq!(list(&report, "remedies")[0]["by"], "make redrive FUNCTION=allocate-stock DO=list");
    let other = Order::allocated(&stack, &Checkout::of(&[(&tea, 1)]));
    assert_eq!(list(&explanation(&stack, &other.id), "letters").len(), 0, "it is of one order");

    // The explanation has hidden no letter from the operator's command.
    let ask = |request: Value| invoke_with(&stack.emulator, "redrive-dead-letters", &request);
    let listed = ask(json!({"function": "allocate-stock", "do": "list", "limit": 200}));
    let ours = |letter: &&Value| letter["about"]["subject"] == order.id.as_str();
    let found = listed["letters"].as_array().and_then(|letters| letters.iter().find(ours));
    let id = found.unwrap_or_else(|| panic!("the letter is not in {listed}"))["id"].clone();
    let discard = json!({
        "function": "allocate-stock", "do": "discard", "ids": [id], "reason": "sent by a test", "by": "e2e",
    });
    assert_eq!(ask(discard)["outcomes"][0]["outcome"], "discarded");
}
