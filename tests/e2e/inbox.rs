//! The inbox as a tool: what came, what became of it, once more by hand, what never came; and a secret that changes.

use crate::ending::Order;
use crate::senders::{ARRIVED, CARRIER, MOVING, from_easypost, from_stripe, now, stripe_event};
use crate::shop::{Checkout, Shop, fresh};
use crate::wait::{pause, until};
use serde_json::{Value, json};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

/// Waits until the webhook has this status, and gives back its page.
fn await_verdict(shop: &Shop, id: &str, status: &str) -> Value {
    until(format!("webhook {id} to be {status}"), || {
        let page = shop.admin.get(&format!("/webhooks/inbox/{id}")).expect(200);
        if page["status"] == status { Ok(page) } else { Err(page) }
    })
}

/// The ids on the first page of the list that is asked for so.
fn listed(shop: &Shop, query: &str) -> Vec<String> {
    let list = shop.admin.get(&format!("/webhooks/inbox?{query}")).expect(200);
    let items = list["items"].as_array().expect("items");
    items.iter().map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
}

fn await_listed(shop: &Shop, query: &str, id: &str) {
    until(format!("webhook {id} in the list of {query}"), || {
        let ids = listed(shop, query);
        if ids.iter().any(|listed| listed == id) { Ok(()) } else { Err(format!("{ids:?}")) }
    });
}

fn function(shop: &Shop, name: &str) -> Value {
    let mut functions = shop.emulator.functions().into_iter();
    functions
        .find(|function| function["Environment"]["Variables"]["FUNCTION_NAME"] == name)
        .unwrap_or_else(|| panic!("{name} is not deployed"))
}

#[test]
fn a_webhook_lists_its_events_and_a_replay_adds_none() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let order = Order::allocated(&shop, &Checkout::of(&[(&tea, 1)]));
    let code = format!("AP{}", fresh());
    shop.dispatch(&order.id, &code).expect(202);
    let event_id = format!("evt_{}", fresh());
    let scans =
        [(MOVING.0, MOVING.1, "2026-01-02T01:00:00Z"), (ARRIVED.0, ARRIVED.1, "2026-01-02T02:00:00Z")];
    let event = testkit::tracker_event(&event_id, CARRIER, &code, &scans);
    from_easypost(&shop, &event, &tests::stack("EASYPOST_WEBHOOK_SECRET")).expect(200);

    let id = format!("easypost:{event_id}");
    let page = await_verdict(&shop, &id, "applied");
    let shipment = shop.tables.stream("SHIPPING", &order.id);
    let caused = shipment.iter().filter(|envelope| envelope.causationid.as_str().ends_with(&event_id));
    let caused: Vec<&str> = caused.map(|envelope| envelope.id.as_str()).collect();
    assert!(!caused.is_empty());
    assert_eq!(page["led_to"], json!(caused));
    assert_eq!((&page["body"], &page["came_by"]), (&event, &json!("delivery")));
    assert!(!page.to_string().contains("hmac-sha256-hex"), "no signature is kept: {page}");
    await_listed(&shop, "source=easypost&status=applied&type=tracker.updated&limit=100", &id);

    // The reader's word is taken away, so that it shows when the reader has spoken again.
    let lost = json!({
        "event_id": event_id, "event_type": "tracker.updated", "received_at": page["received_at"],
        "verdict": {"status": "failed", "reason": "written by a test"},
    });
    shop.tables.put("SHIPPING", &format!("webhook#easypost#{event_id}"), "verdict", &lost);
    shop.admin.post(&format!("/webhooks/inbox/{id}/replay"), &json!({})).expect(202);
    let again = await_verdict(&shop, &id, "applied");
    assert_eq!(again["led_to"], page["led_to"]);
    assert_eq!(again["replays"].as_array().map(Vec::len), Some(1), "{again}");
    assert_eq!(shop.tables.stream("SHIPPING", &order.id), shipment);
}

#[test]
fn the_inbox_is_for_the_admin_group_alone_and_finds_what_is_ignored() {
    let shop = Shop::open();
    let event = stripe_event("customer.created", &json!({"id": "cus_1", "object": "customer"}));
    from_stripe(&shop, &event, &tests::stack("STRIPE_WEBHOOK_SECRET"), now()).expect(200);
    let id = format!("stripe:{}", event["id"].as_str().expect("an id"));
    let page = await_verdict(&shop, &id, "ignored");
    assert_eq!((&page["type"], &page["body"]), (&json!("customer.created"), &event));
    assert!(page["reason"].is_string());
    await_listed(&shop, "status=ignored&type=customer.created&limit=100", &id);
    for path in ["/webhooks/inbox".to_owned(), format!("/webhooks/inbox/{id}")] {
        shop.customer.get(&path).problem(403);
        assert_eq!(shop.nobody.get(&path).status, 401);
    }
    shop.customer.post(&format!("/webhooks/inbox/{id}/replay"), &json!({})).problem(403);
    shop.admin.get("/webhooks/inbox/stripe:evt_of_nobody").problem(404);
}

/// Stripe is asked for its events; of an order that is paid they have all come, or are put into the inbox now.
#[test]
fn reconciliation_puts_stripes_events_into_the_inbox() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let order = Order::allocated(&shop, &Checkout::of(&[(&tea, 1)]));
    let function = function(&shop, "reconcile-stripe");
    let invoke = || {
        let path = format!("functions/{}/invocations", function["FunctionName"].as_str().expect("a name"));
        let mut asked = json!({"since": now() - jiff::SignedDuration::from_mins(10)});
        let mut news = 0;
        loop {
            let report = shop.emulator.lambda("POST", &path, Some(&asked)).expect(200);
            assert_eq!(report["refused"], 0, "{report}");
            news += report["new"].as_u64().expect("a count");
            let found = report["found"].as_u64().expect("a count");
            assert!(found > 0, "the order's payment at least: {report}");
            if report["next"].is_null() {
                return news;
            }
            asked["after"] = report["next"].clone();
        }
    };
    invoke();
    let types = "source=stripe&type=payment_intent.succeeded&limit=100";
    until("the order's payment in the inbox", || {
        let ids = listed(&shop, types);
        let of_ours = ids.iter().any(|id| {
            let page = shop.admin.get(&format!("/webhooks/inbox/{id}")).expect(200);
            page["body"]["data"]["object"]["metadata"]["order_id"] == order.id.as_str()
        });
        if of_ours { Ok(()) } else { Err(format!("{ids:?}")) }
    });
    assert_eq!(shop.order(&order.id)["status"], "allocated");
}

/// What the secret holds is changed under the running stack. Others sign with it, so no other test runs.
#[test]
fn a_secret_is_rotated_without_a_refused_webhook_and_the_old_one_ends() {
    let shop = Shop::alone();
    let webhook = function(&shop, "carrier-webhook");
    let name = &webhook["Environment"]["Variables"]["EASYPOST_WEBHOOK_SECRET"];
    let old = tests::stack("EASYPOST_WEBHOOK_SECRET");
    let new = format!("rotated-{}", fresh());
    let put = |value: &str| {
        shop.emulator.secrets("PutSecretValue", &json!({"SecretId": name, "SecretString": value}));
    };
    let send = |secret: &str| {
        let event = json!({
            "id": format!("evt_{}", fresh()), "object": "Event", "description": "batch.created", "result": {},
        });
        from_easypost(&shop, &event, secret).status
    };
    assert_eq!(send(&old), 200);
    // The store is asked once in five seconds at most.
    pause(Duration::from_secs(6));
    put(&json!([new, old]).to_string());
    let observed = catch_unwind(AssertUnwindSafe(|| {
        until("the new secret to be known", || match send(&new) {
            200 => Ok(()),
            status => Err(status),
        });
        assert_eq!(send(&old), 200, "both hold");
        put(&new);
        until("the old secret to be forgotten", || match send(&old) {
            400 => Ok(()),
            status => Err(status),
        });
        assert_eq!(send(&new), 200);
    }));
    put(&old);
    observed.unwrap_or_else(|panic| resume_unwind(panic));
    until("the secret to be as it was", || match send(&old) {
        200 => Ok(()),
        status => Err(status),
    });
}
