//! Which event may follow in a payment: every stage, every intent, every state of a dispute.

use super::*;
use crate::testing::payment::{CAPTURED, after, apply, order_paid, requested};
use events::{Amount, Currency};
use testkit::eur;

fn ours() -> IntentId {
    IntentId::Stripe("pi_1".to_owned())
}

fn capture() -> Capture {
    Capture { intent: ours(), amount: Amount::minor(CAPTURED), currency: eur(), reference: None }
}

fn refund(name: &str, cause: RefundCause, amount: u64) -> RefundRequested {
    RefundRequested {
        refund_id: RefundId::try_from(name).unwrap(),
        cause,
        amount: Amount::minor(amount),
        captured: None,
        reference: None,
        instead_of: None,
        reason: None,
    }
}

fn disputed(inquiry: bool, outcome: DisputeOutcome) -> PaymentDisputed {
    let amount = Amount::minor(CAPTURED);
    PaymentDisputed { dispute_id: "dp_1".to_owned(), outcome, amount, inquiry, evidence_due_by: None }
}

/// A payment in each stage after its request.
fn every_stage() -> [(&'static str, Payment); 5] {
    let cancelling = PaymentCancellationRequested { cause: CancelCause::Cancelled, code: None };
    [
        ("open", after([requested().into()])),
        ("cancelling", after([requested().into(), cancelling.into()])),
        ("paid", after([requested().into(), order_paid().into()])),
        ("failed", after([requested().into(), PaymentFailed { code: "declined".to_owned() }.into()])),
        ("cancelled", after([requested().into(), PaymentCancelled { cause: CancelCause::Expired }.into()])),
    ]
}

#[test]
fn an_action_is_required_once_and_only_of_the_recorded_open_intent() {
    let other = IntentId::Stripe("pi_2".to_owned());
    for (stage, payment) in every_stage() {
        assert_eq!(payment.decide_action_required(&ours()).is_some(), stage == "open", "{stage}");
        assert_eq!(payment.decide_action_required(&other), None, "{stage}");
    }
    let (_, mut open) = every_stage().into_iter().next().unwrap();
    let event = open.decide_action_required(&ours()).unwrap();
    apply(&mut open, event);
    assert_eq!(open.decide_action_required(&ours()), None);
    assert_eq!(Payment::default().decide_action_required(&ours()), None);
}

#[test]
fn a_decline_and_an_end_count_only_of_the_recorded_intent() {
    let other = IntentId::Stripe("pi_2".to_owned());
    for (stage, payment) in every_stage() {
        assert_eq!(payment.decide_declined(&other, "no_money"), None, "{stage}");
        assert_eq!(payment.decide_declined(&ours(), "no_money").is_some(), stage == "open", "{stage}");
        assert_eq!(payment.decide_cancelled(&other), None, "{stage}");
        let ends = matches!(stage, "open" | "cancelling");
        assert_eq!(payment.decide_cancelled(&ours()).is_some(), ends, "{stage}");
        assert_eq!(payment.check_recorded(&ours()), Ok(()), "{stage}");
        assert!(payment.check_recorded(&other).is_err(), "{stage}");
    }
    assert!(Payment::default().check_recorded(&ours()).is_err());
}

#[test]
fn only_the_requested_amount_and_currency_pay_the_order() {
    for (stage, payment) in every_stage() {
        let other_currency = Capture { currency: Currency::try_from("USD".to_owned()).unwrap(), ..capture() };
        assert!(payment.decide_captured(&other_currency).is_err(), "{stage}");
        let other_intent = Capture { intent: IntentId::Stripe("pi_2".to_owned()), ..capture() };
        assert!(payment.decide_captured(&other_intent).is_err(), "{stage}");
        let decided = payment.decide_captured(&capture());
        match stage {
            "open" => assert_eq!(decided, Ok(Some(order_paid().into()))),
            "paid" => assert_eq!(decided, Ok(None)),
            _ => {
                let Ok(Some(PaymentsEvent::RefundRequested(request))) = decided else { panic!("{stage}") };
                assert_eq!(
                    (request.cause, request.amount, request.captured),
                    (RefundCause::LateCapture, Amount::minor(CAPTURED), Some(Amount::minor(CAPTURED))),
                    "{stage}"
                );
            }
        }
    }
    let (_, open) = every_stage().into_iter().next().unwrap();
    for amount in [CAPTURED - 1, CAPTURED + 1] {
        assert!(open.decide_captured(&Capture { amount: Amount::minor(amount), ..capture() }).is_err());
    }
}

/// A dispute holds the money of a compensation. Once it is won, that money is refunded after all.
#[test]
fn the_money_of_a_won_dispute_is_refunded_once_and_only_if_everything_is_owed() {
    let compensated = |outcome, inquiry| {
        let compensation = refund("cancelled", RefundCause::Cancelled, 0);
        after([
            requested().into(),
            order_paid().into(),
            disputed(false, DisputeOutcome::Opened).into(),
            compensation.into(),
            disputed(inquiry, outcome).into(),
        ])
    };
    let mut won = compensated(DisputeOutcome::Won, false);
    let request = won.decide_after_dispute("dp_1").unwrap().unwrap();
    let PaymentsEvent::RefundRequested(ref wanted) = request else { panic!("{request:?}") };
    assert_eq!(
        (wanted.refund_id.as_str(), wanted.cause, wanted.amount),
        ("dispute.dp_1", RefundCause::Cancelled, Amount::minor(CAPTURED))
    );
    assert_eq!(won.decide_after_dispute("dp_2"), Ok(None), "no such dispute");
    apply(&mut won, request);
    assert_eq!(won.decide_after_dispute("dp_1"), Ok(None), "it is requested already");
    // It failed: its money is refundable again, and another request replaces it, not a second one of this id.
    let failed = won.decide_refund_refused(&RefundId::try_from("dispute.dp_1").unwrap(), "no").unwrap();
    apply(&mut won, failed);
    assert_eq!(won.decide_after_dispute("dp_1"), Ok(None));

    for (outcome, inquiry) in [
        (DisputeOutcome::Opened, false),
        (DisputeOutcome::Lost, false),
        (DisputeOutcome::Opened, true),
        (DisputeOutcome::Won, true),
    ] {
        let decided = compensated(outcome, inquiry).decide_after_dispute("dp_1");
        assert_eq!(decided, Ok(None), "{outcome:?} {inquiry}");
    }
    let mut kept =
        after([requested().into(), order_paid().into(), disputed(false, DisputeOutcome::Won).into()]);
    assert_eq!(kept.decide_after_dispute("dp_1"), Ok(None), "the goods are kept");
    apply(&mut kept, refund("returned", RefundCause::Returned, CAPTURED));
    assert_eq!(kept.decide_after_dispute("dp_1"), Ok(None), "nothing is left to request");
}

#[test]
fn a_dispute_only_moves_forward() {
    let report = |inquiry, outcome, due: Option<i64>| DisputeReport {
        dispute_id: "dp_1".to_owned(),
        outcome,
        amount: Amount::minor(CAPTURED),
        inquiry,
        evidence_due_by: due.map(|second| jiff::Timestamp::from_second(second).unwrap()),
    };
    // Each as (inquiry, outcome), in the order in which a dispute passes them.
    let path = [
        (true, DisputeOutcome::Opened),
        (true, DisputeOutcome::Won),
        (false, DisputeOutcome::Opened),
        (false, DisputeOutcome::Lost),
    ];
    for (known, (inquiry, outcome)) in path.into_iter().enumerate() {
        let payment = after([requested().into(), order_paid().into(), disputed(inquiry, outcome).into()]);
        for (next, (inquiry, outcome)) in path.into_iter().enumerate() {
            let decided = payment.decide_disputed(&report(inquiry, outcome, None)).unwrap();
            assert_eq!(decided.is_some(), next > known, "from {known} to {next}");
        }
        // The date by which the bank wants the evidence is recorded once, and only while evidence can be sent.
        let decided = payment.decide_disputed(&report(inquiry, outcome, Some(1))).unwrap();
        assert_eq!(decided.is_some(), outcome == DisputeOutcome::Opened, "{known}");
        if let Some(event) = decided {
            let mut dated = payment.clone();
            apply(&mut dated, event);
            assert_eq!(dated.decide_disputed(&report(inquiry, outcome, Some(2))), Ok(None), "{known}");
        }
    }
    let lost = after([requested().into(), order_paid().into(), disputed(false, DisputeOutcome::Lost).into()]);
    assert!(lost.decide_disputed(&report(false, DisputeOutcome::Won, None)).is_err(), "decided otherwise");
}
