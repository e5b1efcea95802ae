//! The total is found in either of its two forms.

use super::*;

#[test]
fn the_total_is_the_first_number_after_its_name() {
    assert_eq!(total("events: Ir\nsummary: 1234\nfn=a\n"), Some(1234));
    assert_eq!(total("fn=a\ntotals: 99 1\n"), Some(99));
    assert_eq!(total("fn=a\n"), None);
}
