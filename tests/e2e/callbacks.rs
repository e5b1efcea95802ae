//! Outgoing webhooks on the deployed stack: what the official libraries receive, endpoints that fail, do not answer or
//! are private, and calls whose function is killed.

use crate::crashes::kill_functions;
use crate::functions::Variable;
use crate::receivers::{Receiver, SECRET, Silent};
use crate::stack::{Checkout, Stack, fresh};
use crate::wait::{until, until_within};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// The stack's time-out of a call, and the number of time-outs after which the breaker opens, with two calls at once.
const CALL_TIMEOUT: Duration = Duration::from_secs(3);
const TIMEOUTS_UNTIL_OPEN: u32 = 3;

/// An endpoint of a test. It is deleted when this is dropped, since it would receive every order of the stack.
struct Registered<'a> {
    stack: &'a Stack,
    id: String,
}

impl<'a> Registered<'a> {
    fn at(stack: &'a Stack, url: &str, types: &[&str]) -> Self {
        let body = json!({"url": url, "event_types": types, "secret": SECRET});
        let made = stack.admin.post_with_key("/webhook-endpoints", &fresh(), &body).expect(201);
        Self { stack, id: made["id"].as_str().expect("an id").to_owned() }
    }

    fn path(&self, rest: &str) -> String {
        format!("/webhook-endpoints/{}{rest}", self.id)
    }

    /// Every delivery, newest first.
    fn log(&self) -> Vec<Value> {
        // A 5xx is retried: the test that kills functions may have killed this one too.
        until("the log of deliveries", || {
            let page = self.stack.admin.get(&self.path("/deliveries?limit=100"));
            if page.status >= 500 { Err(page) } else { Ok(page) }
        })
        .expect(200)["items"]
            .as_array()
            .expect("a list")
            .clone()
    }

    /// Waits until the only delivery is so.
    fn await_only(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        until(what, || match self.log().as_slice() {
            [only] if is_so(only) => Ok(only.clone()),
            others => Err(format!("{others:?}")),
        })
    }

    fn redeliver(&self, delivery: &Value) {
        let id = delivery["id"].as_str().expect("an id");
        self.stack.admin.post(&self.path(&format!("/deliveries/{id}/redeliver")), &json!({})).expect(202);
    }

    fn test(&self) {
        self.stack.admin.post_with_key(&self.path("/test"), &fresh(), &json!({})).expect(202);
    }
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        let deleted = self.stack.admin.try_send("DELETE", &self.path(""), &[], None);
        // If the stack is gone, the test has failed already.
        let is_deleted = deleted.is_ok_and(|deleted| deleted.status == 204);
        assert!(is_deleted || std::thread::panicking(), "the endpoint still exists");
    }
}

/// The calls about an order, without duplicates, which a receiver has to tolerate.
fn received_about(receiver: &Receiver, order: &str) -> Vec<Value> {
    let mut ids = BTreeSet::new();
    let mut calls = receiver.received();
    calls.retain(|call| call["data"]["order_id"] == *order && ids.insert(call["id"].to_string()));
    calls
}

#[test]
fn the_official_libraries_of_python_and_node_take_every_call_about_an_order() {
    let stack = Stack::exclusive();
    let receivers = [Receiver::python(0), Receiver::node(0)];
    let _registered = receivers.each_ref().map(|receiver| Registered::at(&stack, &receiver.url(), &["*"]));
    let tea = stack.goods(950, 10);
    let order = stack.place(&Checkout::of(&[(&tea, 2)]));
    stack.await_status(&order, "allocated");
    let wanted =
        BTreeSet::from(["order.placed", "order.paid", "order.allocated", "order.shipment_requested"]);
    let received = receivers.each_ref().map(|receiver| {
        until("every call about the order", || {
            let calls = received_about(receiver, &order);
            let types: BTreeSet<&str> = calls.iter().filter_map(|call| call["type"].as_str()).collect();
            if wanted.is_subset(&types) { Ok(calls) } else { Err(format!("{types:?}")) }
        })
    });
    for receiver in &receivers {
        let unverified: Vec<Value> =
            receiver.received().into_iter().filter(|call| call["verified"] != true).collect();
        assert!(unverified.is_empty(), "{unverified:?}");
    }
    let ids = received.each_ref().map(|calls| {
        let of = |kind: &str| calls.iter().find(|call| call["type"] == kind).map(|call| call["id"].clone());
        wanted.iter().map(|kind| of(kind)).collect::<Vec<_>>()
    });
    assert_eq!(ids[0], ids[1], "one event has one id at every endpoint");
    let paid = received[0].iter().find(|call| call["type"] == "order.paid").expect("a call");
    assert_eq!(
        (&paid["data"]["because"], &paid["data"]["detail"]["amount"]),
        (&json!("OrderPaid"), &json!(1900))
    );
}

#[test]
fn a_receiver_that_refuses_twice_gets_the_same_id_until_it_accepts_it() {
    let stack = Stack::exclusive();
    for receiver in [Receiver::python(2), Receiver::node(2)] {
        let endpoint = Registered::at(&stack, &receiver.url(), &["*"]);
        endpoint.test();
        let twice = endpoint.await_only("two attempts", |delivery| delivery["attempted"] == 2);
        assert_eq!((&twice["status"], &twice["attempts"][1]["status"]), (&json!("pending"), &json!(503)));
        // The third attempt would be due in five minutes.
        endpoint.redeliver(&twice);
        let taken = endpoint.await_only("the third", |delivery| delivery["status"] == "delivered");
        let statuses: Vec<&Value> =
            taken["attempts"].as_array().expect("a list").iter().map(|attempt| &attempt["status"]).collect();
        assert_eq!(statuses, [503, 503, 204]);
        let calls = receiver.received();
        assert!(calls.iter().all(|call| call["id"] == taken["id"] && call["verified"] == true), "{calls:?}");
        assert_eq!(calls.len(), 3);
        // The owner requests a redelivery.
        endpoint.redeliver(&taken);
        until("the redelivery", || match receiver.received().as_slice() {
            [.., last] if receiver.received().len() == 4 && last["id"] == taken["id"] => Ok(()),
            calls => Err(format!("{calls:?}")),
        });
    }
}

/// The longest time from the creation of a delivery to its success.
fn slowest(log: &[Value]) -> Duration {
    let moment = |value: &Value| value.as_str().expect("a time").parse::<Timestamp>().expect("a time");
    let took = log.iter().map(|delivery| {
        let attempt = &delivery["attempts"][0];
        assert_eq!((&delivery["status"], &delivery["attempted"]), (&json!("delivered"), &json!(1)));
        moment(&attempt["at"]).duration_since(moment(&delivery["created_at"])).unsigned_abs()
    });
    took.max().expect("a delivery")
}

#[test]
fn an_endpoint_that_does_not_answer_does_not_delay_another() {
    const ORDERS: usize = 10;
    let stack = Stack::exclusive();
    let receiver = Receiver::node(0);
    let tea = stack.goods(950, 1000);
    // The working endpoint gets every call, first alone and then beside the one that does not answer.
    let [alone, beside] = [false, true].map(|is_beside_a_dead_one| {
        let silent = Silent::new();
        let dead = is_beside_a_dead_one.then(|| Registered::at(&stack, &silent.url(), &["order.placed"]));
        let living = Registered::at(&stack, &receiver.url(), &["order.placed"]);
        for _ in 0..ORDERS {
            stack.place(&Checkout::of(&[(&tea, 1)]));
        }
        let log = until("the working endpoint to have all", || {
            let log = living.log();
            let count = log.iter().filter(|delivery| delivery["status"] == "delivered").count();
            if count == ORDERS { Ok(log) } else { Err(format!("{count} of them")) }
        });
        if let Some(dead) = &dead {
            assert!(dead.log().iter().all(|delivery| delivery["status"] == "pending"));
            until("the breaker to open", || {
                let seen = stack.admin.get(&dead.path("")).expect(200);
                if seen["health"]["paused_until"].is_string() { Ok(()) } else { Err(seen) }
            });
            let called = silent.ids().len();
            assert!(called < ORDERS, "the endpoint that does not answer was called {called} times");
        }
        slowest(&log)
    });
    eprintln!("slowest alone {} ms, beside a dead endpoint {} ms", alone.as_millis(), beside.as_millis());
    assert!(
        beside < alone + CALL_TIMEOUT * TIMEOUTS_UNTIL_OPEN,
        "alone {alone:?}, beside a dead endpoint {beside:?}"
    );
}

#[test]
fn a_delivery_whose_function_is_killed_in_its_call_is_not_lost() {
    let stack = Stack::exclusive();
    let receiver = Silent::new();
    let endpoint = Registered::at(&stack, &receiver.url(), &["*"]);
    endpoint.test();
    until("the call", || if receiver.ids().is_empty() { Err("none") } else { Ok(()) });
    assert!(kill_functions() > 0, "no function was killed");
    receiver.answer();
    assert_eq!(endpoint.log()[0]["attempted"], 0, "the attempt was not recorded");
    // Its message is visible again after the queue's visibility timeout.
    let taken = until_within(Duration::from_mins(5), "the delivery to be made good", || {
        match endpoint.log().remove(0) {
            taken if taken["status"] == "delivered" => Ok(taken),
            other => Err(other),
        }
    });
    let ids = receiver.ids();
    assert!(ids.len() >= 2 && ids.iter().all(|id| *id == taken["id"]), "{ids:?}");
    assert_eq!(taken["attempted"], 1, "{taken}");
}

#[test]
fn an_address_that_is_not_public_is_refused_when_it_is_registered_and_when_it_is_called() {
    let stack = Stack::exclusive();
    let receiver = Silent::new();
    receiver.answer();
    // Registered while private addresses are allowed: like a name that resolves to a private address only later.
    let endpoint = Registered::at(&stack, &receiver.url(), &["*"]);
    let _calls = Variable::set(&stack.emulator, "deliver-webhook", "CALLBACK_NETWORKS", "public");
    let _registers = Variable::set(&stack.emulator, "manage-callbacks", "CALLBACK_NETWORKS", "public");
    for url in [
        receiver.url().as_str(),
        "https://127.0.0.1/",
        "https://localhost/",
        "https://[::1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://[fd00:ec2::254]/",
        "https://0x7f000001/",
        "https://2130706433/",
    ] {
        let body = json!({ "url": url });
        let refused = stack.admin.post_with_key("/webhook-endpoints", &fresh(), &body).problem(422);
        assert_eq!(refused["errors"][0]["pointer"], "/url", "{url}");
    }
    endpoint.test();
    let tried = endpoint.await_only("an attempt", |delivery| delivery["attempted"].as_u64() > Some(0));
    assert_eq!(tried["attempts"][0]["error"], "address_refused", "{tried}");
    assert!(receiver.ids().is_empty());
}

#[test]
fn only_an_admin_sees_endpoints_and_no_answer_shows_a_secret_again() {
    let stack = Stack::exclusive();
    let receiver = Silent::new();
    let endpoint = Registered::at(&stack, &receiver.url(), &["*"]);
    for who in [&stack.customer, &stack.other_customer] {
        who.get("/webhook-endpoints").problem(403);
        who.get(&endpoint.path("/deliveries")).problem(403);
    }
    for (method, path) in [
        ("GET", "/webhook-endpoints".to_owned()),
        ("POST", "/webhook-endpoints".to_owned()),
        ("GET", endpoint.path("")),
        ("PATCH", endpoint.path("")),
        ("DELETE", endpoint.path("")),
        ("POST", endpoint.path("/secret")),
        ("POST", endpoint.path("/test")),
        ("GET", endpoint.path("/deliveries")),
        ("POST", endpoint.path("/deliveries/msg_1/redeliver")),
    ] {
        let body = (method != "GET").then(|| b"{}".to_vec());
        let answer = stack.anonymous.send(method, &path, &[("content-type", "application/json")], body);
        assert_eq!(answer.status, 401, "{answer}");
    }
    let seen = stack.admin.get(&endpoint.path("")).expect(200);
    assert!(seen["secret"].is_null() && !seen.to_string().contains("whsec_"), "{seen}");
    let body = json!({"enabled": false});
    let headers = [("content-type", "application/json")];
    let off = stack.admin.send("PATCH", &endpoint.path(""), &headers, Some(body.to_string().into_bytes()));
    assert_eq!(off.expect(200)["disabled_because"], "admin");
    stack.admin.post_with_key(&endpoint.path("/test"), &fresh(), &json!({})).problem(409);
}
