//! The rows of the table that differ from "two decimals, 1 to 99999999".

use super::*;

fn of(code: &str) -> CurrencyRules {
    Currency::try_from(code).unwrap().rules()
}

#[test]
fn decimals_and_steps_are_those_of_iso_and_of_the_provider() {
    for (code, exponent, provider_exponent, step) in [
        ("EUR", 2, 2, 1),
        ("JPY", 0, 0, 1),
        ("KRW", 0, 0, 1),
        ("HUF", 2, 2, 1),
        ("TWD", 2, 2, 1),
        ("ISK", 0, 2, 1),
        ("MGA", 2, 0, 100),
        ("BHD", 3, 3, 10),
        ("KWD", 3, 3, 10),
        ("TND", 3, 3, 10),
    ] {
        let rules = of(code);
        assert_eq!(
            (rules.exponent, rules.provider_exponent, rules.step),
            (exponent, provider_exponent, step),
            "{code}"
        );
    }
}

#[test]
fn bounds_of_a_charge_are_in_minor_units() {
    for (code, minimum, maximum) in [
        ("EUR", 50, 99_999_999),
        ("GBP", 30, 99_999_999),
        ("PLN", 200, 99_999_999),
        ("HUF", 17_500, 9_999_999_999),
        ("JPY", 50, 9_999_999_999),
        ("COP", 1, 9_999_999_999),
        ("LBP", 1, 99_999_999_999),
        ("IDR", 1, 999_999_999_999),
        ("INR", 50, 999_999_999),
        ("KWD", 10, 99_999_990),
        ("ISK", 1, 999_999),
        ("MGA", 100, 9_999_999_900),
    ] {
        let rules = of(code);
        assert_eq!((rules.minimum.units(), rules.maximum.units()), (minimum, maximum), "{code}");
    }
}

#[test]
fn every_bound_is_a_multiple_of_the_step() {
    for currency in Currency::in_use() {
        let rules = currency.rules();
        assert!(rules.fits_step(rules.minimum) && rules.fits_step(rules.maximum), "{currency}");
        assert!(rules.minimum < rules.maximum, "{currency}");
    }
    assert!(Currency::in_use().count() > 150);
}

#[test]
fn a_currency_that_is_not_understood_is_not_usable() {
    let usable = |code| of(code).usable;
    for code in ["UGX", "ZZZ", "HRK", "XXX", "XTS", "XAU", "CHW", "CLF"] {
        assert_eq!(usable(code), Usable::Nowhere, "{code}");
    }
    assert_eq!((usable("IQD"), usable("LYD")), (Usable::OfflineOnly, Usable::OfflineOnly));
    for code in ["CHF", "JPY", "KWD", "XAF", "XCG", "ISK", "MGA"] {
        assert_eq!(usable(code), Usable::Everywhere, "{code}");
    }
}

#[test]
fn an_amount_is_written_with_the_decimals_of_its_currency() {
    for (units, currency, expected) in [
        (1250, "EUR", "12.50 EUR"),
        (5, "EUR", "0.05 EUR"),
        (0, "CHF", "0.00 CHF"),
        (1250, "JPY", "1250 JPY"),
        (5000, "ISK", "5000 ISK"),
        (250_000, "MGA", "2500.00 MGA"),
        (1250, "KWD", "1.250 KWD"),
        (12_345, "CLF", "1.2345 CLF"),
        (u64::MAX, "EUR", "184467440737095516.15 EUR"),
    ] {
        assert_eq!(Currency::try_from(currency).unwrap().write(Amount::minor(units)), expected);
    }
}
