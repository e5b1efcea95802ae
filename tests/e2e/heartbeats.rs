//! The deployed event sources pass heartbeats, and the readers' runners report them.

use crate::functions::invoke;
use crate::stack::Stack;
use crate::wait::until;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Each reader of a stream with the table that it reads.
const READERS: [(&str, &str); 8] = [
    ("apply-carrier-event", "shipping"),
    ("apply-stripe-event", "payments"),
    ("project-orders", "orders"),
    ("publish-events", "catalog"),
    ("publish-events", "inventory"),
    ("publish-events", "orders"),
    ("publish-events", "payments"),
    ("publish-events", "shipping"),
];

/// The heartbeats that the readers have reported: function and table.
fn reported(stack: &Stack) -> BTreeSet<(String, String)> {
    let groups = stack.emulator.logs("DescribeLogGroups", &json!({"logGroupNamePrefix": "/aws/lambda/"}));
    let groups = groups["logGroups"].as_array().cloned().unwrap_or_default();
    let read = |group: Value| {
        let wanted = json!({"logGroupName": group["logGroupName"], "filterPattern": "HeartbeatLag"});
        let found = stack.emulator.logs("FilterLogEvents", &wanted);
        found["events"].as_array().cloned().unwrap_or_default()
    };
    let messages: Vec<Value> = groups.into_iter().flat_map(read).collect();
    let lines = messages.iter().filter_map(|event| event["message"].as_str()).flat_map(str::lines);
    let reported = lines.filter_map(|line| {
        let line: Value = serde_json::from_str(line).ok()?;
        line["HeartbeatLag"].as_u64()?;
        Some((line["function"].as_str()?.to_owned(), line["table"].as_str()?.to_owned()))
    });
    reported.collect()
}

#[test]
fn every_reader_of_a_stream_reports_the_heartbeats_of_its_tables() {
    let stack = Stack::shared();
    assert_eq!(invoke(&stack.emulator, "write-heartbeats"), json!({"written": 5}));
    let wanted = READERS.map(|(function, table)| (function.to_owned(), table.to_owned()));
    until("a heartbeat from every reader", || {
        let reported = reported(&stack);
        let silent: Vec<_> = wanted.iter().filter(|reader| !reported.contains(reader)).collect();
        if silent.is_empty() { Ok(()) } else { Err(format!("none from {silent:?}")) }
    });
}
