//! Why a payment failed, as its customer may know it.
//!
//! The bank's own code helps a thief: it says that a card is reported stolen, or which of its numbers was wrong. Admins see it;
//! customers see one of six words that say what they can do.

/// The word for the provider's code of a payment that failed or is ended.
pub fn public_code(code: &str) -> &'static str {
    match code {
        "insufficient_funds" => "insufficient_funds",
        "expired_card" => "expired_card",
        "incorrect_details"
        | "incorrect_address"
        | "incorrect_cvc"
        | "incorrect_number"
        | "incorrect_pin"
        | "incorrect_zip"
        | "invalid_account"
        | "invalid_cvc"
        | "invalid_expiry_month"
        | "invalid_expiry_year"
        | "invalid_number"
        | "invalid_pin" => "incorrect_details",
        "authentication_failed"
        | "authentication_not_handled"
        | "authentication_required"
        | "mobile_device_authentication_required"
        | "offline_pin_required"
        | "online_or_offline_pin_required"
        | "payment_intent_authentication_failure" => "authentication_failed",
        "try_again"
        | "approve_with_id"
        | "issuer_not_available"
        | "payment_intent_canceled"
        | "payment_intent_payment_attempt_expired"
        | "processing_error"
        | "reenter_transaction"
        | "try_again_later" => "try_again",
        _ => "card_declined",
    }
}

/// The word for the provider's code of a refund that failed. A refund that only an operator can make keeps its code.
pub fn public_refund_code(code: &str) -> &'static str {
    match code {
        "to_be_made_elsewhere" => "to_be_made_elsewhere",
        _ => "refund_failed",
    }
}
