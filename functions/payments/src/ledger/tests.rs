//! The ledger's sums: what is refundable, what is owed, and how often a refund is retried.

use super::*;
use events::DisputeOutcome;

fn ledger(captured: u64) -> Ledger {
    let mut ledger = Ledger::default();
    ledger.capture(Amount::minor(captured), None);
    ledger
}

fn id(text: &str) -> RefundId {
    RefundId::try_from(text).unwrap()
}

fn request(ledger: &mut Ledger, name: &str, cause: RefundCause, amount: u64, instead_of: Option<&str>) {
    ledger.request(&RefundRequested {
        refund_id: id(name),
        cause,
        amount: Amount::minor(amount),
        captured: None,
        reference: None,
        instead_of: instead_of.map(id),
        reason: None,
    });
}

#[test]
fn what_is_requested_refunded_or_held_is_not_refundable() {
    let mut ledger = ledger(100);
    request(&mut ledger, "a", RefundCause::Goodwill, 30, None);
    assert_eq!(ledger.refundable(), Amount::minor(70));
    ledger.succeed(&id("a"), None);
    assert_eq!((ledger.refundable(), ledger.refunded()), (Amount::minor(70), Amount::minor(30)));
    let dispute = |inquiry, outcome| PaymentDisputed {
        dispute_id: "d".to_owned(),
        outcome,
        amount: Amount::minor(50),
        inquiry,
        evidence_due_by: None,
    };
    ledger.set_dispute(&dispute(true, DisputeOutcome::Opened));
    assert_eq!((ledger.held(), ledger.refundable()), (Amount::ZERO, Amount::minor(70)));
    ledger.set_dispute(&dispute(false, DisputeOutcome::Opened));
    assert_eq!(ledger.held(), Amount::minor(50));
    assert!(ledger.admits(Amount::minor(20)) && !ledger.admits(Amount::minor(21)));
    ledger.set_dispute(&dispute(false, DisputeOutcome::Won));
    assert_eq!(ledger.refundable(), Amount::minor(70));
}

#[test]
fn a_failed_goodwill_refund_is_retried_as_goodwill() {
    let mut ledger = ledger(100);
    request(&mut ledger, "g", RefundCause::Goodwill, 30, None);
    ledger.fail(&id("g"), false);
    let retry = ledger.automatic_retry(&id("g")).unwrap();
    assert_eq!((retry.amount, retry.cause, retry.attempt), (Amount::minor(30), RefundCause::Goodwill, 2));
}

#[test]
fn after_a_compensation_of_zero_a_failed_goodwill_refund_is_owed_in_full() {
    let mut ledger = ledger(100);
    request(&mut ledger, "g", RefundCause::Goodwill, 100, None);
    request(&mut ledger, "cancelled", RefundCause::Cancelled, 0, None);
    ledger.succeed(&id("cancelled"), None);
    ledger.fail(&id("g"), false);
    assert_eq!(ledger.automatic_retry(&id("g")).unwrap().amount, Amount::minor(100));
}

#[test]
fn a_failed_foreign_refund_is_not_retried() {
    let mut ledger = ledger(100);
    request(&mut ledger, "foreign.re_1", RefundCause::Foreign, 40, None);
    ledger.fail(&id("foreign.re_1"), false);
    assert_eq!(ledger.automatic_retry(&id("foreign.re_1")), None);
}

#[test]
fn three_attempts_are_enough() {
    let mut ledger = ledger(100);
    request(&mut ledger, "c", RefundCause::Cancelled, 100, None);
    ledger.fail(&id("c"), false);
    request(&mut ledger, "c.2", RefundCause::Cancelled, 100, Some("c"));
    assert_eq!(ledger.automatic_retry(&id("c")), None, "it has a replacement already");
    ledger.fail(&id("c.2"), false);
    assert_eq!(
        ledger.automatic_retry(&id("c.2")).map(|retry| (retry.root, retry.attempt)),
        Some((id("c"), 3))
    );
    request(&mut ledger, "c.3", RefundCause::Cancelled, 100, Some("c.2"));
    ledger.fail(&id("c.3"), false);
    assert_eq!(ledger.automatic_retry(&id("c.3")), None);
}

#[test]
fn only_refunds_that_people_made_outside_leave_nothing_unexplained() {
    let part = RefundCause::Foreign;
    for (refunds, expected) in [
        (&[(part, 100)][..], true),
        (&[(part, 40), (part, 60)], true),
        (&[(RefundCause::Goodwill, 40), (part, 60)], true),
        (&[(part, 40), (RefundCause::Goodwill, 60)], true),
        (&[(part, 99)], false),
        (&[(RefundCause::Goodwill, 100)], false),
        (&[(RefundCause::Cancelled, 100)], false),
        (&[(part, 40), (RefundCause::OutOfStock, 60)], false),
        (&[(RefundCause::ShippingFailed, 0), (part, 100)], false),
    ] {
        let mut ledger = ledger(100);
        for (n, (cause, amount)) in refunds.iter().enumerate() {
            assert!(!ledger.is_foreign_in_full());
            request(&mut ledger, &format!("r{n}"), *cause, *amount, None);
            ledger.succeed(&id(&format!("r{n}")), None);
        }
        assert_eq!(ledger.is_foreign_in_full(), expected, "{refunds:?}");
    }
}
