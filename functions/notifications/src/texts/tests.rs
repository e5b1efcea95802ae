//! Amounts and carrier texts as customers read them.

use super::*;

#[test]
fn amounts_have_the_digits_of_their_currency() {
    for (units, currency, expected) in [
        (1250, "EUR", "12.50 EUR"),
        (5, "EUR", "0.05 EUR"),
        (0, "CHF", "0.00 CHF"),
        (1250, "JPY", "1250 JPY"),
        (1250, "KWD", "1.250 KWD"),
        (12_345, "CLF", "1.2345 CLF"),
        (u64::MAX, "EUR", "184467440737095516.15 EUR"),
    ] {
        assert_eq!(money(Amount::minor(units), Currency::try_from(currency).unwrap()), expected);
    }
}

#[test]
fn a_carriers_text_stays_on_one_line() {
    assert_eq!(line("T1\r\nBcc: x"), "T1Bcc: x");
    assert_eq!(line(&"x".repeat(500)).len(), 100);
}
