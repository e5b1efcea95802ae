//! Repeated and concurrent requests under one key: one order, one charge, one allocation.

use crate::api::Answer;
use crate::stack::{Checkout, Stack, fresh};
use crate::stripe::Moved;
use std::sync::Barrier;

/// Sends the same order this many times at the same moment.
fn at_once(stack: &Stack, times: usize, key: &str, checkout: &Checkout) -> Vec<Answer> {
    let barrier = Barrier::new(times);
    std::thread::scope(|scope| {
        let send = || {
            barrier.wait();
            stack.customer.post_with_key("/orders", key, &checkout.body())
        };
        let threads: Vec<_> = (0..times).map(|_| scope.spawn(send)).collect();
        threads.into_iter().map(|thread| thread.join().expect("an answer")).collect()
    })
}

#[test]
fn eight_of_the_same_requests_at_once_make_one_order_and_one_charge() {
    let times = 8;
    let stack = Stack::shared();
    let tea = stack.goods(1234, 50);
    let checkout = Checkout::of(&[(&tea, 3)]);
    let key = fresh();
    let answers = at_once(&stack, times, &key, &checkout);
    let first = answers[0].expect(202);
    for answer in &answers {
        assert_eq!(answer.expect(202), first, "every answer is the same");
    }
    let replayed =
        answers.iter().filter(|answer| answer.header("idempotency-replayed") == Some("true")).count();
    assert_eq!(replayed, times - 1);

    let id = first["order_id"].as_str().expect("an id").to_owned();
    stack.await_status(&id, "allocated");
    let again = stack.customer.post_with_key("/orders", &key, &checkout.body());
    assert_eq!(again.expect(202), first, "also after the order has moved on");
    assert_eq!(stack.stripe.moved(&id), Moved { charges: 1, captured: 3702, refunded: 0 });
    assert_eq!(stack.stock(&tea), (50, 47, 3));
}

#[test]
fn a_key_that_was_used_for_another_order_is_refused() {
    let stack = Stack::shared();
    let tea = stack.goods(500, 10);
    let key = fresh();
    stack.customer.post_with_key("/orders", &key, &Checkout::of(&[(&tea, 1)]).body()).expect(202);
    let other = Checkout::of(&[(&tea, 2)]).body();
    let refused = stack.customer.post_with_key("/orders", &key, &other).problem(422);
    assert_eq!(refused["type"], "urn:conveyor:problem:idempotency-key-reused");
    // A key belongs to its customer: the same key of another customer is another order.
    stack.other_customer.post_with_key("/orders", &key, &other).expect(202);
}

#[test]
fn a_repeat_gets_the_first_answer_whatever_the_price_is_now() {
    let stack = Stack::shared();
    let tea = stack.goods(700, 10);
    let (key, checkout) = (fresh(), Checkout::of(&[(&tea, 1)]));
    let first = stack.customer.post_with_key("/orders", &key, &checkout.body()).expect(202);
    let withdrawn =
        serde_json::json!({"name": "Sold no more", "price": 900, "currency": "EUR", "active": false});
    stack.admin.put(&format!("/products/{}", tea.sku), &withdrawn).expect(200);
    crate::wait::until("the product to be withdrawn", || {
        let answer = stack.customer.post_with_key("/orders", &fresh(), &checkout.body());
        if answer.status == 422 { Ok(()) } else { Err(answer) }
    });
    assert_eq!(stack.customer.post_with_key("/orders", &key, &checkout.body()).expect(202), first);
}
