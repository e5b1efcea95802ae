//! Replayed events and rebuilt views, on the deployed stack.

use crate::functions::invoke_with;
use crate::stack::{Checkout, Stack};
use crate::stripe::Moved;
use crate::tables::{SERVICES, Tables};
use crate::wait::until;
use event_store::{Documents as _, Key, Walk};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Runs a command until nothing is left, and adds up what it counts under this name.
fn run_all(stack: &Stack, function: &str, mut input: Value, counted: &str) -> u64 {
    let mut total = 0;
    loop {
        let answer = invoke_with(&stack.emulator, function, &input);
        total += answer[counted].as_u64().expect("a count");
        if answer["cursor"].is_null() {
            return total;
        }
        input["cursor"] = answer["cursor"].clone();
    }
}

/// Every service's events of an order.
fn events(tables: &Tables, order: &str) -> BTreeMap<&'static str, usize> {
    SERVICES.map(|service| (service, tables.stream(service, order).len())).into()
}

#[test]
fn a_replayed_order_stays_as_it_is_and_is_charged_once() {
    let (stack, tables) = (Stack::shared(), Tables::new());
    let tea = stack.goods(950, 10);
    let order = stack.place(&Checkout::of(&[(&tea, 2)]));
    stack.await_status(&order, "allocated");
    stack.await_shipment(&order);
    until("the order's events to be complete", || {
        let now = events(&tables, &order);
        if now["ORDERS"] == now.values().sum::<usize>() - now["ORDERS"] + 1 {
            Ok(())
        } else {
            Err(format!("{now:?}"))
        }
    });
    let (before, page) = (events(&tables, &order), stack.order(&order));
    let consumers = [
        ("orders", "take-payment"),
        ("orders", "ship-order"),
        ("payments", "take-payment"),
        ("payments", "allocate-stock"),
        ("payments", "track-order"),
        ("inventory", "track-order"),
        ("shipping", "track-order"),
    ];
    for (service, to) in consumers {
        let request = |to_do: &str| json!({"service": service, "to": to, "do": to_do, "subjects": [order]});
        let planned = run_all(&stack, "replay-events", request("plan"), "events");
        assert!(planned > 0, "{service} has nothing for {to}");
        assert_eq!(run_all(&stack, "replay-events", request("send"), "events"), planned);
    }
    for queue in ["TAKE_PAYMENT", "SHIP_ORDER", "ALLOCATE_STOCK", "TRACK_ORDER"] {
        until("the replayed messages to be handled", || {
            let waiting = stack.emulator.queued(&tests::variable(&format!("CONVEYOR_{queue}_QUEUE_URL")));
            let left = waiting.iter().filter(|message| message["Body"].to_string().contains(&order)).count();
            if left == 0 { Ok(()) } else { Err(left) }
        });
    }
    assert_eq!((events(&tables, &order), stack.order(&order)), (before, page));
    assert_eq!(stack.stripe.moved(&order), Moved { charges: 1, captured: 1900, refunded: 0 });
    assert_eq!(stack.stock(&tea), (10, 8, 2));
}

#[test]
fn a_plan_for_a_time_scans_the_table_and_states_what_it_costs() {
    let stack = Stack::shared();
    let tea = stack.goods(950, 10);
    let order = stack.place(&Checkout::of(&[(&tea, 1)]));
    let placed: jiff::Timestamp =
        stack.order(&order)["placed_at"].as_str().and_then(|at| at.parse().ok()).expect("a time");
    let until = placed + std::time::Duration::from_secs(1);
    let plan =
        json!({"service": "orders", "to": "ship-order", "do": "plan", "since": placed, "until": until});
    let first = invoke_with(&stack.emulator, "replay-events", &plan);
    assert!(first["items_read"].as_u64() > Some(0) && first["read_units"].as_u64() > Some(0), "{first}");
    assert!(run_all(&stack, "replay-events", plan, "events") >= 1);
}

/// Deletes the view of an open order that was allocated and rests. Else another event would write it again.
fn lose_view(tables: &Tables, order: &str) {
    let views = tables.clients().table(&tests::variable("CONVEYOR_ORDER_VIEWS_TABLE"));
    let key = view_of(tables, order);
    until("the view of the order as it rests", || {
        let events = tables.stream("ORDERS", order);
        let of = |because: &str| events.iter().find(|event| event.data["because"] == *because);
        // The last one that is written into the view, and the last one of all.
        let (allocated, rests) = (of("InventoryUpdated"), of("ShipmentRequested").is_some());
        let view = tables.run(views.get(&key)).expect("the table answers").map_or(0, |view| view.version);
        // A view has twice the number of the event that it is made of: functions/orders/src/summary.rs.
        let is_written = allocated.is_some_and(|event| view >= 2 * u64::from(event.sequence.number()));
        if rests && is_written { Ok(()) } else { Err(format!("version {view} of {} events", events.len())) }
    });
    tables.run(views.delete(&key)).expect("the table answers");
}

/// The key of an open order's view.
fn view_of(tables: &Tables, order: &str) -> Key {
    let name = tests::variable("CONVEYOR_ORDER_VIEWS_TABLE");
    let index = tables.clients().index(&name, "open-by-deadline", "open_shard", "deadline");
    let shard = u8::from_str_radix(&order[..1], 16).expect("a hexadecimal id");
    let mut position = None;
    loop {
        let partition = format!("open#{shard:02}");
        let page = tables.run(index.page(&partition, Walk::Forward, 100, position.as_ref())).expect("a page");
        if let Some((key, _)) = page.documents.into_iter().find(|(key, _)| key.sk.ends_with(order)) {
            return key;
        }
        position = Some(page.next.expect("the order is open"));
    }
}

#[test]
fn a_lost_view_is_written_again() {
    let (stack, tables) = (Stack::exclusive(), Tables::new());
    let tea = stack.goods(950, 10);
    let order = stack.place(&Checkout::of(&[(&tea, 1)]));
    stack.await_status(&order, "allocated");
    let is_listed = || stack.open_orders().iter().any(|open| open["order_id"] == *order);
    until("the order to be listed", || if is_listed() { Ok(()) } else { Err("it is not") });
    lose_view(&tables, &order);
    assert!(!is_listed());
    assert!(run_all(&stack, "rebuild-views", json!({"do": "compare"}), "missing") >= 1);
    assert!(run_all(&stack, "rebuild-views", json!({"do": "build"}), "written") >= 1);
    assert!(is_listed());
    let missing = run_all(&stack, "rebuild-views", json!({"do": "compare"}), "missing");
    assert_eq!(missing, 0);
}
