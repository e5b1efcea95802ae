//! What an order owes: refunds that fail, are replaced, reversed or abandoned, and disputes.

use super::order_after;
use crate::testing::{
    cancelled_order, delivered_order, disputed, order_paid, publish, refund, refund_failed, refunded,
    replacement,
};
use events::{
    Amount, Attention, DisputeOutcome, Event, InventoryEvent, OrderStatus, OutOfStock, PaymentDisputed,
    PaymentsEvent, RefundCause, RefundFailed,
};
use runtime::queue::Message;
use testkit::sku;

#[test]
fn an_order_that_owes_money_is_open_and_a_failed_refund_raises_attention() {
    let mut facts = vec![
        publish::<PaymentsEvent>(1, order_paid()),
        publish::<InventoryEvent>(1, OutOfStock { missing: vec![sku("TEA-01")] }),
    ];
    assert!(order_after(&facts).facts().is_open(), "the refund is not requested yet");
    facts.push(publish::<PaymentsEvent>(2, refund("r1", RefundCause::OutOfStock)));
    facts.push(publish::<PaymentsEvent>(3, refund_failed("r1")));
    let failed = order_after(&facts);
    assert_eq!(failed.attention(), [Attention::RefundFailed]);
    assert!(failed.facts().is_open());
    facts.push(publish::<PaymentsEvent>(4, replacement("r2", "r1", RefundCause::OutOfStock)));
    facts.push(publish::<PaymentsEvent>(5, refunded("r2")));
    let settled = order_after(&facts);
    assert_eq!(settled.attention(), []);
    assert!(!settled.facts().is_open());
    assert_eq!(settled.facts().refunded(), Amount::minor(1900));
}

#[test]
fn a_refund_that_fails_after_success_is_owed_again() {
    let mut facts = vec![
        publish::<PaymentsEvent>(1, order_paid()),
        publish::<InventoryEvent>(1, OutOfStock { missing: vec![sku("TEA-01")] }),
        publish::<PaymentsEvent>(2, refund("r1", RefundCause::OutOfStock)),
        publish::<PaymentsEvent>(3, refunded("r1")),
    ];
    assert!(!order_after(&facts).facts().is_open());
    facts.push(publish::<PaymentsEvent>(4, refund_failed("r1")));
    let owed = order_after(&facts);
    assert_eq!(owed.attention(), [Attention::RefundFailed]);
    assert_eq!(owed.facts().refunded(), Amount::ZERO);
    assert!(owed.facts().is_open());
}

#[test]
fn a_cancelled_order_reopens_when_its_refund_fails_late() {
    let mut facts = cancelled_order();
    facts.push(publish::<PaymentsEvent>(5, refund_failed("r1")));
    assert_eq!(order_after(&facts).status(), OrderStatus::Cancelled);
    assert!(order_after(&facts).facts().is_open());
    facts.push(publish::<PaymentsEvent>(6, replacement("r2", "r1", RefundCause::Cancelled)));
    assert_eq!(order_after(&facts).status(), OrderStatus::Cancelled);
    facts.push(publish::<PaymentsEvent>(7, refunded("r2")));
    assert!(!order_after(&facts).facts().is_open());
}

#[test]
fn a_failed_refund_made_outside_conveyor_is_not_owed() {
    let mut facts = delivered_order();
    facts.push(publish::<PaymentsEvent>(3, refund("foreign.re_1", RefundCause::Foreign)));
    assert!(order_after(&facts).facts().is_open());
    facts.push(publish::<PaymentsEvent>(4, refund_failed("foreign.re_1")));
    assert!(!order_after(&facts).facts().is_open());
    assert_eq!(order_after(&facts).attention(), []);
}

/// An operator acts only on a failure without an automatic retry.
#[test]
fn a_refund_with_automatic_retries_raises_attention_only_when_abandoned() {
    let mut facts = delivered_order();
    facts.push(publish::<PaymentsEvent>(3, refund("g", RefundCause::Goodwill)));
    facts.push(publish::<PaymentsEvent>(4, RefundFailed { again: true, ..refund_failed("g") }));
    assert_eq!(order_after(&facts).attention(), []);
    assert!(order_after(&facts).facts().is_open(), "it is still owed");
    facts.push(publish::<PaymentsEvent>(5, replacement("g.2", "g", RefundCause::Goodwill)));
    facts.push(publish::<PaymentsEvent>(6, refund_failed("g.2")));
    let backwards: Vec<Message> = facts.iter().rev().cloned().collect();
    for facts in [&facts, &backwards] {
        assert_eq!(order_after(facts).attention(), [Attention::RefundFailed]);
    }
}

/// A refused refund was not made; if a success is reported after all, the money has left. A reversed refund is money that is
/// back with us.
#[test]
fn a_refused_refund_that_succeeds_counts_and_a_reversed_one_does_not() {
    let mut facts = delivered_order();
    facts.push(publish::<PaymentsEvent>(3, refund("g", RefundCause::Goodwill)));
    facts.push(publish::<PaymentsEvent>(4, RefundFailed { refused: true, ..refund_failed("g") }));
    assert_eq!(order_after(&facts).attention(), [Attention::RefundFailed]);
    facts.push(publish::<PaymentsEvent>(5, refunded("g")));
    let backwards: Vec<Message> = facts.iter().rev().cloned().collect();
    for facts in [&facts, &backwards] {
        assert_eq!(order_after(facts).attention(), []);
        assert_eq!(order_after(facts).facts().refunded(), Amount::minor(1900));
        assert!(!order_after(facts).facts().is_open());
    }
    facts.push(publish::<PaymentsEvent>(6, refund_failed("g")));
    assert_eq!(order_after(&facts).facts().refunded(), Amount::ZERO);
    assert_eq!(order_after(&facts).attention(), [Attention::RefundFailed]);
}

/// An abandoned refund is owed until all captured money has left, by another refund or a lost dispute.
#[test]
fn an_abandoned_refund_is_not_owed_once_no_money_is_left() {
    let mut abandoned = delivered_order();
    abandoned.push(publish::<PaymentsEvent>(3, refund("goodwill.1", RefundCause::Goodwill)));
    abandoned.push(publish::<PaymentsEvent>(4, refund_failed("goodwill.1")));
    assert_eq!(order_after(&abandoned).attention(), [Attention::RefundFailed]);
    let everything = [
        publish::<PaymentsEvent>(5, refund("returned", RefundCause::Returned)),
        publish::<PaymentsEvent>(6, refunded("returned")),
    ];
    let to_the_bank = [publish::<PaymentsEvent>(5, disputed(DisputeOutcome::Lost))];
    for gone in [&everything[..], &to_the_bank] {
        let facts: Vec<Message> = abandoned.iter().chain(gone).cloned().collect();
        let backwards: Vec<Message> = facts.iter().rev().cloned().collect();
        for facts in [facts, backwards] {
            assert_eq!(order_after(&facts).attention(), []);
            assert!(!order_after(&facts).facts().is_open());
        }
    }
    let in_part = PaymentDisputed { amount: Amount::minor(900), ..disputed(DisputeOutcome::Lost) };
    abandoned.push(publish::<PaymentsEvent>(5, in_part));
    assert_eq!(order_after(&abandoned).attention(), [Attention::RefundFailed], "a part is still with us");
    abandoned.extend(everything);
    abandoned.push(publish::<PaymentsEvent>(7, refund_failed("returned")));
    assert!(order_after(&abandoned).facts().is_open(), "owed again after the other refund was reversed");
}

/// A provider refuses to refund what the bank holds. Once the bank keeps it, nothing is owed.
#[test]
fn a_lost_dispute_over_everything_settles_a_cancellation() {
    let mut facts = cancelled_order();
    facts.retain(|message| !matches!(message.event, Event::Payments(PaymentsEvent::PaymentRefunded(_))));
    facts.push(publish::<PaymentsEvent>(5, refund_failed("r1")));
    assert_eq!(order_after(&facts).status(), OrderStatus::Cancelling);
    facts.push(publish::<PaymentsEvent>(6, disputed(DisputeOutcome::Lost)));
    let order = order_after(&facts);
    assert_eq!((order.status(), order.attention()), (OrderStatus::Cancelled, Vec::new()));
    assert!(!order.facts().is_open());
}
