//! Operators' requests in every state of a payment, and beside every other refund.

use super::*;
use crate::ledger::Settled;
use crate::provider::{DisputeReport, RefundReport};
use crate::testing::payment::{CAPTURED, after, apply, order_paid, requested};
use events::{Currency, DisputeOutcome, OrderPaid, PaymentRequested, RefundFailed};
use fastrand::Rng;
use std::time::Duration;
use testkit::eur;

const LONG_AFTER: Duration = Duration::from_hours(1);

fn open() -> Payment {
    after([requested().into()])
}

fn paid() -> Payment {
    after([requested().into(), order_paid().into()])
}

fn id(text: &str) -> RefundId {
    RefundId::try_from(text).unwrap()
}

/// Applies what was decided, if anything was.
fn follow<E: std::fmt::Debug>(
    payment: &mut Payment,
    decided: Result<Option<PaymentsEvent>, E>,
) -> Option<RefundRequested> {
    let event = decided.unwrap()?;
    apply(payment, event.clone());
    let PaymentsEvent::RefundRequested(request) = event else { panic!("{event:?}") };
    Some(request)
}

fn fails(payment: &mut Payment, refund: &str) {
    let event = payment.decide_refund_refused(&id(refund), "declined").unwrap();
    apply(payment, event);
}

#[test]
fn goodwill_is_limited_to_what_is_refundable_and_granted_once() {
    let mut payment = paid();
    let request =
        |payment: &Payment, name, amount| payment.decide_goodwill(&id(name), Amount::minor(amount), "late");
    let first = request(&payment, "g.a", 1000);
    assert_eq!(follow(&mut payment, first).unwrap().reason.as_deref(), Some("late"));
    assert_eq!(request(&payment, "g.a", 1000), Ok(None));
    assert_eq!(request(&payment, "g.a", 999), Err(NotRefunded::DifferentRequest));
    assert_eq!(
        payment.decide_goodwill(&id("g.a"), Amount::minor(1000), "other"),
        Err(NotRefunded::DifferentRequest)
    );
    assert_eq!(
        request(&payment, "g.b", 901),
        Err(NotRefunded::TooMuch { refundable: Amount::minor(900), currency: eur() })
    );
    let rest = request(&payment, "g.b", 900);
    assert!(follow(&mut payment, rest).is_some());
    assert_eq!(payment.ledger.refundable(), Amount::ZERO);
}

/// The provider takes Kuwaiti dinars with a last of three decimals of 0 only.
#[test]
fn a_refund_is_a_multiple_of_the_step_of_its_currency_or_all_that_is_left() {
    let currency = Currency::try_from("KWD").unwrap();
    let payment = after([
        PaymentRequested { currency, amount: Amount::minor(1905), ..requested() }.into(),
        OrderPaid { currency, amount: Amount::minor(1905), ..order_paid() }.into(),
    ]);
    let request = |amount| payment.decide_goodwill(&id("g.a"), Amount::minor(amount), "late");
    assert_eq!(request(1003), Err(NotRefunded::OffStep { currency }));
    assert!(request(1000).unwrap().is_some());
    assert!(request(1905).unwrap().is_some(), "all that is left");
}

#[test]
fn an_unpaid_order_is_not_refunded() {
    let goodwill = |payment: &Payment| payment.decide_goodwill(&id("g.a"), Amount::minor(1), "late");
    assert_eq!(goodwill(&Payment::default()), Err(NotRefunded::NoPayment));
    assert_eq!(goodwill(&open()), Err(NotRefunded::NotPaid));
}

#[test]
fn a_refund_with_a_paid_replacement_is_not_retried() {
    let mut payment = paid();
    let all = payment.decide_compensation(RefundCause::OutOfStock);
    follow(&mut payment, all);
    fails(&mut payment, "out_of_stock");
    let again = payment.decide_refund_again(&id("out_of_stock"), LONG_AFTER, Duration::from_mins(1));
    follow(&mut payment, again);
    assert_eq!(payment.decide_retry(&id("out_of_stock")), Ok(None), "it is under way");
    payment.ledger.succeed(&id("out_of_stock.2"), None);
    assert_eq!(payment.decide_retry(&id("out_of_stock")), Err(NotRefunded::NotFailed));
}

#[test]
fn an_operator_may_retry_a_failed_refund_any_number_of_times() {
    let mut payment = paid();
    let all = payment.decide_compensation(RefundCause::OutOfStock);
    follow(&mut payment, all);
    assert_eq!(payment.decide_retry(&id("out_of_stock")), Err(NotRefunded::NotFailed));
    assert_eq!(payment.decide_retry(&id("another")), Err(NotRefunded::NoRefund));
    for failed in ["out_of_stock", "out_of_stock.2", "out_of_stock.3"] {
        fails(&mut payment, failed);
        let again = payment.decide_refund_again(&id(failed), LONG_AFTER, Duration::from_mins(1));
        assert_eq!(
            follow(&mut payment, again).is_none(),
            failed == "out_of_stock.3",
            "three automatic attempts"
        );
    }
    for (failed, next) in [("out_of_stock.3", "out_of_stock.4"), ("out_of_stock.4", "out_of_stock.5")] {
        let by_its_first_id = payment.decide_retry(&id("out_of_stock"));
        assert_eq!(by_its_first_id, payment.decide_retry(&id(failed)));
        let retried = follow(&mut payment, by_its_first_id).unwrap();
        assert_eq!((retried.refund_id.clone(), retried.instead_of), (id(next), Some(id(failed))));
        assert_eq!((retried.amount, retried.cause), (Amount::minor(CAPTURED), RefundCause::OutOfStock));
        assert_eq!(payment.decide_retry(&id(failed)), Ok(None), "a repeat changes nothing");
        assert_eq!(payment.decide_retry(&id(next)), Err(NotRefunded::NotFailed));
        fails(&mut payment, next);
        let automatic = payment.decide_refund_again(&id(next), LONG_AFTER, Duration::from_mins(1));
        assert_eq!(automatic, Ok(None));
    }
}

#[test]
fn a_retried_refund_requests_no_more_than_is_refundable() {
    let mut payment = paid();
    let goodwill = payment.decide_goodwill(&id("g.a"), Amount::minor(1000), "late");
    follow(&mut payment, goodwill);
    fails(&mut payment, "g.a");
    let other = payment.decide_goodwill(&id("g.b"), Amount::minor(1500), "later");
    follow(&mut payment, other);
    let retried = payment.decide_retry(&id("g.a"));
    let retried = follow(&mut payment, retried).unwrap();
    assert_eq!((retried.amount, retried.reason.as_deref()), (Amount::minor(400), Some("late")));
}

#[test]
fn a_foreign_refund_cannot_be_retried() {
    let mut payment = paid();
    apply(&mut payment, reported("re_1", 300).request());
    apply(
        &mut payment,
        RefundFailed {
            refund_id: id("foreign.re_1"),
            amount: Amount::minor(300),
            code: "x".to_owned(),
            refused: false,
            again: false,
        },
    );
    assert_eq!(payment.decide_retry(&id("foreign.re_1")), Err(NotRefunded::Foreign));
}

/// Whatever the refunds and their order: a request never exceeds what was captured.
#[test]
fn no_mix_of_refunds_requests_more_than_was_captured() {
    for seed in 0..2000 {
        let mut chance = Rng::with_seed(seed);
        let mut payment = paid();
        let mut names: Vec<RefundId> = Vec::new();
        for step in 0..12 {
            let some =
                |names: &[RefundId], chance: &mut Rng| names.get(chance.usize(..names.len().max(1))).cloned();
            let amount = Amount::minor(chance.u64(1..1500));
            let requested = match chance.u8(..8) {
                0 | 1 => {
                    payment.decide_goodwill(&id(&format!("g.{step}")), amount, "late").unwrap_or_default()
                }
                2 => payment.decide_compensation(RefundCause::Cancelled).unwrap(),
                3 => {
                    some(&names, &mut chance).and_then(|name| payment.decide_retry(&name).unwrap_or_default())
                }
                4 => {
                    // A fact is recorded even if it exceeds what is refundable.
                    let left = payment.ledger.captured().less(payment.ledger.refunded()).units();
                    apply(&mut payment, reported(&format!("re_{step}"), chance.u64(..=left)).request());
                    names.push(id(&format!("foreign.re_{step}")));
                    None
                }
                5 => {
                    let outcome = [DisputeOutcome::Opened, DisputeOutcome::Won][chance.usize(..2)];
                    let report = DisputeReport {
                        dispute_id: "dp_1".to_owned(),
                        outcome,
                        amount,
                        inquiry: false,
                        evidence_due_by: None,
                    };
                    if let Ok(Some(event)) = payment.decide_disputed(&report) {
                        apply(&mut payment, event);
                    }
                    payment.decide_after_dispute("dp_1").unwrap()
                }
                6 => {
                    let failed = some(&names, &mut chance);
                    if let Some(event) =
                        failed.and_then(|name| payment.decide_refund_refused(&name, "declined"))
                    {
                        apply(&mut payment, event);
                    }
                    None
                }
                _ => {
                    let done = some(&names, &mut chance);
                    if let Some(event) = done.and_then(|name| payment.decide_refunded(&name, None)) {
                        apply(&mut payment, event);
                    }
                    None
                }
            };
            let refundable = payment.ledger.refundable();
            if let Some(PaymentsEvent::RefundRequested(request)) = requested {
                assert!(request.amount <= refundable, "seed {seed}: {request:?} of {refundable}");
                names.push(request.refund_id.clone());
                apply(&mut payment, request.clone());
                assert_eq!(
                    payment.ledger.refundable(),
                    refundable.less(request.amount),
                    "seed {seed}: it is counted"
                );
            }
        }
    }
}

struct Reported(RefundReport);

fn reported(provider_id: &str, amount: u64) -> Reported {
    Reported(RefundReport {
        provider_id: provider_id.to_owned(),
        refund_id: None,
        amount: Amount::minor(amount),
        settled: Settled::Open,
        code: String::new(),
        may_be_release: false,
    })
}

impl Reported {
    fn request(&self) -> PaymentsEvent {
        Payment::default().decide_refund_report(&self.0).unwrap().unwrap()
    }
}
