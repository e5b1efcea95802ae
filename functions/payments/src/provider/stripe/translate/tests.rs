//! What the status of an intent means.

use super::super::payload::PaymentIntent;
use crate::provider::IntentState;
use events::Amount;
use serde_json::{Value, json};

fn state(fields: &Value) -> IntentState {
    let mut intent = json!({"id": "pi_1", "currency": "eur", "amount": 1900, "amount_received": 0});
    intent.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    serde_json::from_value::<PaymentIntent>(intent).unwrap().state().unwrap()
}

#[test]
fn an_intent_without_a_method_that_was_tried_is_not_declined() {
    assert_eq!(state(&json!({"status": "requires_payment_method"})), IntentState::Unconfirmed);
    let no_error = json!({"status": "requires_payment_method", "last_payment_error": null});
    assert_eq!(state(&no_error), IntentState::Unconfirmed);
    let error = json!({"code": "card_declined", "decline_code": "insufficient_funds"});
    let declined = json!({"status": "requires_payment_method", "last_payment_error": error});
    assert_eq!(state(&declined), IntentState::Declined("insufficient_funds".to_owned()));
    let unnamed = json!({"status": "requires_payment_method", "last_payment_error": {}});
    assert_eq!(state(&unnamed), IntentState::Declined("card_declined".to_owned()));
}

#[test]
fn what_was_taken_is_what_the_intent_received() {
    let IntentState::Captured(part) = state(&json!({"status": "succeeded", "amount_received": 1000})) else {
        panic!()
    };
    assert_eq!(part.amount, Amount::minor(1000));
    let unknown = state(&json!({"status": "succeeded", "amount_received": null}));
    assert!(matches!(unknown, IntentState::Unexpected(_)), "{unknown:?}");
}
