//! The conversion is exact in both directions, for every currency.

use super::*;
use proptest::prelude::*;

/// Stripe's unit as a part of the currency's main unit, read from Stripe's documentation and not from our table.
fn per_main_unit(code: &str) -> u64 {
    const ZERO_DECIMAL: &str = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF UGX VND VUV XAF XOF XPF";
    const THREE_DECIMAL: &str = "BHD JOD KWD OMR TND";
    // Stripe takes no cards in these; they are counted as ISO 4217 counts them.
    const NOT_AT_STRIPE: &str = "IQD LYD";
    match code {
        code if ZERO_DECIMAL.contains(code) => 1,
        code if THREE_DECIMAL.contains(code) || NOT_AT_STRIPE.contains(code) => 1000,
        // Also ISK: "5 ISK is an amount of 500".
        _ => 100,
    }
}

fn any_currency() -> impl Strategy<Value = Currency> {
    prop::sample::select(Currency::in_use().collect::<Vec<_>>())
}

fn of(code: &str) -> Currency {
    Currency::try_from(code).unwrap()
}

#[test]
fn examples_of_the_documentation() {
    for (amount, code, units) in [
        (1000, "USD", 1000),
        (500, "JPY", 500),
        (5, "ISK", 500),
        (5000, "ISK", 500_000),
        (250_000, "MGA", 2500),
        (5120, "KWD", 5120),
        (1045, "HUF", 1045),
        (80_045, "TWD", 80_045),
        (50_000, "UGX", 50_000),
    ] {
        assert_eq!(to_stripe(Amount::minor(amount), of(code)), Ok(units), "{code}");
        assert_eq!(from_stripe(units, of(code)), Ok(Amount::minor(amount)), "{code}");
    }
}

#[test]
fn an_inexact_amount_is_an_error_and_is_never_rounded() {
    for units in [1, 50, 99, 101, 550] {
        assert_eq!(from_stripe(units, of("ISK")), Err(Inexact(of("ISK"))), "{units}");
        assert_eq!(to_stripe(Amount::minor(units), of("MGA")), Err(Inexact(of("MGA"))), "{units}");
    }
    assert!(to_stripe(Amount::minor(u64::MAX), of("ISK")).is_err());
    assert!(from_stripe(u64::MAX, of("MGA")).is_err());
}

proptest! {
    #[test]
    fn every_amount_that_can_be_charged_is_the_same_money_at_stripe(
        currency in any_currency(),
        steps in 0..100_000_000_u64,
    ) {
        let rules = currency.rules();
        let amount = Amount::minor(steps * rules.step);
        let units = to_stripe(amount, currency).unwrap();
        // units / per_main_unit == amount / 10^exponent
        let (ours, theirs) = (u128::from(amount.units()), u128::from(units));
        let iso = 10_u128.pow(rules.exponent);
        prop_assert_eq!(theirs * iso, ours * u128::from(per_main_unit(currency.as_str())), "{}", currency);
        prop_assert_eq!(from_stripe(units, currency), Ok(amount));
    }

    #[test]
    fn what_stripe_reports_is_the_same_money_here_or_an_error(currency in any_currency(), units in any::<u64>()) {
        if let Ok(amount) = from_stripe(units, currency) {
            prop_assert_eq!(to_stripe(amount, currency), Ok(units));
        } else {
            prop_assert!(currency == of("ISK") && units % 100 != 0 || currency == of("MGA"), "{}", currency);
        }
    }

    #[test]
    fn the_largest_charge_has_no_more_digits_than_stripe_takes(currency in any_currency()) {
        let rules = currency.rules();
        let largest = to_stripe(rules.maximum, currency).unwrap();
        let next = rules.maximum.units() + rules.step;
        let digits = |units: u64| units.to_string().len();
        prop_assert!(digits(to_stripe(Amount::minor(next), currency).unwrap()) > digits(largest));
    }
}
