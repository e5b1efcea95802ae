//! What was set aside, and how whoever looks after the stack gets it out of there: a message that nobody can read, and one
//! that a function gave up on and can handle by now.

use crate::functions::{Variable, invoke_with};
use crate::probe::Denied;
use crate::shop::{Checkout, Shop, fresh};
use crate::stripe::Moved;
use crate::wait::until;
use serde_json::{Value, json};

const FUNCTION: &str = "allocate-stock";

fn redrive(shop: &Shop, asked: &Value) -> Value {
    invoke_with(&shop.emulator, "redrive-dead-letters", asked)
}

/// The letter with that in its body, as the emulator sees it.
fn letter(shop: &Shop, text: &str) -> Option<Value> {
    let dead = shop.emulator.queued(&tests::stack("CONVEYOR_ALLOCATE_STOCK_DEAD_LETTERS_URL"));
    dead.into_iter().find(|letter| letter["Body"].as_str().is_some_and(|body| body.contains(text)))
}

/// Waits until a message with that in its body is set aside, and gives back the letter's id.
fn set_aside(shop: &Shop, text: &str) -> String {
    until("the message to be set aside", || {
        let id = letter(shop, text).and_then(|letter| letter["MessageId"].as_str().map(str::to_owned));
        id.ok_or("nothing with that in its body is among the dead letters")
    })
}

/// What the list says of a letter.
fn listed(shop: &Shop, id: &str) -> Value {
    let answer = redrive(shop, &json!({"function": FUNCTION, "do": "list", "limit": 200}));
    let letters = answer["letters"].as_array().expect("a list");
    let found = letters.iter().find(|letter| letter["id"] == id).cloned();
    found.unwrap_or_else(|| panic!("{id} is not in {answer}"))
}

fn outcomes(answer: &Value) -> Vec<&Value> {
    let outcomes = answer["outcomes"].as_array().expect("outcomes");
    outcomes.iter().map(|told| &told["outcome"]).collect()
}

/// `allocate-stock` is denied its table and loses patience at once, so that it gives up on a payment. Once it may work
/// again, the payment is sent back to its queue and the order goes on.
#[test]
fn dead_letters_are_listed_with_their_reason_and_requeued_or_discarded() {
    let shop = Shop::alone();
    let tea = shop.goods(950, 10);
    let hasty = Variable::set(&shop.emulator, FUNCTION, "GIVE_UP_AFTER_SECONDS", "1");
    let denied = Denied::action(&shop.emulator, FUNCTION, "dynamodb:PutItem");
    let order = shop.place(&Checkout::of(&[(&tea, 2)]));
    let given_up = set_aside(&shop, &order);
    drop(denied);
    drop(hasty);
    let nonsense = format!("Ada Person, Street 1, {}", fresh());
    let queue = tests::stack("CONVEYOR_ALLOCATE_STOCK_QUEUE_URL");
    shop.emulator.sqs("SendMessage", &json!({"QueueUrl": queue, "MessageBody": nonsense}));
    let unreadable = set_aside(&shop, &nonsense);
    assert_eq!(shop.order(&order)["status"], "paid");

    let payment = listed(&shop, &given_up);
    assert_eq!((&payment["set_aside_by"], &payment["kind"]), (&json!(FUNCTION), &json!("message")));
    assert!(
        payment["reason"].as_str().is_some_and(|why| why.starts_with("given up after 1s: ")),
        "{payment}"
    );
    assert_eq!(
        (&payment["about"]["type"], &payment["about"]["subject"]),
        (&json!("OrderPaid"), &json!(order))
    );
    let poison = listed(&shop, &unreadable);
    assert_eq!((&poison["kind"], &poison["about"]), (&json!("unreadable"), &json!({})));
    assert!(poison["reason"].as_str().is_some_and(|why| why.contains("not an envelope")), "{poison}");
    assert!(!poison.to_string().contains("Ada"), "{poison}");
    for text in [&order, &nonsense] {
        let lies = letter(&shop, text).expect("a list takes nothing away");
        assert_eq!(lies["IsVisible"], true, "a list hides nothing: {lies}");
    }

    let requeue = json!({"function": FUNCTION, "do": "requeue", "ids": [given_up]});
    assert_eq!(outcomes(&redrive(&shop, &requeue)), ["requeued"]);
    shop.await_status(&order, "allocated");
    assert_eq!(shop.stock(&tea), (10, 8, 2));
    assert_eq!(shop.stripe.moved(&order), Moved { charges: 1, captured: 1900, refunded: 0 });
    assert_eq!(outcomes(&redrive(&shop, &requeue)), ["not_found"], "it is sent once");
    assert!(letter(&shop, &nonsense).is_some(), "what was not named stays");

    let discard = json!({
        "function": FUNCTION, "do": "discard", "ids": [unreadable], "reason": "sent by a test", "by": "e2e",
    });
    assert_eq!(outcomes(&redrive(&shop, &discard)), ["discarded"]);
    for text in [&order, &nonsense] {
        assert_eq!(letter(&shop, text), None);
    }
}
