//! Webhooks out, on the deployed stack: what official libraries receive, what becomes of endpoints that fail, are dead or
//! private, and of calls whose function is killed.

use crate::crashes::kill_functions;
use crate::functions::Variable;
use crate::receivers::{Receiver, SECRET, Silent};
use crate::shop::{Checkout, Shop, fresh};
use crate::wait::{until, until_within};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// How long the stack's functions wait for an answer, and how often a breaker has to see them wait for nothing, two at
/// once, until it opens.
const PATIENCE: Duration = Duration::from_secs(3);
const WAITS_UNTIL_OPEN: u32 = 3;

/// An endpoint of a test, deleted when this is dropped: every order of the stack would go there too.
struct Registered<'a> {
    shop: &'a Shop,
    id: String,
}

impl<'a> Registered<'a> {
    fn at(shop: &'a Shop, url: &str, types: &[&str]) -> Self {
        let body = json!({"url": url, "event_types": types, "secret": SECRET});
        let made = shop.admin.post_with_key("/webhook-endpoints", &fresh(), &body).expect(201);
        Self { shop, id: made["id"].as_str().expect("an id").to_owned() }
    }

    fn path(&self, rest: &str) -> String {
        format!("/webhook-endpoints/{}{rest}", self.id)
    }

    /// Every delivery, newest first.
    fn log(&self) -> Vec<Value> {
        // Asked again where no answer counts: the test that kills functions may have killed this one too.
        until("the log of deliveries", || {
            let page = self.shop.admin.get(&self.path("/deliveries?limit=100"));
            if page.status >= 500 { Err(page) } else { Ok(page) }
        })
        .expect(200)["items"]
            .as_array()
            .expect("a list")
            .clone()
    }

    /// The one delivery that there is, once it is so.
    fn await_only(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        until(what, || match self.log().as_slice() {
            [only] if is_so(only) => Ok(only.clone()),
            others => Err(format!("{others:?}")),
        })
    }

    fn redeliver(&self, delivery: &Value) {
        let id = delivery["id"].as_str().expect("an id");
        self.shop.admin.post(&self.path(&format!("/deliveries/{id}/redeliver")), &json!({})).expect(202);
    }

    fn test(&self) {
        self.shop.admin.post_with_key(&self.path("/test"), &fresh(), &json!({})).expect(202);
    }
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        let deleted = self.shop.admin.try_send("DELETE", &self.path(""), &[], None);
        // Where the stack is gone, the test has failed already and said so.
        let is_deleted = deleted.is_ok_and(|deleted| deleted.status == 204);
        assert!(is_deleted || std::thread::panicking(), "the endpoint is still there");
    }
}

/// What a receiver was told about an order, without repeats, which are its right to get.
fn told_of(receiver: &Receiver, order: &str) -> Vec<Value> {
    let mut ids = BTreeSet::new();
    let mut told = receiver.told();
    told.retain(|call| call["data"]["order_id"] == *order && ids.insert(call["id"].to_string()));
    told
}

#[test]
fn the_official_libraries_of_python_and_node_take_every_call_about_an_order() {
    let shop = Shop::alone();
    let receivers = [Receiver::python(0), Receiver::node(0)];
    let _registered = receivers.each_ref().map(|receiver| Registered::at(&shop, &receiver.url(), &["*"]));
    let tea = shop.goods(950, 10);
    let order = shop.place(&Checkout::of(&[(&tea, 2)]));
    shop.await_status(&order, "allocated");
    let wanted =
        BTreeSet::from(["order.placed", "order.paid", "order.allocated", "order.shipment_requested"]);
    let heard = receivers.each_ref().map(|receiver| {
        until("every call about the order", || {
            let told = told_of(receiver, &order);
            let types: BTreeSet<&str> = told.iter().filter_map(|call| call["type"].as_str()).collect();
            if wanted.is_subset(&types) { Ok(told) } else { Err(format!("{types:?}")) }
        })
    });
    for receiver in &receivers {
        let unverified: Vec<Value> =
            receiver.told().into_iter().filter(|call| call["verified"] != true).collect();
        assert!(unverified.is_empty(), "{unverified:?}");
    }
    let ids = heard.each_ref().map(|told| {
        let of = |kind: &str| told.iter().find(|call| call["type"] == kind).map(|call| call["id"].clone());
        wanted.iter().map(|kind| of(kind)).collect::<Vec<_>>()
    });
    assert_eq!(ids[0], ids[1], "one event has one id, wherever it goes");
    let paid = heard[0].iter().find(|call| call["type"] == "order.paid").expect("it is there");
    assert_eq!(
        (&paid["data"]["because"], &paid["data"]["detail"]["amount"]),
        (&json!("OrderPaid"), &json!(1900))
    );
}

#[test]
fn a_receiver_that_refuses_twice_gets_the_same_id_until_it_accepts_it() {
    let shop = Shop::alone();
    for receiver in [Receiver::python(2), Receiver::node(2)] {
        let endpoint = Registered::at(&shop, &receiver.url(), &["*"]);
        endpoint.test();
        let twice = endpoint.await_only("two attempts", |delivery| delivery["attempted"] == 2);
        assert_eq!((&twice["status"], &twice["attempts"][1]["status"]), (&json!("pending"), &json!(503)));
        // The third would come in five minutes.
        endpoint.redeliver(&twice);
        let taken = endpoint.await_only("the third", |delivery| delivery["status"] == "delivered");
        let statuses: Vec<&Value> =
            taken["attempts"].as_array().expect("a list").iter().map(|attempt| &attempt["status"]).collect();
        assert_eq!(statuses, [503, 503, 204]);
        let told = receiver.told();
        assert!(told.iter().all(|call| call["id"] == taken["id"] && call["verified"] == true), "{told:?}");
        assert_eq!(told.len(), 3);
        // And once more, because somebody wants it.
        endpoint.redeliver(&taken);
        until("the redelivery", || match receiver.told().as_slice() {
            [.., last] if receiver.told().len() == 4 && last["id"] == taken["id"] => Ok(()),
            told => Err(format!("{told:?}")),
        });
    }
}

/// The longest time that deliveries of an endpoint took from their making to their success.
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
    let shop = Shop::alone();
    let receiver = Receiver::node(0);
    let tea = shop.goods(950, 1000);
    // The living endpoint gets every call, first alone and then beside the dead one.
    let [alone, beside] = [false, true].map(|is_beside_a_dead_one| {
        let silent = Silent::new();
        let dead = is_beside_a_dead_one.then(|| Registered::at(&shop, &silent.url(), &["order.placed"]));
        let living = Registered::at(&shop, &receiver.url(), &["order.placed"]);
        for _ in 0..ORDERS {
            shop.place(&Checkout::of(&[(&tea, 1)]));
        }
        let log = until("the living endpoint to have all", || {
            let log = living.log();
            let count = log.iter().filter(|delivery| delivery["status"] == "delivered").count();
            if count == ORDERS { Ok(log) } else { Err(format!("{count} of them")) }
        });
        if let Some(dead) = &dead {
            assert!(dead.log().iter().all(|delivery| delivery["status"] == "pending"));
            until("the breaker to open", || {
                let seen = shop.admin.get(&dead.path("")).expect(200);
                if seen["health"]["paused_until"].is_string() { Ok(()) } else { Err(seen) }
            });
            let called = silent.ids().len();
            assert!(called < ORDERS, "the dead endpoint was called {called} times");
        }
        slowest(&log)
    });
    eprintln!("slowest alone {} ms, beside a dead endpoint {} ms", alone.as_millis(), beside.as_millis());
    assert!(
        beside < alone + PATIENCE * WAITS_UNTIL_OPEN,
        "alone {alone:?}, beside a dead endpoint {beside:?}"
    );
}

#[test]
fn a_delivery_whose_function_is_killed_in_its_call_is_not_lost() {
    let shop = Shop::alone();
    let receiver = Silent::new();
    let endpoint = Registered::at(&shop, &receiver.url(), &["*"]);
    endpoint.test();
    until("the call", || if receiver.ids().is_empty() { Err("none") } else { Ok(()) });
    assert!(kill_functions() > 0, "the function that calls was to be killed");
    receiver.answer();
    assert_eq!(endpoint.log()[0]["attempted"], 0, "it died before it could record anything");
    // Its message comes back after six minutes. The schedule looks each minute, and is sooner.
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
    let shop = Shop::alone();
    let receiver = Silent::new();
    receiver.answer();
    // Registered while anything goes, as a name would be that leads elsewhere afterwards.
    let endpoint = Registered::at(&shop, &receiver.url(), &["*"]);
    let _calls = Variable::set(&shop.emulator, "deliver-webhook", "CALLBACK_NETWORKS", "public");
    let _registers = Variable::set(&shop.emulator, "manage-callbacks", "CALLBACK_NETWORKS", "public");
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
        let refused = shop.admin.post_with_key("/webhook-endpoints", &fresh(), &body).problem(422);
        assert_eq!(refused["errors"][0]["pointer"], "/url", "{url}");
    }
    endpoint.test();
    let tried = endpoint.await_only("an attempt", |delivery| delivery["attempted"].as_u64() > Some(0));
    assert_eq!(tried["attempts"][0]["error"], "address_refused", "{tried}");
    assert!(receiver.ids().is_empty());
}

#[test]
fn only_an_admin_sees_endpoints_and_no_answer_shows_a_secret_again() {
    let shop = Shop::alone();
    let receiver = Silent::new();
    let endpoint = Registered::at(&shop, &receiver.url(), &["*"]);
    for who in [&shop.customer, &shop.other_customer] {
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
        let answer = shop.nobody.send(method, &path, &[("content-type", "application/json")], body);
        assert_eq!(answer.status, 401, "{answer}");
    }
    let seen = shop.admin.get(&endpoint.path("")).expect(200);
    assert!(seen["secret"].is_null() && !seen.to_string().contains("whsec_"), "{seen}");
    let body = json!({"enabled": false});
    let headers = [("content-type", "application/json")];
    let off = shop.admin.send("PATCH", &endpoint.path(""), &headers, Some(body.to_string().into_bytes()));
    assert_eq!(off.expect(200)["disabled_because"], "admin");
    shop.admin.post_with_key(&endpoint.path("/test"), &fresh(), &json!({})).problem(409);
}
