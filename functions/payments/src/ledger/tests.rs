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

/// The message of the failure may come again, late, when the order is compensated.
#[test]
fn a_failed_foreign_refund_is_replaced_only_if_something_is_owed() {
    for (compensated, expected) in [(100, None), (60, Some(Amount::minor(40)))] {
        let mut ledger = ledger(100);
        request(&mut ledger, "foreign.re_1", RefundCause::Foreign, 40, None);
        request(&mut ledger, "cancelled", RefundCause::Cancelled, compensated, None);
        ledger.succeed(&id("cancelled"), None);
        ledger.fail(&id("foreign.re_1"), false);
        let retry = ledger.automatic_retry(&id("foreign.re_1"));
        assert_eq!(retry.map(|retry| retry.amount), expected, "{compensated}");
    }
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

/// A report names the provider's id, and our id if the provider holds it.
#[test]
fn a_report_means_the_refund_of_its_ids() {
    let mut ledger = ledger(100);
    request(&mut ledger, "a", RefundCause::Goodwill, 30, None);
    request(&mut ledger, "b", RefundCause::Goodwill, 30, None);
    let meant = |ledger: &Ledger, provider: &str, ours: Option<&str>, succeeded| {
        let ours = ours.map(id);
        let refund = ledger.meant_by(provider, ours.as_ref(), succeeded);
        refund.map(|refund| refund.request.refund_id.to_string())
    };
    assert_eq!(meant(&ledger, "re_1", Some("a"), true).as_deref(), Some("a"));
    assert_eq!(meant(&ledger, "re_1", Some("c"), true), None);
    assert_eq!(meant(&ledger, "re_1", None, true), None);
    ledger.succeed(&id("a"), Some("re_1"));
    assert_eq!(meant(&ledger, "re_1", None, false).as_deref(), Some("a"), "by the provider's id alone");
    assert_eq!(meant(&ledger, "re_1", Some("b"), true).as_deref(), Some("a"), "the provider's id decides");
    assert_eq!(meant(&ledger, "re_2", Some("a"), true), None, "a second refund under our id is another one");
}

/// A call whose outcome we never saw may succeed after its refund was refused and replaced.
#[test]
fn a_late_success_is_credited_to_the_replacement_unless_that_is_paid() {
    let replaced = |amount| {
        let mut ledger = ledger(100);
        request(&mut ledger, "c", RefundCause::Cancelled, 100, None);
        ledger.fail(&id("c"), true);
        request(&mut ledger, "c.2", RefundCause::Cancelled, amount, Some("c"));
        ledger
    };
    let meant = |ledger: &Ledger, succeeded| {
        ledger.meant_by("re_1", Some(&id("c")), succeeded).map(|refund| refund.request.refund_id.to_string())
    };
    assert_eq!(meant(&replaced(100), true).as_deref(), Some("c.2"));
    assert_eq!(meant(&replaced(100), false).as_deref(), Some("c"), "a failure changes nothing");
    assert_eq!(meant(&replaced(99), true).as_deref(), Some("c"), "the amounts differ");
    let mut paid = replaced(100);
    paid.succeed(&id("c.2"), Some("re_2"));
    assert_eq!(meant(&paid, true).as_deref(), Some("c"), "the replacement was paid, so this money left too");
    let mut reversed = ledger(100);
    request(&mut reversed, "c", RefundCause::Cancelled, 100, None);
    reversed.fail(&id("c"), false);
    request(&mut reversed, "c.2", RefundCause::Cancelled, 100, Some("c"));
    assert_eq!(meant(&reversed, true).as_deref(), Some("c"), "it was made once, and cannot be made late");
}

#[test]
fn a_report_without_our_id_means_the_newest_owed_refund_of_its_amount() {
    let mut ledger = ledger(100);
    for (name, amount) in [("a", 30), ("b", 30), ("c", 20)] {
        request(&mut ledger, name, RefundCause::Goodwill, amount, None);
    }
    assert_eq!(ledger.newest_owed(Amount::minor(30), "t1"), Some(id("b")));
    assert_eq!(ledger.newest_owed(Amount::minor(31), "t1"), None);
    ledger.succeed(&id("b"), Some("t1"));
    assert_eq!(ledger.newest_owed(Amount::minor(30), "t1"), None, "the report is known");
    assert_eq!(ledger.newest_owed(Amount::minor(30), "t2"), Some(id("a")));
    ledger.fail(&id("a"), false);
    assert_eq!(ledger.newest_owed(Amount::minor(30), "t2"), None, "it failed after it was made");
}

#[test]
fn a_retry_names_the_first_refund_of_its_chain_and_waits_longer_each_time() {
    let mut ledger = ledger(100);
    request(&mut ledger, "other", RefundCause::Goodwill, 10, None);
    request(&mut ledger, "g", RefundCause::Goodwill, 30, None);
    let first = Duration::from_mins(1);
    ledger.fail(&id("g"), false);
    let retry = ledger.retry_of(&id("g")).unwrap();
    assert_eq!((retry.root.as_str(), retry.attempt, retry.wait(first)), ("g", 2, first));
    let second = retry.request(&id("g")).unwrap();
    assert_eq!((second.refund_id.as_str(), &second.instead_of), ("g.2", &Some(id("g"))));
    ledger.request(&second);
    assert_eq!(ledger.newest(&id("g")).map(|refund| refund.request.refund_id.clone()), Some(id("g.2")));
    ledger.fail(&id("g.2"), true);
    let retry = ledger.retry_of(&id("g.2")).unwrap();
    assert_eq!((retry.root.as_str(), retry.attempt, retry.wait(first)), ("g", 3, first * 10));
    assert_eq!(ledger.retry_of(&id("other")), None, "it did not fail");
    assert_eq!(ledger.retry_of(&id("none")), None);
}

#[test]
fn the_same_payment_has_the_same_reference_and_amount() {
    let mut ledger = Ledger::default();
    ledger.capture(Amount::minor(100), Some("t1"));
    let same = |amount, reference| ledger.is_same_payment(Amount::minor(amount), reference);
    assert!(same(100, Some("t1")) && same(100, None) && same(99, None));
    assert!(!same(100, Some("t2")) && !same(99, Some("t1")));
}
