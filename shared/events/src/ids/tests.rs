//! What each type of id accepts, and how event ids are made.

use super::*;

#[test]
fn an_order_id_is_32_hexadecimal_digits() {
    assert!(OrderId::try_from("0123456789abcdef0123456789abcdef").is_ok());
    for wrong in ["", "0123456789ABCDEF0123456789ABCDEF", "0123", "../../../../../../../../../etc/pw"] {
        assert!(OrderId::try_from(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_sku_contains_no_separator_of_keys() {
    assert!(Sku::try_from("TEA-01_b.2").is_ok());
    for wrong in ["", "a#b", "a/b", "a b", "é", &"x".repeat(65)] {
        assert!(Sku::try_from(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn an_event_id_names_service_subject_and_sequence() {
    assert_eq!(EventId::of(Service::Orders, "abc", Sequence::FIRST).as_str(), "orders/abc/1");
}
