//! Dead letters, and how an operator redrives them: an unreadable message, and one that a function gave up on and can
//! handle by now.

use crate::functions::{Variable, invoke_with};
use crate::roles::Denied;
use crate::stack::{Checkout, Stack, fresh};
use crate::stripe::Moved;
use crate::wait::until;
use serde_json::{Value, json};

const FUNCTION: &str = "allocate-stock";

fn redrive(stack: &Stack, request: &Value) -> Value {
    invoke_with(&stack.emulator, "redrive-dead-letters", request)
}

/// The dead letter with this text in its body, from the emulator.
fn letter(stack: &Stack, text: &str) -> Option<Value> {
    let dead = stack.emulator.queued(&tests::variable("CONVEYOR_ALLOCATE_STOCK_DEAD_LETTERS_URL"));
    dead.into_iter().find(|letter| letter["Body"].as_str().is_some_and(|body| body.contains(text)))
}

/// Waits until a message with this text in its body is dead-lettered. Returns its id.
fn await_dead_letter(stack: &Stack, text: &str) -> String {
    until("the message to be dead-lettered", || {
        let id = letter(stack, text).and_then(|letter| letter["MessageId"].as_str().map(str::to_owned));
        id.ok_or("no dead letter has this text in its body")
    })
}

/// The list's item of a dead letter.
fn listed(stack: &Stack, id: &str) -> Value {
    let answer = redrive(stack, &json!({"function": FUNCTION, "do": "list", "limit": 200}));
    let letters = answer["letters"].as_array().expect("a list");
    let found = letters.iter().find(|letter| letter["id"] == id).cloned();
    found.unwrap_or_else(|| panic!("{id} is not in {answer}"))
}

fn outcomes(answer: &Value) -> Vec<&Value> {
    let outcomes = answer["outcomes"].as_array().expect("outcomes");
    outcomes.iter().map(|outcome| &outcome["outcome"]).collect()
}

/// `allocate-stock` is denied its table and gives up after a second, so it dead-letters a payment. Once its grant is back,
/// the payment is requeued and the order goes on.
#[test]
fn dead_letters_are_listed_with_their_reason_and_requeued_or_discarded() {
    let stack = Stack::exclusive();
    let tea = stack.goods(950, 10);
    let short_limit = Variable::set(&stack.emulator, FUNCTION, "GIVE_UP_AFTER_SECONDS", "1");
    let denied = Denied::action(&stack.emulator, FUNCTION, "dynamodb:PutItem");
    let order = stack.place(&Checkout::of(&[(&tea, 2)]));
    let given_up = await_dead_letter(&stack, &order);
    drop(denied);
    drop(short_limit);
    let nonsense = format!("Ada Person, Street 1, {}", fresh());
    let queue = tests::variable("CONVEYOR_ALLOCATE_STOCK_QUEUE_URL");
    stack.emulator.sqs("SendMessage", &json!({"QueueUrl": queue, "MessageBody": nonsense}));
    let unreadable = await_dead_letter(&stack, &nonsense);
    assert_eq!(stack.order(&order)["status"], "paid");

    let payment = listed(&stack, &given_up);
    assert_eq!((&payment["set_aside_by"], &payment["kind"]), (&json!(FUNCTION), &json!("message")));
    assert!(
        payment["reason"].as_str().is_some_and(|why| why.starts_with("given up after 1s: ")),
        "{payment}"
    );
    assert_eq!(
        (&payment["about"]["type"], &payment["about"]["subject"]),
        (&json!("OrderPaid"), &json!(order))
    );
    let poison = listed(&stack, &unreadable);
    assert_eq!((&poison["kind"], &poison["about"]), (&json!("unreadable"), &json!({})));
    assert!(poison["reason"].as_str().is_some_and(|why| why.contains("not an envelope")), "{poison}");
    assert!(!poison.to_string().contains("Ada"), "{poison}");
    for text in [&order, &nonsense] {
        let found = letter(&stack, text).expect("a list deletes nothing");
        assert_eq!(found["IsVisible"], true, "a list hides nothing: {found}");
    }

    let requeue = json!({"function": FUNCTION, "do": "requeue", "ids": [given_up]});
    assert_eq!(outcomes(&redrive(&stack, &requeue)), ["requeued"]);
    stack.await_status(&order, "allocated");
    assert_eq!(stack.stock(&tea), (10, 8, 2));
    assert_eq!(stack.stripe.moved(&order), Moved { charges: 1, captured: 1900, refunded: 0 });
    assert_eq!(outcomes(&redrive(&stack, &requeue)), ["not_found"], "it is requeued once");
    assert!(letter(&stack, &nonsense).is_some(), "other dead letters stay");

    let discard = json!({
        "function": FUNCTION, "do": "discard", "ids": [unreadable], "reason": "sent by a test", "by": "e2e",
    });
    assert_eq!(outcomes(&redrive(&stack, &discard)), ["discarded"]);
    for text in [&order, &nonsense] {
        assert_eq!(letter(&stack, text), None);
    }
}
