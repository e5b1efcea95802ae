//! What the provider promises about an intent: how it is confirmed, authorised, captured and cancelled, and what its objects then say.

use super::{Account, Provided, VISA};
use serde_json::{Value, json};

/// An authorisation lasts days, and ends by itself.
const A_DAY: i64 = 24 * 3600;

async fn a_confirmed_intent_says_how_much_it_received(on: Provided) {
    let account = Account::at(on);
    let path = account.intent(VISA).await;
    let before = account.get(&path).await;
    assert_eq!((&before["status"], &before["amount_received"]), (&json!("requires_confirmation"), &json!(0)));
    let paid = account.post(&format!("{path}/confirm"), "").await;
    assert_eq!((&paid["status"], &paid["amount_received"]), (&json!("succeeded"), &json!(1900)));
    let charge = &account.with_charge(&path).await["latest_charge"];
    assert_eq!((&charge["captured"], &charge["amount_captured"]), (&json!(true), &json!(1900)));
    assert_eq!(account.events_of(&path).await, ["payment_intent.succeeded"]);
    let error = account.refused(400, &format!("{path}/confirm"), "").await;
    assert_eq!(error["code"], "payment_intent_unexpected_state");
}

async fn an_intent_without_a_method_waits_for_one_and_has_no_error(on: Provided) {
    let account = Account::at(on);
    let path = account.intent("automatic_payment_methods[enabled]=true").await;
    let fresh = account.get(&path).await;
    assert_eq!(
        (&fresh["status"], &fresh["last_payment_error"]),
        (&json!("requires_payment_method"), &Value::Null)
    );
    assert_eq!(fresh["automatic_payment_methods"]["enabled"], true);
    assert!(
        fresh["client_secret"]
            .as_str()
            .is_some_and(|secret| secret.starts_with(fresh["id"].as_str().unwrap()))
    );
    account.refused(400, &format!("{path}/confirm"), "return_url=https://shop.example").await;
    let unsent = account.refused(400, &format!("{path}/confirm"), VISA).await;
    assert_eq!(unsent["param"], "return_url", "a method may redirect");
    let paid =
        account.post(&format!("{path}/confirm"), &format!("{VISA}&return_url=https://shop.example")).await;
    assert_eq!((&paid["status"], &paid["amount_received"]), (&json!("succeeded"), &json!(1900)));
}

async fn methods_that_never_redirect_need_no_address_to_return_to(on: Provided) {
    let account = Account::at(on);
    let never = "automatic_payment_methods[enabled]=true&automatic_payment_methods[allow_redirects]=never";
    let path = account.intent(never).await;
    assert_eq!(account.post(&format!("{path}/confirm"), VISA).await["status"], "succeeded");
}

async fn an_intent_names_its_methods_or_leaves_them_to_the_account(on: Provided) {
    let both = "amount=1900&currency=eur&automatic_payment_methods[enabled]=true&payment_method_types[]=card";
    let account = Account::at(on);
    account.refused(400, "/v1/payment_intents", both).await;
    let unknown = account.refused(400, "/v1/payment_intents", "amount=1900&currency=eur&no_such=1").await;
    assert!(unknown["type"] == "invalid_request_error", "{unknown}");
}

async fn a_declined_intent_takes_another_method(on: Provided) {
    let account = Account::at(on);
    let path = account.intent("payment_method=pm_card_chargeCustomerFail").await;
    let error = account.refused(402, &format!("{path}/confirm"), "").await;
    assert_eq!(error["code"], "card_declined");
    let declined = account.with_charge(&path).await;
    assert_eq!(declined["status"], "requires_payment_method");
    assert_eq!(declined["last_payment_error"]["code"], "card_declined");
    assert_eq!(declined["last_payment_error"]["charge"], declined["latest_charge"]["id"]);
    assert_eq!(
        (&declined["latest_charge"]["status"], &declined["amount_received"]),
        (&json!("failed"), &json!(0))
    );
    account.refused(400, &format!("{path}/confirm"), "").await;
    let paid = account.post(&format!("{path}/confirm"), VISA).await;
    assert_eq!((&paid["status"], &paid["last_payment_error"]), (&json!("succeeded"), &Value::Null));
    assert_eq!(account.events_of(&path).await, ["payment_intent.payment_failed", "payment_intent.succeeded"]);
}

async fn an_authorisation_holds_money_and_takes_none(on: Provided) {
    let account = Account::at(on);
    let path = account.authorised().await;
    let held = account.with_charge(&path).await;
    assert_eq!((&held["amount_capturable"], &held["amount_received"]), (&json!(1900), &json!(0)));
    let charge = &held["latest_charge"];
    assert_eq!((&charge["captured"], &charge["amount_captured"]), (&json!(false), &json!(0)));
    assert_eq!((&charge["refunded"], &charge["amount_refunded"]), (&json!(false), &json!(0)));
    let ends = charge["payment_method_details"]["card"]["capture_before"].as_i64().unwrap();
    assert!(ends > charge["created"].as_i64().unwrap() + A_DAY);
    assert_eq!(account.events_of(&path).await, ["payment_intent.amount_capturable_updated"]);
    let id = held["id"].as_str().unwrap();
    account.refused(400, "/v1/refunds", &format!("payment_intent={id}")).await;
    account.refused(400, &format!("{path}/confirm"), "").await;
}

async fn a_capture_takes_a_part_and_releases_the_rest_without_a_refund(on: Provided) {
    let account = Account::at(on);
    let path = account.authorised().await;
    let error = account.refused(400, &format!("{path}/capture"), "amount_to_capture=1901").await;
    assert_eq!(error["code"], "amount_too_large");
    let taken = account.post(&format!("{path}/capture"), "amount_to_capture=1000").await;
    assert_eq!((&taken["status"], &taken["amount"]), (&json!("succeeded"), &json!(1900)));
    assert_eq!((&taken["amount_received"], &taken["amount_capturable"]), (&json!(1000), &json!(0)));
    let intent = account.with_charge(&path).await;
    let charge = &intent["latest_charge"];
    assert_eq!((&charge["captured"], &charge["amount_captured"]), (&json!(true), &json!(1000)));
    assert_eq!((&charge["refunded"], &charge["amount_refunded"]), (&json!(false), &json!(0)));
    let id = intent["id"].as_str().unwrap();
    assert_eq!(account.get(&format!("/v1/refunds?payment_intent={id}")).await["data"], json!([]));
    let both = ["payment_intent.amount_capturable_updated", "payment_intent.succeeded"];
    assert_eq!(account.events_of(&path).await, both);
    let again = account.refused(400, &format!("{path}/capture"), "").await;
    assert_eq!(again["code"], "payment_intent_unexpected_state", "it is captured once");
    account.refused(400, &format!("{path}/cancel"), "").await;
    let refund = account.post("/v1/refunds", &format!("payment_intent={id}&amount=1000")).await;
    assert_eq!((&refund["amount"], &refund["payment_intent"]), (&json!(1000), &json!(id)));
    assert_eq!(account.with_charge(&path).await["latest_charge"]["refunded"], true);
}

async fn a_capture_without_an_amount_takes_everything(on: Provided) {
    let account = Account::at(on);
    let path = account.authorised().await;
    let taken = account.post(&format!("{path}/capture"), "").await;
    assert_eq!((&taken["amount_received"], &taken["amount_capturable"]), (&json!(1900), &json!(0)));
}

async fn a_cancelled_authorisation_is_released_without_a_refund(on: Provided) {
    let account = Account::at(on);
    let path = account.authorised().await;
    let ended = account.post(&format!("{path}/cancel"), "cancellation_reason=requested_by_customer").await;
    assert_eq!((&ended["status"], &ended["amount_capturable"]), (&json!("canceled"), &json!(0)));
    assert_eq!(ended["cancellation_reason"], "requested_by_customer");
    let charge = &account.with_charge(&path).await["latest_charge"];
    assert_eq!((&charge["captured"], &charge["amount_captured"]), (&json!(false), &json!(0)));
    assert_eq!((&charge["refunded"], &charge["amount_refunded"]), (&json!(false), &json!(0)));
    let id = ended["id"].as_str().unwrap();
    assert_eq!(account.get(&format!("/v1/refunds?payment_intent={id}")).await["data"], json!([]));
    let both = ["payment_intent.amount_capturable_updated", "payment_intent.canceled"];
    assert_eq!(account.events_of(&path).await, both);
    for act in ["capture", "confirm", "cancel"] {
        let error = account.refused(400, &format!("{path}/{act}"), "").await;
        assert_eq!(error["code"], "payment_intent_unexpected_state", "{act}");
    }
}

crate::judged!([in_process: InProcess, by_local_server: ByLocalServer] stripe::Provided =>
    a_confirmed_intent_says_how_much_it_received
    an_intent_without_a_method_waits_for_one_and_has_no_error
    methods_that_never_redirect_need_no_address_to_return_to
    an_intent_names_its_methods_or_leaves_them_to_the_account
    a_declined_intent_takes_another_method
    an_authorisation_holds_money_and_takes_none
    a_capture_takes_a_part_and_releases_the_rest_without_a_refund
    a_capture_without_an_amount_takes_everything
    a_cancelled_authorisation_is_released_without_a_refund
);
