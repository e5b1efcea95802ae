//! Unit tests of the `money` module.

use super::*;

#[test]
fn a_currency_is_three_upper_case_letters() {
    assert_eq!(Currency::try_from("EUR").unwrap().as_str(), "EUR");
    for wrong in ["", "eur", "EURO", "EU", "E1R", "€"] {
        assert_eq!(Currency::try_from(wrong), Err(InvalidCurrency), "{wrong}");
    }
}

#[test]
fn a_product_too_large_for_a_word_is_not_an_amount() {
    assert_eq!(Amount::minor(u64::MAX).checked_times(2), None);
    assert_eq!(Amount::minor(3).checked_times(2), Some(Amount::minor(6)));
}

#[test]
fn what_remains_is_never_below_nothing() {
    assert_eq!(Amount::minor(3).less(Amount::minor(5)), Amount::ZERO);
}
