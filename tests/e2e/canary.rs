//! The deployed canary orders through the public door, and names the step that fails.

use crate::functions::{invoke, refused};
use crate::roles::Denied;
use crate::stack::Stack;

const FUNCTION: &str = "place-canary";

#[test]
fn the_canary_signs_in_orders_and_sees_its_payment_fail() {
    let stack = Stack::shared();
    let report = invoke(&stack.emulator, FUNCTION);
    let order = report["order"].as_str().expect("an order");
    let page = stack.admin.get(&format!("/orders/{order}")).expect(200);
    assert_eq!(page["status"], "payment_failed");
    assert_eq!(page["attention"], serde_json::json!([]), "no person is asked");
}

#[test]
fn a_checkout_that_is_dead_fails_the_canary_by_the_name_of_the_step() {
    let stack = Stack::exclusive();
    let denied = Denied::action(&stack.emulator, "place-order", "dynamodb:PutItem");
    let why = refused(&stack.emulator, FUNCTION);
    assert!(why.contains("place the order: answered 5"), "{why}");
    drop(denied);
}
