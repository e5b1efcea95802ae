//! Stripe's own rules about amounts, in Stripe's units (docs.stripe.com/currencies).
//!
//! They are written down here a second time, from the provider's side, and know nothing of our table: a wrong factor in ours is
//! refused here, or shows in the account's books.

/// Why an amount is refused, as Stripe's error code.
pub(super) fn refusal_of_charge(amount: u64, currency: &str) -> Option<&'static str> {
    refusal_of_digits(amount, currency).or_else(|| {
        if amount < minimum(currency) {
            Some("amount_too_small")
        } else if amount > maximum(currency) {
            Some("amount_too_large")
        } else {
            None
        }
    })
}

/// The same for a refund, which has no minimum.
pub(super) fn refusal_of_digits(amount: u64, currency: &str) -> Option<&'static str> {
    let multiple = match currency {
        // "The decimal amounts are always 00."
        "isk" => 100,
        // "The last digit must be 0."
        "bhd" | "jod" | "kwd" | "omr" | "tnd" => 10,
        _ => 1,
    };
    (!amount.is_multiple_of(multiple)).then_some("invalid_charge_amount")
}

fn minimum(currency: &str) -> u64 {
    match currency {
        "aud" | "brl" | "cad" | "chf" | "eur" | "inr" | "jpy" | "nzd" | "sgd" | "usd" => 50,
        "gbp" => 30,
        "bgn" => 100,
        "aed" | "myr" | "pln" | "ron" => 200,
        "dkk" => 250,
        "nok" | "sek" => 300,
        "hkd" => 400,
        "mxn" | "thb" => 1000,
        "czk" => 1500,
        "huf" => 17_500,
        // The equivalent of the settlement currency's minimum: whatever it is, nothing is not enough.
        _ => 1,
    }
}

fn maximum(currency: &str) -> u64 {
    let digits = match currency {
        "idr" => 12,
        "lbp" => 11,
        "cop" | "huf" | "jpy" => 10,
        "inr" => 9,
        _ => 8,
    };
    10_u64.pow(digits) - 1
}
