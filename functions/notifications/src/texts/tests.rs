//! Amounts and carrier texts as customers read them.

use super::*;

#[test]
fn a_carriers_text_stays_on_one_line() {
    assert_eq!(line("T1\r\nBcc: x"), "T1Bcc: x");
    assert_eq!(line(&"x".repeat(500)).len(), 100);
}
