//! Which refusals of Stripe are due to what the customer chose: the payment method, the amount or the currency. Such a refusal
//! ends the payment. Every other one is a call of ours that Stripe does not understand, which would end every order.

use crate::provider::ProviderError;

/// Codes that blame the choice, beside all that begin with `payment_method_`.
const CODES: [&str; 31] = [
    "amount_too_large",
    "amount_too_small",
    "authentication_required",
    "card_decline_rate_limit_exceeded",
    "card_declined",
    "country_unsupported",
    "currency_not_supported",
    "currency_unsupported",
    "expired_card",
    "incorrect_address",
    "incorrect_cvc",
    "incorrect_number",
    "incorrect_zip",
    "insufficient_funds",
    "invalid_amount",
    "invalid_card_type",
    "invalid_charge_amount",
    "invalid_currency",
    "invalid_cvc",
    "invalid_expiry_month",
    "invalid_expiry_year",
    "invalid_number",
    "invalid_source_usage",
    "payment_intent_authentication_failure",
    "payment_intent_incompatible_payment_method",
    "payment_intent_invalid_currency",
    "payment_intent_mandate_invalid",
    "payment_intent_payment_attempt_expired",
    "payment_intent_payment_attempt_failed",
    "token_already_used",
    "token_in_use",
];

/// Whether a refusal blames the customer's choice, by its type, its code or the parameter that it names.
pub(super) fn is_blamed(kind: Option<&str>, code: &str, param: Option<&str>) -> bool {
    // Stripe does not know a parameter: the call is ours.
    if matches!(code, "parameter_unknown" | "idempotency_error") {
        return false;
    }
    let is_choice = param.is_some_and(is_chosen_by_the_customer);
    match code {
        // The intent is missing, and not what pays it.
        "resource_missing" => is_choice || param.is_none(),
        code => {
            kind == Some("card_error")
                || is_choice
                || code.starts_with("payment_method_")
                || CODES.contains(&code)
        }
    }
}

/// `payment_method`, and its parts such as `payment_method[card]` and `payment_method_data[type]`.
fn is_chosen_by_the_customer(param: &str) -> bool {
    let name = param.split(['[', '.']).next().unwrap_or_default();
    matches!(
        name,
        "payment_method"
            | "payment_method_data"
            | "payment_method_options"
            | "amount"
            | "currency"
            | "source"
            | "card"
    )
}

/// Whether the text has the shape of a payment method's id.
fn is_possible(payment_method: &str) -> bool {
    let is_word =
        |rest: &str| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    ["pm_", "card_", "src_", "ba_"]
        .iter()
        .any(|prefix| payment_method.strip_prefix(prefix).is_some_and(is_word))
}

/// A text that cannot be a payment method is the customer's choice, whatever Stripe says about the call.
pub(super) fn refused_for(payment_method: &str, error: ProviderError) -> ProviderError {
    match error {
        ProviderError::Refused { status: status @ (400 | 404), code, .. } if !is_possible(payment_method) => {
            ProviderError::Refused { status, code, is_customers_choice: true }
        }
        error => error,
    }
}
