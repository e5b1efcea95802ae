//! Money that the shop gives back of its own will, and refunds that failed and are resumed by hand.

use crate::api::{Answer, Client};
use crate::ending::{ALLOCATED, End, LEFT, Order, REFUND, mail, settle};
use crate::senders::stripe_tells;
use crate::shop::{Checkout, Shop, fresh};
use crate::wait::{pause, until};
use serde_json::{Value, json};
use std::time::Duration;

/// An order of 9.50 that has arrived.
fn arrived(shop: &Shop) -> Order {
    let tea = shop.goods(950, 5);
    let order = Order::allocated(shop, &Checkout::of(&[(&tea, 1)]));
    shop.dispatch(&order.id, &format!("AP{}", fresh())).expect(202);
    shop.warehouse(&order.id, "deliver", &json!({})).expect(202);
    shop.await_status(&order.id, "delivered");
    order
}

const ARRIVED: End<'_> = End {
    status: "delivered",
    attention: &[],
    captured: 950,
    refunded: 0,
    stock: &[],
    timeline: &[&ALLOCATED, &LEFT, &["delivered"]],
    mails: &[mail::PAID, mail::SHIPPED, mail::DELIVERED],
};

fn give(client: &Client, order: &Order, key: &str, amount: u64) -> Answer {
    let body = json!({"amount": amount, "reason": "it came late"});
    client.post_with_key(&format!("/orders/{}/refunds", order.id), key, &body)
}

/// As an operator does it: no body at all.
fn resume(shop: &Shop, order: &Order, refund: &str) -> Answer {
    shop.admin.send("POST", &format!("/orders/{}/refunds/{refund}/retry", order.id), &[], None)
}

#[test]
fn two_parts_are_refunded_and_a_third_beyond_the_sum_is_refused() {
    let shop = Shop::open();
    let order = arrived(&shop);
    give(&shop.customer, &order, &fresh(), 1).problem(403);
    let key = fresh();
    let first = give(&shop.admin, &order, &key, 300).expect(202);
    assert_eq!(
        (&first["amount"], &first["currency"], &first["status"]),
        (&300.into(), &"EUR".into(), &"requested".into())
    );
    let again = give(&shop.admin, &order, &key, 300);
    assert_eq!((again.expect(202), again.header("idempotency-replayed")), (first, Some("true")));
    give(&shop.admin, &order, &key, 301).problem(422);
    give(&shop.admin, &order, &fresh(), 400).expect(202);
    let refused = give(&shop.admin, &order, &fresh(), 251).problem(409);
    assert!(refused["detail"].as_str().is_some_and(|detail| detail.contains("250")), "{refused}");
    await_attention(&shop, &order, &[], 700);
    End {
        refunded: 700,
        timeline: &[&ALLOCATED, &LEFT, &["delivered"], &REFUND, &REFUND],
        mails: &[mail::PAID, mail::SHIPPED, mail::DELIVERED, mail::REFUNDED, mail::REFUNDED],
        ..ARRIVED
    }
    .is_seen(&shop, &order);
}

/// I1: whoever is first, no more is given back than was captured; and the provider agrees to the cent.
#[test]
fn i1_ten_concurrent_refunds_never_exceed_the_captured_money() {
    let shop = Shop::open();
    let order = arrived(&shop);
    let ask = || {
        let key = fresh();
        loop {
            let answer = give(&shop.admin, &order, &key, 200);
            match answer.status {
                // Others were first too often, or too many ask at once: the same key asks for the same refund.
                429 | 503 => pause(Duration::from_millis(300)),
                status => return status,
            }
        }
    };
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..10).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().expect("an answer")).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [202, 202, 202, 202, 409, 409, 409, 409, 409, 409]);
    await_attention(&shop, &order, &[], 800);
    End {
        refunded: 800,
        timeline: &[&ALLOCATED, &LEFT, &["delivered"], &REFUND, &REFUND, &REFUND, &REFUND],
        mails: &[
            mail::PAID,
            mail::SHIPPED,
            mail::DELIVERED,
            mail::REFUNDED,
            mail::REFUNDED,
            mail::REFUNDED,
            mail::REFUNDED,
        ],
        ..ARRIVED
    }
    .is_seen(&shop, &order);
}

/// Waits until the order's payment says that this refund went back, and gives it as the provider holds it.
fn refunded(shop: &Shop, order: &Order, refund: &str) -> Value {
    until(format!("the refund {refund} of order {}", order.id), || {
        let events = shop.tables.stream("PAYMENTS", &order.id);
        let is_told = events
            .iter()
            .any(|event| event.event_type == "PaymentRefunded" && event.data["refund_id"] == refund);
        let types: Vec<_> = events.iter().map(|event| event.event_type.as_str()).collect();
        if is_told { Ok(()) } else { Err(types.join(", ")) }
    });
    let provider = Client::new(tests::stack("STRIPE_API_URL"), Some(tests::stack("STRIPE_API_KEY")));
    let begun = shop.tables.stream("PAYMENTS", &order.id);
    let intent = begun.iter().find_map(|event| event.data["intent_id"].as_str()).expect("an intent");
    let list = provider.get(&format!("/v1/refunds?payment_intent={intent}&limit=100")).expect(200);
    let refunds = list["data"].as_array().expect("refunds");
    let ours = refunds.iter().find(|found| found["metadata"]["refund_id"] == refund);
    ours.unwrap_or_else(|| panic!("the provider holds no {refund}: {list}")).clone()
}

/// The bank of the customer sends it back. (localstripe knows no refund that fails, and goes on counting it.)
fn sent_back(shop: &Shop, order: &Order, refund: &str) {
    let mut object = refunded(shop, order, refund);
    object["status"] = "failed".into();
    object["failure_reason"] = "lost_or_stolen_card".into();
    stripe_tells(shop, "refund.failed", &object);
}

/// Asks the order's page alone, before anybody asks the provider for all that it holds: localstripe answers one question
/// at a time, and that one takes it seconds.
fn await_attention(shop: &Shop, order: &Order, attention: &[&str], refunded: u64) {
    until(format!("the attention of order {} to be {attention:?}", order.id), || {
        let page = shop.order(&order.id);
        let is_so = page["attention"] == json!(attention) && page["payment"]["refunded"] == refunded;
        if is_so { Ok(()) } else { Err(page) }
    });
}

#[test]
fn a_refund_that_failed_three_times_needs_an_operator_to_retry_it() {
    let shop = Shop::open();
    let order = arrived(&shop);
    let given = give(&shop.admin, &order, &fresh(), 100).expect(202);
    let first = given["refund_id"].as_str().expect("an id");
    resume(&shop, &order, first).problem(409);
    resume(&shop, &order, "another").problem(404);

    sent_back(&shop, &order, first);
    sent_back(&shop, &order, &format!("{first}.2"));
    sent_back(&shop, &order, &format!("{first}.3"));
    await_attention(&shop, &order, &["refund_failed"], 0);
    settle(&shop, &[&order.id]);
    await_attention(&shop, &order, &["refund_failed"], 0);

    let resumed = resume(&shop, &order, &format!("{first}.3")).expect(202);
    let fourth = format!("{first}.4");
    assert_eq!((&resumed["refund_id"], &resumed["amount"]), (&fourth.as_str().into(), &100.into()));
    let again = resume(&shop, &order, first);
    assert_eq!((again.status, again.header("idempotency-replayed")), (202, Some("true")), "{again}");
    refunded(&shop, &order, &fourth);
    await_attention(&shop, &order, &[], 100);
    settle(&shop, &[&order.id]);
    await_attention(&shop, &order, &[], 100);
    resume(&shop, &order, &fourth).problem(409);
}
