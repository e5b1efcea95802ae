//! Least privilege: what each function's role grants, and what a missing grant does to an order.

use crate::roles::{Denied, as_function};
use crate::stack::{Checkout, Stack, fresh};
use crate::stripe::Moved;
use crate::tables::Tables;
use crate::wait::until;
use event_store::{Document, Documents as _, Key, MarkIs, MarkMove, RateMarks as _, StoreError};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const TABLES: [&str; 10] = [
    "CATALOG",
    "ORDERS",
    "ORDER_VIEWS",
    "PAYMENTS",
    "INVENTORY",
    "SHIPPING",
    "NOTIFICATIONS",
    "CALLBACKS",
    "LIVE",
    "LIMITS",
];

/// The variables that name other services' tables to a function that may access the webhooks, breakers, heartbeats or events in them.
/// The emulator ignores the condition that limits the grant to those items, so it is not tested here.
const FOREIGN: [&str; 9] = [
    "CATALOG_TABLE_NAME",
    "CALLBACKS_TABLE_NAME",
    "NOTIFICATIONS_TABLE_NAME",
    "ORDER_VIEWS_TABLE_NAME",
    "ORDERS_TABLE_NAME",
    "PAYMENTS_TABLE_NAME",
    "INVENTORY_TABLE_NAME",
    "SHIPPING_TABLE_NAME",
    // The second table of two functions of orders.
    "LIVE_TABLE_NAME",
];

/// Functions that may write to their service's table and not read it. (`reconcile-stripe` may read only its breaker; the
/// emulator ignores that condition too.)
const WRITE_ONLY: [&str; 4] = ["copy-prices", "issue-ticket", "stripe-webhook", "carrier-webhook"];

fn variables(function: &Value) -> &Value {
    &function["Environment"]["Variables"]
}

/// The calls that a role may make to a table.
fn may(tables: &Tables, table: &str) -> BTreeSet<&'static str> {
    let table = tables.clients().table(table);
    // No item ever has this key, and no reader of a stream selects it.
    let key = Key::new(format!("probe#{}", fresh()), "probe");
    let moves = [MarkMove { name: "probe", expected: MarkIs::Past, by: 1 }];
    let calls: [(&'static str, Result<(), StoreError>); 5] = [
        ("GetItem", tables.run(table.get(&key)).map(drop)),
        ("Query", tables.run(table.list(&key.pk, "")).map(drop)),
        ("PutItem", tables.run(table.put_new(&key, &Document::of(&"probe"))).map(drop)),
        ("UpdateItem", tables.run(table.advance(&key, 0, &moves, jiff::Timestamp::UNIX_EPOCH)).map(drop)),
        ("DeleteItem", tables.run(table.delete(&key))),
    ];
    calls
        .into_iter()
        .filter_map(|(call, outcome)| match outcome {
            Ok(()) => Some(call),
            Err(StoreError::Refused(why)) if why.contains("AccessDenied") => None,
            Err(error) => panic!("{call} was neither done nor denied: {error}"),
        })
        .collect()
}

#[test]
fn no_function_can_touch_another_services_table() {
    let stack = Stack::shared();
    let functions = stack.emulator.functions();
    assert!(functions.len() >= 20, "{}", functions.len());
    for function in &functions {
        let name = variables(function)["FUNCTION_NAME"].as_str().expect("a name");
        let own: BTreeSet<&str> =
            ["TABLE_NAME", "VIEWS_TABLE_NAME", "LIMITS_TABLE_NAME", "LETTERS_TABLE_NAME"]
                .iter()
                .chain(FOREIGN.iter())
                .filter_map(|variable| variables(function)[variable].as_str())
                .collect();
        as_function(&stack.emulator, function, |tables| {
            for variable in TABLES {
                let table = tests::variable(&format!("CONVEYOR_{variable}_TABLE"));
                let may = may(tables, &table);
                if !own.contains(table.as_str()) {
                    assert!(may.is_empty(), "{name} may {may:?} on {table}, which is not its own");
                }
                if FOREIGN.iter().any(|variable| variables(function)[variable] == *table) {
                    let admitted: &[&str] = match name {
                        "webhook-inbox" => &["GetItem", "PutItem", "Query"],
                        "standard-webhook" | "write-heartbeats" => &["PutItem"],
                        "get-readiness"
                            if ["ORDER_VIEWS", "NOTIFICATIONS", "CALLBACKS", "LIVE"].contains(&variable) =>
                        {
                            &["GetItem"]
                        }
                        "get-readiness" => &["GetItem", "Query"],
                        // It queries the index of webhooks alone.
                        "sweep-inbox" => &["GetItem", "PutItem"],
                        // The one may also scan them, the other read several items of some at once.
                        "replay-events" | "explain-order" => &["Query"],
                        "follow-orders" => &["DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"],
                        "push-updates" => &["DeleteItem", "Query"],
                        _ => panic!("{name} may access tables of other services"),
                    };
                    assert_eq!(may, admitted.iter().copied().collect(), "{name} on {table}");
                }
                if variables(function)["TABLE_NAME"] == *table {
                    let reads = may.contains("GetItem") || may.contains("Query");
                    assert_eq!(reads, !WRITE_ONLY.contains(&name), "{name} may {may:?} on its own table");
                }
            }
        });
    }
}

/// Without its grant `allocate-stock` can do nothing. Everything else works: orders are placed, paid and declined. Its
/// message stays in the queue and is handled once the grant is back.
#[test]
fn a_missing_grant_stops_its_function_alone_and_loses_nothing() {
    let stack = Stack::exclusive();
    let tea = stack.goods(950, 10);
    let denied = Denied::action(&stack.emulator, "allocate-stock", "dynamodb:PutItem");
    let id = stack.place(&Checkout::of(&[(&tea, 2)]));
    stack.await_status(&id, "paid");
    until("the message of the payment to be redelivered", || {
        let waiting = stack.emulator.queued(&tests::variable("CONVEYOR_ALLOCATE_STOCK_QUEUE_URL"));
        let of_ours = |message: &&Value| message["Body"].as_str().is_some_and(|body| body.contains(&id));
        let tried = waiting.iter().find(of_ours).and_then(|message| message["ReceiveCount"].as_u64());
        if tried >= Some(2) { Ok(()) } else { Err(format!("{tried:?} receives")) }
    });
    assert_eq!(stack.order(&id)["status"], "paid");
    assert_eq!(stack.stock(&tea), (10, 10, 0));
    let declined = stack.place(&Checkout::of(&[(&tea, 1)]).paid_by("pm_card_chargeCustomerFail"));
    stack.await_status(&declined, "payment_failed");
    stack.admin.put(&format!("/stock/{}", tea.sku), &json!({"on_hand": 12})).expect(200);
    drop(denied);
    stack.await_status(&id, "allocated");
    assert_eq!(stack.stock(&tea), (12, 10, 2));
    assert_eq!(stack.stripe.moved(&id), Moved { charges: 1, captured: 1900, refunded: 0 });
    let dead = stack.emulator.queued(&tests::variable("CONVEYOR_ALLOCATE_STOCK_DEAD_LETTERS_URL"));
    assert!(!dead.iter().any(|letter| letter.to_string().contains(&id)), "{dead:?}");
}
