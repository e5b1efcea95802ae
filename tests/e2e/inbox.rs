//! The webhook inbox: list, verdicts, replay and reconciliation; and the rotation of a secret.

use crate::expected_end::Order;
use crate::stack::{Checkout, Stack, fresh};
use crate::wait::{pause, until};
use crate::webhook_senders::{
    ARRIVED, CARRIER, MOVING, from_easypost, from_stripe, now, scan_time, stripe_event,
};
use serde_json::{Value, json};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

/// Waits until the webhook has this status, and returns its page.
fn await_verdict(stack: &Stack, id: &str, status: &str) -> Value {
    until(format!("webhook {id} to be {status}"), || {
        let page = stack.admin.get(&format!("/webhooks/inbox/{id}")).expect(200);
        if page["status"] == status { Ok(page) } else { Err(page) }
    })
}

/// The ids on the first page of this list.
fn listed(stack: &Stack, query: &str) -> Vec<String> {
    let list = stack.admin.get(&format!("/webhooks/inbox?{query}")).expect(200);
    let items = list["items"].as_array().expect("items");
    items.iter().map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
}

fn await_listed(stack: &Stack, query: &str, id: &str) {
    until(format!("webhook {id} in the list of {query}"), || {
        let ids = listed(stack, query);
        if ids.iter().any(|listed| listed == id) { Ok(()) } else { Err(format!("{ids:?}")) }
    });
}

fn function(stack: &Stack, name: &str) -> Value {
    let mut functions = stack.emulator.functions().into_iter();
    functions
        .find(|function| function["Environment"]["Variables"]["FUNCTION_NAME"] == name)
        .unwrap_or_else(|| panic!("{name} is not deployed"))
}

#[test]
fn a_webhook_lists_its_events_and_a_replay_adds_none() {
    let stack = Stack::shared();
    let tea = stack.goods(950, 5);
    let order = Order::allocated(&stack, &Checkout::of(&[(&tea, 1)]));
    let code = format!("AP{}", fresh());
    stack.dispatch(&order.id, &code).expect(202);
    let event_id = format!("evt_{}", fresh());
    let (moving, arrived) = (scan_time(1), scan_time(2));
    let scans = [(MOVING.0, MOVING.1, moving.as_str()), (ARRIVED.0, ARRIVED.1, arrived.as_str())];
    let event = testkit::tracker_event(&event_id, CARRIER, &code, &scans);
    from_easypost(&stack, &event, &tests::variable("EASYPOST_WEBHOOK_SECRET")).expect(200);

    let id = format!("easypost:{event_id}");
    let page = await_verdict(&stack, &id, "applied");
    let shipment = stack.tables.stream("SHIPPING", &order.id);
    let caused = shipment.iter().filter(|envelope| envelope.causationid.as_str().ends_with(&event_id));
    let caused: Vec<&str> = caused.map(|envelope| envelope.id.as_str()).collect();
    assert!(!caused.is_empty());
    assert_eq!(page["led_to"], json!(caused));
    assert_eq!((&page["body"], &page["came_by"]), (&event, &json!("delivery")));
    assert!(!page.to_string().contains("hmac-sha256-hex"), "no signature is kept: {page}");
    await_listed(&stack, "source=easypost&status=applied&type=tracker.updated&limit=100", &id);

    // The verdict is overwritten, so that a new verdict of the reader shows.
    let lost = json!({
        "event_id": event_id, "event_type": "tracker.updated", "received_at": page["received_at"],
        "verdict": {"status": "failed", "reason": "written by a test"},
    });
    stack.tables.put("SHIPPING", &format!("webhook#easypost#{event_id}"), "verdict", &lost);
    stack.admin.post(&format!("/webhooks/inbox/{id}/replay"), &json!({})).expect(202);
    let again = await_verdict(&stack, &id, "applied");
    assert_eq!(again["led_to"], page["led_to"]);
    assert_eq!(again["replays"].as_array().map(Vec::len), Some(1), "{again}");
    assert_eq!(stack.tables.stream("SHIPPING", &order.id), shipment);
}

#[test]
fn the_inbox_is_for_the_admin_group_alone_and_finds_what_is_ignored() {
    let stack = Stack::shared();
    let event = stripe_event("customer.created", &json!({"id": "cus_1", "object": "customer"}));
    from_stripe(&stack, &event, &tests::variable("STRIPE_WEBHOOK_SECRET"), now()).expect(200);
    let id = format!("stripe:{}", event["id"].as_str().expect("an id"));
    let page = await_verdict(&stack, &id, "ignored");
    assert_eq!((&page["type"], &page["body"]), (&json!("customer.created"), &event));
    assert!(page["reason"].is_string());
    await_listed(&stack, "status=ignored&type=customer.created&limit=100", &id);
    for path in ["/webhooks/inbox".to_owned(), format!("/webhooks/inbox/{id}")] {
        stack.customer.get(&path).problem(403);
        assert_eq!(stack.anonymous.get(&path).status, 401);
    }
    stack.customer.post(&format!("/webhooks/inbox/{id}/replay"), &json!({})).problem(403);
    stack.admin.get("/webhooks/inbox/stripe:evt_of_nobody").problem(404);
}

/// Reconciliation lists the events at Stripe. Those of a paid order have all arrived, or are added to the inbox now.
#[test]
fn reconciliation_puts_stripes_events_into_the_inbox() {
    let stack = Stack::shared();
    let tea = stack.goods(950, 5);
    let order = Order::allocated(&stack, &Checkout::of(&[(&tea, 1)]));
    let function = function(&stack, "reconcile-stripe");
    let invoke = || {
        let path = format!("functions/{}/invocations", function["FunctionName"].as_str().expect("a name"));
        let mut request = json!({"since": now() - jiff::SignedDuration::from_mins(10)});
        let mut news = 0;
        loop {
            let report = stack.emulator.lambda("POST", &path, Some(&request)).expect(200);
            assert_eq!(report["refused"], 0, "{report}");
            news += report["new"].as_u64().expect("a count");
            let found = report["found"].as_u64().expect("a count");
            assert!(found > 0, "at least the order's payment: {report}");
            if report["next"].is_null() {
                return news;
            }
            request["after"] = report["next"].clone();
        }
    };
    invoke();
    let types = "source=stripe&type=payment_intent.succeeded&limit=100";
    until("the order's payment in the inbox", || {
        let ids = listed(&stack, types);
        let of_ours = ids.iter().any(|id| {
            let page = stack.admin.get(&format!("/webhooks/inbox/{id}")).expect(200);
            page["body"]["data"]["object"]["metadata"]["order_id"] == order.id.as_str()
        });
        if of_ours { Ok(()) } else { Err(format!("{ids:?}")) }
    });
    assert_eq!(stack.order(&order.id)["status"], "allocated");
}

/// The secret is changed in the running stack. Other tests sign with it, so this one runs alone.
#[test]
fn a_secret_is_rotated_without_a_refused_webhook_and_the_old_one_ends() {
    let stack = Stack::exclusive();
    let webhook = function(&stack, "carrier-webhook");
    let name = &webhook["Environment"]["Variables"]["EASYPOST_WEBHOOK_SECRET"];
    let old = tests::variable("EASYPOST_WEBHOOK_SECRET");
    let new = format!("rotated-{}", fresh());
    let put = |value: &str| {
        stack.emulator.secrets("PutSecretValue", &json!({"SecretId": name, "SecretString": value}));
    };
    let send = |secret: &str| {
        let event = json!({
            "id": format!("evt_{}", fresh()), "object": "Event", "description": "batch.created", "result": {},
        });
        from_easypost(&stack, &event, secret).status
    };
    assert_eq!(send(&old), 200);
    // The secret is read at most once in five seconds.
    pause(Duration::from_secs(6));
    put(&json!([new, old]).to_string());
    let observed = catch_unwind(AssertUnwindSafe(|| {
        until("the new secret to be known", || match send(&new) {
            200 => Ok(()),
            status => Err(status),
        });
        assert_eq!(send(&old), 200, "both are valid");
        put(&new);
        until("the old secret to be forgotten", || match send(&old) {
            400 => Ok(()),
            status => Err(status),
        });
        assert_eq!(send(&new), 200);
    }));
    put(&old);
    observed.unwrap_or_else(|panic| resume_unwind(panic));
    until("the old secret to be restored", || match send(&old) {
        200 => Ok(()),
        status => Err(status),
    });
}
