//! Goodwill refunds, and failed refunds that an operator retries.

use crate::api::{Answer, Client};
use crate::expected_end::{ALLOCATED, DISPATCHED, End, Order, REFUND, mail, settle};
use crate::stack::{Checkout, Stack, fresh};
use crate::wait::{pause, until};
use crate::webhook_senders::stripe_reports;
use serde_json::{Value, json};
use std::time::Duration;

/// A delivered order of 9.50.
fn delivered(stack: &Stack) -> Order {
    let tea = stack.goods(950, 5);
    let order = Order::allocated(stack, &Checkout::of(&[(&tea, 1)]));
    stack.dispatch(&order.id, &format!("AP{}", fresh())).expect(202);
    stack.warehouse(&order.id, "deliver", &json!({})).expect(202);
    stack.await_status(&order.id, "delivered");
    order
}

const DELIVERED_END: End<'_> = End {
    status: "delivered",
    attention: &[],
    captured: 950,
    refunded: 0,
    stock: &[],
    timeline: &[&ALLOCATED, &DISPATCHED, &["delivered"]],
    mails: &[mail::PAID, mail::SHIPPED, mail::DELIVERED],
};

fn request_refund(client: &Client, order: &Order, key: &str, amount: u64) -> Answer {
    let body = json!({"amount": amount, "reason": "it came late"});
    client.post_with_key(&format!("/orders/{}/refunds", order.id), key, &body)
}

/// As an operator does it: without a body.
fn retry(stack: &Stack, order: &Order, refund: &str) -> Answer {
    stack.admin.send("POST", &format!("/orders/{}/refunds/{refund}/retry", order.id), &[], None)
}

#[test]
fn two_parts_are_refunded_and_a_third_beyond_the_sum_is_refused() {
    let stack = Stack::shared();
    let order = delivered(&stack);
    request_refund(&stack.customer, &order, &fresh(), 1).problem(403);
    let key = fresh();
    let first = request_refund(&stack.admin, &order, &key, 300).expect(202);
    assert_eq!(
        (&first["amount"], &first["currency"], &first["status"]),
        (&300.into(), &"EUR".into(), &"requested".into())
    );
    let again = request_refund(&stack.admin, &order, &key, 300);
    assert_eq!((again.expect(202), again.header("idempotency-replayed")), (first, Some("true")));
    request_refund(&stack.admin, &order, &key, 301).problem(422);
    request_refund(&stack.admin, &order, &fresh(), 400).expect(202);
    let refused = request_refund(&stack.admin, &order, &fresh(), 251).problem(409);
    assert!(refused["detail"].as_str().is_some_and(|detail| detail.contains("250")), "{refused}");
    await_attention(&stack, &order, &[], 700);
    End {
        refunded: 700,
        timeline: &[&ALLOCATED, &DISPATCHED, &["delivered"], &REFUND, &REFUND],
        mails: &[mail::PAID, mail::SHIPPED, mail::DELIVERED, mail::REFUNDED, mail::REFUNDED],
        ..DELIVERED_END
    }
    .await_seen(&stack, &order);
}

/// I1: never more is refunded than captured, whichever requests are first, and the provider agrees to the cent.
#[test]
fn i1_ten_concurrent_refunds_never_exceed_the_captured_money() {
    let stack = Stack::shared();
    let order = delivered(&stack);
    let request = || {
        let key = fresh();
        loop {
            let answer = request_refund(&stack.admin, &order, &key, 200);
            match answer.status {
                // Too many concurrent writers, or too many requests at once: repeat it under the same key.
                429 | 503 => pause(Duration::from_millis(300)),
                status => return status,
            }
        }
    };
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..10).map(|_| scope.spawn(request)).collect();
        threads.into_iter().map(|thread| thread.join().expect("an answer")).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [202, 202, 202, 202, 409, 409, 409, 409, 409, 409]);
    await_attention(&stack, &order, &[], 800);
    End {
        refunded: 800,
        timeline: &[&ALLOCATED, &DISPATCHED, &["delivered"], &REFUND, &REFUND, &REFUND, &REFUND],
        mails: &[
            mail::PAID,
            mail::SHIPPED,
            mail::DELIVERED,
            mail::REFUNDED,
            mail::REFUNDED,
            mail::REFUNDED,
            mail::REFUNDED,
        ],
        ..DELIVERED_END
    }
    .await_seen(&stack, &order);
}

/// Waits until payments has recorded the refund, and returns it as the provider has it.
fn refunded(stack: &Stack, order: &Order, refund: &str) -> Value {
    until(format!("the refund {refund} of order {}", order.id), || {
        let events = stack.tables.stream("PAYMENTS", &order.id);
        let is_recorded = events
            .iter()
            .any(|event| event.event_type == "PaymentRefunded" && event.data["refund_id"] == refund);
        let types: Vec<_> = events.iter().map(|event| event.event_type.as_str()).collect();
        if is_recorded { Ok(()) } else { Err(types.join(", ")) }
    });
    let provider = Client::new(tests::variable("STRIPE_API_URL"), Some(tests::variable("STRIPE_API_KEY")));
    let events = stack.tables.stream("PAYMENTS", &order.id);
    let intent = events.iter().find_map(|event| event.data["intent_id"].as_str()).expect("an intent");
    let list = provider.get(&format!("/v1/refunds?payment_intent={intent}&limit=100")).expect(200);
    let refunds = list["data"].as_array().expect("refunds");
    let ours = refunds.iter().find(|found| found["metadata"]["refund_id"] == refund);
    ours.unwrap_or_else(|| panic!("the provider has no {refund}: {list}")).clone()
}

/// The customer's bank returns the refund, which so fails. (localstripe has no failed refunds and still counts it.)
fn fail_refund(stack: &Stack, order: &Order, refund: &str) {
    let mut object = refunded(stack, order, refund);
    object["status"] = "failed".into();
    object["failure_reason"] = "lost_or_stolen_card".into();
    stripe_reports(stack, "refund.failed", &object);
}

/// Polls only the order's page: localstripe handles one request at a time, and listing the provider's refunds takes it
/// seconds.
fn await_attention(stack: &Stack, order: &Order, attention: &[&str], refunded: u64) {
    until(format!("the attention of order {} to be {attention:?}", order.id), || {
        let page = stack.order(&order.id);
        let is_so = page["attention"] == json!(attention) && page["payment"]["refunded"] == refunded;
        if is_so { Ok(()) } else { Err(page) }
    });
}

#[test]
fn a_refund_that_failed_three_times_needs_an_operator_to_retry_it() {
    let stack = Stack::shared();
    let order = delivered(&stack);
    let requested = request_refund(&stack.admin, &order, &fresh(), 100).expect(202);
    let first = requested["refund_id"].as_str().expect("an id");
    retry(&stack, &order, first).problem(409);
    retry(&stack, &order, "another").problem(404);

    fail_refund(&stack, &order, first);
    fail_refund(&stack, &order, &format!("{first}.2"));
    fail_refund(&stack, &order, &format!("{first}.3"));
    await_attention(&stack, &order, &["refund_failed"], 0);
    settle(&stack, &[&order.id]);
    await_attention(&stack, &order, &["refund_failed"], 0);

    let retried = retry(&stack, &order, &format!("{first}.3")).expect(202);
    let fourth = format!("{first}.4");
    assert_eq!((&retried["refund_id"], &retried["amount"]), (&fourth.as_str().into(), &100.into()));
    let again = retry(&stack, &order, first);
    assert_eq!((again.status, again.header("idempotency-replayed")), (202, Some("true")), "{again}");
    refunded(&stack, &order, &fourth);
    await_attention(&stack, &order, &[], 100);
    settle(&stack, &[&order.id]);
    await_attention(&stack, &order, &[], 100);
    retry(&stack, &order, &fourth).problem(409);
}
