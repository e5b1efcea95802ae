//! A customer is erased: no table, bucket, search or dead letter has any of their data afterwards.

use crate::api::Client;
use crate::expected_end::{assert_no_dead_letters, found, settle};
use crate::stack::{Checkout, Stack, fresh};
use crate::wait::{until, until_within};
use crate::webhook_senders::{ARRIVED, MOVING, carrier_reports};
use serde_json::{Value, json};
use std::time::Duration;

/// The sweep that carries a request out runs every minute.
const A_SWEEP: Duration = Duration::from_secs(150);

const TABLES: [&str; 8] =
    ["CATALOG", "ORDERS", "ORDER_VIEWS", "PAYMENTS", "INVENTORY", "SHIPPING", "NOTIFICATIONS", "CALLBACKS"];

/// Where one of these texts is, in what does not expire.
fn places(stack: &Stack, planted: &[&str]) -> Vec<String> {
    let mut places = Vec::new();
    let mut look = |place: String, text: &str| {
        let there = planted.iter().filter(|planted| text.contains(**planted));
        places.extend(there.map(|planted| format!("{planted} in {place}")));
    };
    for table in TABLES {
        for item in stack.emulator.scan(&tests::variable(&format!("CONVEYOR_{table}_TABLE"))) {
            let key = format!("{table}: {} / {}", item["pk"]["S"], item["sk"]["S"]);
            // Tombstones and webhooks expire, and so does the request, which names the customer for a day.
            let does_not_expire = item.get("expires_at").is_none() && item["pk"]["S"] != "erasures";
            if does_not_expire {
                look(key, &item.to_string());
            }
        }
    }
    for (name, url) in tests::variables_ending("_DEAD_LETTERS_URL") {
        for letter in stack.emulator.queued(&url) {
            look(name.clone(), &letter.to_string());
        }
    }
    let buckets = tests::variables_ending("_FAILED_BATCHES");
    assert!(!buckets.is_empty(), "the environment names no bucket");
    for (name, bucket) in buckets {
        for object in stack.emulator.objects(&bucket) {
            look(name.clone(), &object);
        }
    }
    places
}

#[test]
fn i9_an_erased_customer_is_found_nowhere_and_a_repeat_of_the_order_is_recognized() {
    let stack = Stack::exclusive();
    let eve =
        Client::new(tests::variable("CONVEYOR_API_URL"), Some(tests::variable("CONVEYOR_ERASED_TOKEN")));
    let tea = stack.goods(950, 5);
    let mut checkout = Checkout::of(&[(&tea, 1)]).body();
    let texts = ["mail", "name", "street", "floor", "city"].map(|text| format!("{text}{}", fresh()));
    let [mail, name, street, floor, city] = &texts;
    let mail = format!("{mail}@customer.example");
    checkout["contact"]["email"] = json!(mail);
    checkout["shipping_address"] = json!({"name": name, "line1": street, "line2": floor, "city": city, "postal_code": "8001", "country": "CH"});
    let key = fresh();
    let placed = eve.post_with_key("/orders", &key, &checkout).expect(202);
    let id = placed["order_id"].as_str().expect("an id");
    stack.await_shipment(id);
    let subject = stack.tables.stream("ORDERS", id)[0].data["customer"]["subject"].clone();
    let subject = subject.as_str().expect("a subject");
    let erase = || stack.admin.send("POST", &format!("/customers/{subject}/erase"), &[], None);
    eve.send("POST", &format!("/customers/{subject}/erase"), &[], None).problem(403);
    let refused = erase().problem(409);
    let number = placed["number"].as_str().expect("a number");
    assert!(refused["detail"].as_str().is_some_and(|detail| detail.contains(number)), "{refused}");

    let code = format!("AP{}", fresh());
    stack.dispatch(id, &code).expect(202);
    carrier_reports(&stack, &code, &[MOVING, ARRIVED]);
    let admin_page = || stack.admin.get(&format!("/orders/{id}")).expect(200);
    until("the order to be delivered", || {
        let page = admin_page();
        if page["status"] == "delivered" { Ok(()) } else { Err(page) }
    });
    settle(&stack, &[id]);
    let planted = [mail.as_str(), name, street, floor, city, subject, &code];
    for text in planted {
        assert!(!places(&stack, &[text]).is_empty(), "{text} is nowhere, so nothing would be proven");
    }

    let accepted = erase().expect(202);
    assert_eq!(accepted["orders"], 1);
    until_within(A_SWEEP, "every service to report the erasure", || {
        let erasure = admin_page()["erasure"].clone();
        let reports = ["orders", "payments", "shipping"].map(|service| erasure[service].clone());
        if reports == [json!(true), json!(true), json!(true)] { Ok(()) } else { Err(erasure) }
    });
    settle(&stack, &[id]);
    assert_eq!(places(&stack, &planted), Vec::<String>::new());
    assert_no_dead_letters(&stack, &[id]);
    for criterion in [json!({"email": mail}), json!({"tracking_code": code}), json!({"customer": subject})] {
        assert_eq!(found(&stack, &criterion), Vec::<String>::new(), "{criterion}");
    }
    assert_eq!(found(&stack, &json!({"customer": accepted["pseudonym"]})), [id]);
    eve.get(&format!("/orders/{id}")).problem(404);
    let shipment: Value = stack.admin.get(&format!("/shipments/{id}")).expect(200);
    assert_eq!(shipment["address"], Value::Null);

    let again = eve.post_with_key("/orders", &key, &checkout).expect(202);
    assert_eq!(again["order_id"], id);
    assert_eq!(places(&stack, &planted), Vec::<String>::new());
}
