//! What may be said next about a payment. Every function is pure and says nothing (`None`) when its effect is
//! there already, or when what it was told changes nothing any more.

use super::{Payment, Stage};
use events::{
    Amount, CancelCause, Currency, DisputeOutcome, OrderPaid, PaymentActionRequired,
    PaymentCancellationRequested, PaymentCancelled, PaymentDisputed, PaymentFailed, PaymentRequested,
    PaymentsEvent, RefundCause, RefundId, RefundRequested,
};
use resilience::Failure;

/// The code of an intent that was ended at the provider without our asking.
const ENDED_THERE: &str = "payment_intent_canceled";

/// What the provider says it has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// The intent that took it.
    pub intent_id: String,
    /// How much, in minor units.
    pub amount: Amount,
    /// Of which currency.
    pub currency: Currency,
    /// What its sender calls it, where that is not Stripe, whose intent is one payment.
    pub reference: Option<String>,
}

/// What the provider says about a dispute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisputeReport {
    /// The provider's id of it.
    pub dispute_id: String,
    /// Where it stands.
    pub outcome: DisputeOutcome,
    /// The amount in question, in minor units.
    pub amount: Amount,
}

impl Payment {
    /// The provider holds an intent for the order. Nothing where the payment has begun or ended before.
    pub fn decide_request(&self, terms: &PaymentRequested) -> Option<PaymentsEvent> {
        match self.stage {
            Stage::Unknown => Some(terms.clone().into()),
            Stage::Open { .. }
            | Stage::Cancelling { .. }
            | Stage::Paid { .. }
            | Stage::Failed { .. }
            | Stage::Cancelled { .. } => None,
        }
    }

    /// The provider refused to begin, for good.
    pub fn decide_refused(&self, code: &str) -> Option<PaymentsEvent> {
        match self.stage {
            Stage::Unknown => Some(PaymentFailed { code: code.to_owned() }.into()),
            Stage::Open { .. }
            | Stage::Cancelling { .. }
            | Stage::Paid { .. }
            | Stage::Failed { .. }
            | Stage::Cancelled { .. } => None,
        }
    }

    /// The provider took money. Only the recorded intent, with equal amount and currency, pays the order; money
    /// that comes after the end goes back. Anything else is for a person.
    pub fn decide_captured(&self, capture: &Capture) -> Result<Option<PaymentsEvent>, Failure> {
        let Some(terms) = self.stage.terms().filter(|terms| terms.intent_id == capture.intent_id) else {
            return Err(Failure::reject(format!(
                "{} took money and is not the intent recorded for this order; refund it at the provider",
                capture.intent_id
            )));
        };
        if terms.currency != capture.currency {
            return Err(Failure::reject(
                "money was taken in another currency than asked for; look at the provider",
            ));
        }
        match &self.stage {
            Stage::Open { .. } if terms.amount != capture.amount => Err(Failure::reject(format!(
                "{} was taken where {} was asked for; look at the provider",
                capture.amount, terms.amount
            ))),
            Stage::Open { .. } => Ok(Some(
                OrderPaid {
                    intent_id: capture.intent_id.clone(),
                    amount: capture.amount,
                    currency: capture.currency,
                    lines: terms.lines.clone(),
                    reference: capture.reference.clone(),
                }
                .into(),
            )),
            Stage::Cancelling { .. } | Stage::Failed { .. } | Stage::Cancelled { .. } => {
                if self.ledger.has(RefundCause::LateCapture) {
                    return self.is_no_second(capture);
                }
                let request = RefundRequested {
                    refund_id: refund_id(name(RefundCause::LateCapture))?,
                    cause: RefundCause::LateCapture,
                    amount: self.ledger.free_of(capture.amount),
                    captured: Some(capture.amount),
                    reference: capture.reference.clone(),
                    instead_of: None,
                    reason: None,
                };
                Ok(Some(request.into()))
            }
            Stage::Paid { .. } => self.is_no_second(capture),
            Stage::Unknown => Ok(None),
        }
    }

    /// The payment that is known already is told once more, or the customer has paid twice.
    fn is_no_second(&self, capture: &Capture) -> Result<Option<PaymentsEvent>, Failure> {
        if self.ledger.may_be(capture.amount, capture.reference.as_deref()) {
            return Ok(None);
        }
        Err(Failure::reject(
            "money was received for this order before, under another reference or of another amount; give this back where \
             it came",
        ))
    }

    /// The bank waits for the customer.
    pub fn decide_action_required(&self, intent_id: &str) -> Option<PaymentsEvent> {
        match &self.stage {
            Stage::Open { terms, action_required: false } if terms.intent_id == intent_id => {
                Some(PaymentActionRequired { intent_id: intent_id.to_owned() }.into())
            }
            Stage::Open { .. }
            | Stage::Unknown
            | Stage::Cancelling { .. }
            | Stage::Paid { .. }
            | Stage::Failed { .. }
            | Stage::Cancelled { .. } => None,
        }
    }

    /// The bank said no. The intent could still pay by another card, so it is ended first.
    pub fn decide_declined(&self, intent_id: &str, code: &str) -> Option<PaymentsEvent> {
        let is_ours = self.stage.terms().is_some_and(|terms| terms.intent_id == intent_id);
        if is_ours { self.end(CancelCause::Declined, Some(code.to_owned())) } else { None }
    }

    /// It was not paid in time, and the provider has not taken the money.
    pub fn decide_expired(&self) -> Option<PaymentsEvent> {
        self.end_or_tombstone(CancelCause::Expired)
    }

    /// The provider reports the intent as cancelled.
    pub fn decide_cancelled_there(&self, intent_id: &str) -> Option<PaymentsEvent> {
        if self.stage.terms().is_none_or(|terms| terms.intent_id != intent_id) {
            return None;
        }
        match &self.stage {
            Stage::Cancelling { cause: CancelCause::Declined, code, .. } => {
                let code = code.clone().unwrap_or_else(|| "card_declined".to_owned());
                Some(PaymentFailed { code }.into())
            }
            Stage::Cancelling { cause: cause @ (CancelCause::Cancelled | CancelCause::Expired), .. } => {
                Some(PaymentCancelled { cause: *cause }.into())
            }
            // Somebody ended it at the provider: the order cannot be paid any more.
            Stage::Open { .. } => Some(PaymentFailed { code: ENDED_THERE.to_owned() }.into()),
            Stage::Unknown | Stage::Paid { .. } | Stage::Failed { .. } | Stage::Cancelled { .. } => None,
        }
    }

    /// The order came to nothing: money that was taken goes back, an open payment ends, and one that has not
    /// begun never will.
    pub fn decide_compensation(&self, cause: RefundCause) -> Result<Option<PaymentsEvent>, Failure> {
        match &self.stage {
            Stage::Paid { .. } => self.ask_for_everything(cause),
            Stage::Unknown
            | Stage::Open { .. }
            | Stage::Cancelling { .. }
            | Stage::Failed { .. }
            | Stage::Cancelled { .. } => Ok(self.end_or_tombstone(CancelCause::Cancelled)),
        }
    }

    /// The goods came back.
    pub fn decide_returned(&self) -> Result<Option<PaymentsEvent>, Failure> {
        match &self.stage {
            Stage::Paid { .. } => self.ask_for_everything(RefundCause::Returned),
            Stage::Unknown
            | Stage::Open { .. }
            | Stage::Cancelling { .. }
            | Stage::Failed { .. }
            | Stage::Cancelled { .. } => Ok(None),
        }
    }

    /// The provider reports a dispute. It only moves forward: opened, then won or lost.
    pub fn decide_disputed(&self, report: &DisputeReport) -> Option<PaymentsEvent> {
        let news = match self.ledger.dispute(&report.dispute_id).map(|known| known.outcome) {
            None => true,
            Some(DisputeOutcome::Opened) => report.outcome != DisputeOutcome::Opened,
            Some(DisputeOutcome::Won | DisputeOutcome::Lost) => false,
        };
        let DisputeReport { dispute_id, outcome, amount } = report.clone();
        news.then(|| PaymentDisputed { dispute_id, outcome, amount }.into())
    }

    /// After a dispute that was won: where everything has to go back, what it had held is asked for. (A failed
    /// goodwill refund is not: whether it is still meant is the shop's to say.)
    pub fn decide_after_dispute(&self, dispute_id: &str) -> Result<Option<PaymentsEvent>, Failure> {
        let won = self.ledger.dispute(dispute_id).is_some_and(|known| known.outcome == DisputeOutcome::Won);
        let id = refund_id(&format!("dispute.{dispute_id}"))?;
        let amount = self.ledger.free();
        let Some(cause) = self.ledger.returns_everything() else { return Ok(None) };
        if !won || amount.is_zero() || self.ledger.refund(&id).is_some() {
            return Ok(None);
        }
        let request = RefundRequested {
            refund_id: id,
            cause,
            amount,
            captured: None,
            reference: None,
            instead_of: None,
            reason: None,
        };
        Ok(Some(request.into()))
    }

    /// Asks for all that can go back, once for each cause. Nothing is a valid amount: should another refund fail
    /// later, this request says that its money is owed.
    fn ask_for_everything(&self, cause: RefundCause) -> Result<Option<PaymentsEvent>, Failure> {
        if self.ledger.has(cause) {
            return Ok(None);
        }
        let (refund_id, amount) = (refund_id(name(cause))?, self.ledger.free());
        Ok(Some(
            RefundRequested {
                refund_id,
                cause,
                amount,
                captured: None,
                reference: None,
                instead_of: None,
                reason: None,
            }
            .into(),
        ))
    }

    fn end_or_tombstone(&self, cause: CancelCause) -> Option<PaymentsEvent> {
        match self.stage {
            Stage::Unknown => Some(PaymentCancelled { cause }.into()),
            Stage::Open { .. }
            | Stage::Cancelling { .. }
            | Stage::Paid { .. }
            | Stage::Failed { .. }
            | Stage::Cancelled { .. } => self.end(cause, None),
        }
    }

    fn end(&self, cause: CancelCause, code: Option<String>) -> Option<PaymentsEvent> {
        match self.stage {
            Stage::Open { .. } => Some(PaymentCancellationRequested { cause, code }.into()),
            Stage::Unknown
            | Stage::Cancelling { .. }
            | Stage::Paid { .. }
            | Stage::Failed { .. }
            | Stage::Cancelled { .. } => None,
        }
    }
}

/// The id of the first refund for a cause.
const fn name(cause: RefundCause) -> &'static str {
    match cause {
        RefundCause::OutOfStock => "out_of_stock",
        RefundCause::ShippingFailed => "shipping_failed",
        RefundCause::Cancelled => "cancelled",
        RefundCause::LateCapture => "late_capture",
        RefundCause::Returned => "returned",
        RefundCause::Goodwill => "goodwill",
        RefundCause::Foreign => "foreign",
    }
}

pub(super) fn refund_id(text: &str) -> Result<RefundId, Failure> {
    RefundId::try_from(text).map_err(Failure::reject)
}
