//! The ledger's sums: what is free, what is owed, and how often it is asked for.

use super::*;

fn ledger(captured: u64) -> Ledger {
    let mut ledger = Ledger::default();
    ledger.capture(Amount::minor(captured), None);
    ledger
}

fn id(text: &str) -> RefundId {
    RefundId::try_from(text).unwrap()
}

fn ask(ledger: &mut Ledger, name: &str, cause: RefundCause, amount: u64, instead_of: Option<&str>) {
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
fn what_is_open_refunded_or_held_is_not_free() {
    let mut ledger = ledger(100);
    ask(&mut ledger, "a", RefundCause::Goodwill, 30, None);
    assert_eq!(ledger.free(), Amount::minor(70));
    ledger.succeed(&id("a"), None);
    assert_eq!((ledger.free(), ledger.refunded()), (Amount::minor(70), Amount::minor(30)));
    let dispute =
        |outcome| PaymentDisputed { dispute_id: "d".to_owned(), outcome, amount: Amount::minor(50) };
    ledger.dispute_is(&dispute(DisputeOutcome::Opened));
    assert!(ledger.admits(Amount::minor(20)) && !ledger.admits(Amount::minor(21)));
    ledger.dispute_is(&dispute(DisputeOutcome::Won));
    assert_eq!(ledger.free(), Amount::minor(70));
}

#[test]
fn a_failed_goodwill_is_asked_for_again_as_itself() {
    let mut ledger = ledger(100);
    ask(&mut ledger, "g", RefundCause::Goodwill, 30, None);
    ledger.fail(&id("g"), false);
    let again = ledger.again(&id("g")).unwrap();
    assert_eq!((again.amount, again.cause, again.attempt), (Amount::minor(30), RefundCause::Goodwill, 2));
}

#[test]
fn after_a_compensation_of_nothing_a_failed_goodwill_is_owed_in_full() {
    let mut ledger = ledger(100);
    ask(&mut ledger, "g", RefundCause::Goodwill, 100, None);
    ask(&mut ledger, "cancelled", RefundCause::Cancelled, 0, None);
    ledger.succeed(&id("cancelled"), None);
    ledger.fail(&id("g"), false);
    assert_eq!(ledger.again(&id("g")).unwrap().amount, Amount::minor(100));
}

#[test]
fn a_foreign_refund_that_failed_is_nobodys_wish_here() {
    let mut ledger = ledger(100);
    ask(&mut ledger, "foreign.re_1", RefundCause::Foreign, 40, None);
    ledger.fail(&id("foreign.re_1"), false);
    assert_eq!(ledger.again(&id("foreign.re_1")), None);
}

#[test]
fn three_attempts_are_enough() {
    let mut ledger = ledger(100);
    ask(&mut ledger, "c", RefundCause::Cancelled, 100, None);
    ledger.fail(&id("c"), false);
    ask(&mut ledger, "c.2", RefundCause::Cancelled, 100, Some("c"));
    assert_eq!(ledger.again(&id("c")), None, "asked for again already");
    ledger.fail(&id("c.2"), false);
    assert_eq!(ledger.again(&id("c.2")).map(|again| (again.root, again.attempt)), Some((id("c"), 3)));
    ask(&mut ledger, "c.3", RefundCause::Cancelled, 100, Some("c.2"));
    ledger.fail(&id("c.3"), false);
    assert_eq!(ledger.again(&id("c.3")), None);
}
