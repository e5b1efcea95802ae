//! Stripe's units: the only place that converts between them and minor units of ISO 4217, in both directions.
//!
//! They differ for the currencies whose [`CurrencyRules`] have another `provider_exponent`: 5000 ISK are 500000 at Stripe, and
//! 2500.00 MGA (250000) are 2500. Nothing is rounded. An amount that has no exact counterpart is an error.
//!
//! [`CurrencyRules`]: events::CurrencyRules

use events::{Amount, Currency};

/// The amount has no exact counterpart in the other unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an amount of Stripe in {0} is not a whole number of minor units; settle it at Stripe")]
pub(super) struct Inexact(pub(super) Currency);

/// An amount in Stripe's units.
pub(super) fn to_stripe(amount: Amount, currency: Currency) -> Result<u64, Inexact> {
    let rules = currency.rules();
    rescale(amount.units(), rules.exponent, rules.provider_exponent).ok_or(Inexact(currency))
}

/// An amount of Stripe in our minor units.
pub(super) fn from_stripe(units: u64, currency: Currency) -> Result<Amount, Inexact> {
    let rules = currency.rules();
    rescale(units, rules.provider_exponent, rules.exponent).map(Amount::minor).ok_or(Inexact(currency))
}

fn rescale(units: u64, decimals: u32, wanted: u32) -> Option<u64> {
    let factor = 10_u64.checked_pow(decimals.abs_diff(wanted))?;
    if wanted >= decimals {
        units.checked_mul(factor)
    } else {
        units.is_multiple_of(factor).then(|| units / factor)
    }
}

#[cfg(test)]
mod tests;
