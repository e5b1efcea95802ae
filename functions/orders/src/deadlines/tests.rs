//! Every deadline is a setting with a default.

use super::*;

#[test]
fn every_deadline_can_be_set() {
    let mut settings = Settings::from_lookup(|name| {
        Some(match name {
            "UNPAID_DEADLINE_SECONDS" => "1".to_owned(),
            "PAID_DEADLINE_SECONDS" => "2".to_owned(),
            "ALLOCATED_DEADLINE_SECONDS" => "3".to_owned(),
            "CANCELLING_DEADLINE_SECONDS" => "4".to_owned(),
            "OWING_DEADLINE_SECONDS" => "5".to_owned(),
            "SHIPPED_DEADLINE_SECONDS" => "6".to_owned(),
            _ => return None,
        })
    });
    let deadlines = Deadlines::from_settings(&mut settings);
    let of = |status| deadlines.of_unfinished(status).as_secs();
    assert_eq!(of(OrderStatus::Placed), 1);
    assert_eq!(of(OrderStatus::PaymentActionRequired), 1);
    assert_eq!(of(OrderStatus::Paid), 2);
    assert_eq!(of(OrderStatus::Allocated), 3);
    assert_eq!(of(OrderStatus::Cancelling), 4);
    assert_eq!(of(OrderStatus::OutOfStock), 5);
    assert_eq!(deadlines.shipped.as_secs(), 6);
    assert!(settings.finish().is_ok());
}

#[test]
fn an_unset_deadline_has_its_default() {
    let mut settings = Settings::from_lookup(|_| None);
    assert_eq!(Deadlines::from_settings(&mut settings), Deadlines::default());
}
