//! An order is found by everything that a customer or an operator may know of it.

use crate::expected_end::{Order, found};
use crate::stack::{Checkout, Stack, fresh};
use crate::wait::until;
use serde_json::{Value, json};

fn await_found(stack: &Stack, criterion: &Value, id: &str) {
    until(format!("{criterion} to find {id}"), || {
        let ids = found(stack, criterion);
        if ids.iter().any(|found| found == id) { Ok(()) } else { Err(format!("{ids:?}")) }
    });
}

#[test]
fn an_order_is_found_by_each_of_its_values() {
    let stack = Stack::shared();
    let tea = stack.goods(950, 5);
    let order = Order::allocated(&stack, &Checkout::of(&[(&tea, 1)]));
    let other = Order::allocated(&stack, &Checkout::of(&[(&tea, 1)]));
    let code = format!("AP-{}", fresh());
    stack.dispatch(&order.id, &code).expect(202);
    let page = stack.order(&order.id);
    let number = page["number"].as_str().expect("a number").to_lowercase().replace('-', "");
    let day = &page["placed_at"].as_str().expect("a time")[..10];
    for criterion in [
        json!({"number": number}),
        json!({"email": format!(" {} ", order.email.to_uppercase())}),
        json!({"tracking_code": code.to_lowercase()}),
    ] {
        await_found(&stack, &criterion, &order.id);
        assert_eq!(found(&stack, &criterion), [order.id.as_str()], "{criterion}");
    }
    for id in [&other.id, &order.id] {
        await_found(&stack, &json!({"day": day}), id);
        await_found(&stack, &json!({"sku": tea.sku}), id);
    }
    assert_eq!(
        found(&stack, &json!({"sku": tea.sku})),
        [other.id.as_str(), order.id.as_str()],
        "newest first"
    );
    await_found(&stack, &json!({"sku": tea.sku, "status": "shipped"}), &order.id);
    assert_eq!(found(&stack, &json!({"sku": tea.sku, "status": "shipped"})), [order.id.as_str()]);
}

#[test]
fn a_search_that_is_not_valid_is_refused() {
    let stack = Stack::shared();
    let search = |criterion: Value| stack.admin.post("/orders/search", &criterion);
    search(json!({})).problem(422);
    search(json!({"email": "a@b.example", "day": "2026-01-02"})).problem(422);
    let mistyped = search(json!({"number": "0000-0000-001"})).problem(400);
    assert_eq!(mistyped["type"], "urn:conveyor:problem:order-number-invalid");
    search(json!({"attention": "any", "cursor": "nonsense"})).problem(400);
}
