//! Arithmetic of amounts stays within its bounds, and a currency is three upper-case letters.

use super::*;

#[test]
fn a_currency_is_three_upper_case_letters() {
    assert_eq!(Currency::try_from("EUR").unwrap().as_str(), "EUR");
    for wrong in ["", "eur", "EURO", "EU", "E1R", "€"] {
        assert_eq!(Currency::try_from(wrong), Err(InvalidCurrency), "{wrong}");
    }
}

#[test]
fn an_overflowing_product_is_not_an_amount() {
    assert_eq!(Amount::minor(u64::MAX).checked_times(2), None);
    assert_eq!(Amount::minor(3).checked_times(2), Some(Amount::minor(6)));
}

#[test]
fn a_difference_is_never_below_zero() {
    assert_eq!(Amount::minor(3).less(Amount::minor(5)), Amount::ZERO);
}
