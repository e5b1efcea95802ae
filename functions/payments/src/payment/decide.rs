//! Which event may follow in a payment. Every function is pure and returns `None` when its effect is in the stream
//! already, or when what it is given changes nothing any more.

use super::{Payment, Stage};
use crate::provider::IntentId;
use crate::provider::{Capture, DisputeReport};
use events::{
    CancelCause, DisputeOutcome, OrderPaid, PaymentActionRequired, PaymentCancellationRequested,
    PaymentCancelled, PaymentDisputed, PaymentFailed, PaymentRequested, PaymentsEvent, RefundCause, RefundId,
    RefundRequested,
};
use resilience::Failure;

/// The code of an intent that was ended at the provider, and not by us.
const ENDED_THERE: &str = "payment_intent_canceled";

impl Payment {
    /// The provider holds an intent for the order. Nothing if the payment has begun or ended already.
    pub(crate) fn decide_request(&self, terms: &PaymentRequested) -> Option<PaymentsEvent> {
        match self.stage {
            Stage::Unknown => Some(terms.clone().into()),
            Stage::Open { .. }
            | Stage::Cancelling { .. }
            | Stage::Paid { .. }
            | Stage::Failed { .. }
            | Stage::Cancelled { .. } => None,
        }
    }

    /// The provider refused permanently to begin.
    pub(crate) fn decide_refused(&self, code: &str) -> Option<PaymentsEvent> {
        match self.stage {
            Stage::Unknown => Some(PaymentFailed { code: code.to_owned() }.into()),
            Stage::Open { .. }
            | Stage::Cancelling { .. }
            | Stage::Paid { .. }
            | Stage::Failed { .. }
            | Stage::Cancelled { .. } => None,
        }
    }

    /// The provider took money. Only the recorded intent, with equal amount and currency, pays the order. Money that is
    /// taken after the payment's end is refunded. Reject: everything else, which an operator has to settle.
    pub(crate) fn decide_captured(&self, capture: &Capture) -> Result<Option<PaymentsEvent>, Failure> {
        let Some(terms) = self.stage.terms().filter(|terms| capture.intent.is(&terms.intent_id)) else {
            return Err(Failure::reject(format!(
                "{} took money and is not the intent recorded for this order; refund it at the provider",
                capture.intent
            )));
        };
        if terms.currency != capture.currency {
            return Err(Failure::reject(
                "money was taken in another currency than requested; check it at the provider",
            ));
        }
        match &self.stage {
            Stage::Open { .. } if terms.amount != capture.amount => Err(Failure::reject(format!(
                "{} was taken and {} was requested; check it at the provider",
                capture.amount, terms.amount
            ))),
            Stage::Open { .. } => Ok(Some(
                OrderPaid {
                    intent_id: capture.intent.to_string(),
                    amount: capture.amount,
                    currency: capture.currency,
                    lines: terms.lines.clone(),
                    reference: capture.reference.clone(),
                }
                .into(),
            )),
            Stage::Cancelling { .. } | Stage::Failed { .. } | Stage::Cancelled { .. } => {
                if self.ledger.has(RefundCause::LateCapture) {
                    return self.check_not_second_payment(capture);
                }
                let request = RefundRequested {
                    refund_id: refund_id(name(RefundCause::LateCapture))?,
                    cause: RefundCause::LateCapture,
                    amount: self.ledger.refundable_of(capture.amount),
                    captured: Some(capture.amount),
                    reference: capture.reference.clone(),
                    instead_of: None,
                    reason: None,
                };
                Ok(Some(request.into()))
            }
            Stage::Paid { .. } => self.check_not_second_payment(capture),
            Stage::Unknown => Ok(None),
        }
    }

    /// Nothing if the report repeats the known payment. Reject: the customer has paid twice.
    fn check_not_second_payment(&self, capture: &Capture) -> Result<Option<PaymentsEvent>, Failure> {
        if self.ledger.is_same_payment(capture.amount, capture.reference.as_deref()) {
            return Ok(None);
        }
        Err(Failure::reject(
            "money was received for this order before, under another reference or of another amount; refund this payment \
             at its sender",
        ))
    }

    /// The bank waits for the customer.
    pub(crate) fn decide_action_required(&self, intent: &IntentId) -> Option<PaymentsEvent> {
        match &self.stage {
            Stage::Open { terms, action_required: false } if intent.is(&terms.intent_id) => {
                Some(PaymentActionRequired { intent_id: intent.to_string() }.into())
            }
            Stage::Open { .. }
            | Stage::Unknown
            | Stage::Cancelling { .. }
            | Stage::Paid { .. }
            | Stage::Failed { .. }
            | Stage::Cancelled { .. } => None,
        }
    }

    /// The bank declined. The intent could still pay by another card, so it is ended first.
    pub(crate) fn decide_declined(&self, intent: &IntentId, code: &str) -> Option<PaymentsEvent> {
        let is_ours = self.stage.terms().is_some_and(|terms| intent.is(&terms.intent_id));
        if is_ours { self.end(CancelCause::Declined, Some(code.to_owned())) } else { None }
    }

    /// It was not paid in time, and the provider has not taken the money.
    pub(crate) fn decide_expired(&self) -> Option<PaymentsEvent> {
        self.end_or_tombstone(CancelCause::Expired)
    }

    /// The provider reports the intent as cancelled.
    pub(crate) fn decide_cancelled(&self, intent: &IntentId) -> Option<PaymentsEvent> {
        if self.stage.terms().is_none_or(|terms| !intent.is(&terms.intent_id)) {
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
            // It was ended at the provider, and not by us: the order cannot be paid any more.
            Stage::Open { .. } => Some(PaymentFailed { code: ENDED_THERE.to_owned() }.into()),
            Stage::Unknown | Stage::Paid { .. } | Stage::Failed { .. } | Stage::Cancelled { .. } => None,
        }
    }

    /// The order failed: money that was taken is refunded, an open payment is ended, and a payment that has not begun gets a
    /// tombstone.
    pub(crate) fn decide_compensation(&self, cause: RefundCause) -> Result<Option<PaymentsEvent>, Failure> {
        match &self.stage {
            Stage::Paid { .. } => self.refund_everything(cause),
            Stage::Unknown
            | Stage::Open { .. }
            | Stage::Cancelling { .. }
            | Stage::Failed { .. }
            | Stage::Cancelled { .. } => Ok(self.end_or_tombstone(CancelCause::Cancelled)),
        }
    }

    /// The goods were returned.
    pub(crate) fn decide_returned(&self) -> Result<Option<PaymentsEvent>, Failure> {
        match &self.stage {
            Stage::Paid { .. } => self.refund_everything(RefundCause::Returned),
            Stage::Unknown
            | Stage::Open { .. }
            | Stage::Cancelling { .. }
            | Stage::Failed { .. }
            | Stage::Cancelled { .. } => Ok(None),
        }
    }

    /// The provider reports a dispute, or an inquiry, by one of several events that arrive in any order. It only moves
    /// forward: inquiry, end of the inquiry, dispute, won or lost. The date by which the bank wants the evidence is recorded
    /// once it is known. Reject: it was decided otherwise before, so an operator has to see which decision holds.
    pub(crate) fn decide_disputed(&self, report: &DisputeReport) -> Result<Option<PaymentsEvent>, Failure> {
        let stage = dispute_stage(report.inquiry, report.outcome);
        let is_new = match self.ledger.dispute(&report.dispute_id) {
            None => true,
            Some(known) => {
                let known_stage = dispute_stage(known.inquiry, known.outcome);
                if known_stage == stage && known.outcome != report.outcome {
                    return Err(Failure::reject(
                        "the dispute was decided otherwise before; compare the ledger with the provider",
                    ));
                }
                let has_new_date = known_stage == stage
                    && report.outcome == DisputeOutcome::Opened
                    && report.evidence_due_by.is_some()
                    && !known.has_due_date;
                stage > known_stage || has_new_date
            }
        };
        let DisputeReport { dispute_id, outcome, amount, inquiry, evidence_due_by } = report.clone();
        Ok(is_new.then(|| PaymentDisputed { dispute_id, outcome, amount, inquiry, evidence_due_by }.into()))
    }

    /// A refund or a dispute counts only if it is of the recorded intent. Reject: it is of another one, and an operator has to
    /// settle it.
    pub(crate) fn check_recorded(&self, intent: &IntentId) -> Result<(), Failure> {
        if self.stage.terms().is_some_and(|terms| intent.is(&terms.intent_id)) {
            return Ok(());
        }
        Err(Failure::reject(format!(
            "{intent} is not the intent recorded for this order, so its refund or dispute is not booked; settle it at the \
             provider"
        )))
    }

    /// After a dispute that was won: if everything has to be refunded, the amount that the dispute held is requested. (A
    /// failed goodwill refund is not: the shop decides whether it still applies.)
    pub(crate) fn decide_after_dispute(&self, dispute_id: &str) -> Result<Option<PaymentsEvent>, Failure> {
        let won = self
            .ledger
            .dispute(dispute_id)
            .is_some_and(|known| known.outcome == DisputeOutcome::Won && !known.inquiry);
        let id = refund_id(&format!("dispute.{dispute_id}"))?;
        let amount = self.ledger.refundable();
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

    /// Requests all that is refundable, once for each cause. Zero is a valid amount: if another refund fails later, this
    /// request records that its money is owed.
    fn refund_everything(&self, cause: RefundCause) -> Result<Option<PaymentsEvent>, Failure> {
        if self.ledger.has(cause) {
            return Ok(None);
        }
        let (refund_id, amount) = (refund_id(name(cause))?, self.ledger.refundable());
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

/// How far a dispute is. The larger number is later.
const fn dispute_stage(inquiry: bool, outcome: DisputeOutcome) -> u8 {
    match (inquiry, outcome) {
        (true, DisputeOutcome::Opened) => 0,
        (true, DisputeOutcome::Won | DisputeOutcome::Lost) => 1,
        (false, DisputeOutcome::Opened) => 2,
        (false, DisputeOutcome::Won | DisputeOutcome::Lost) => 3,
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

#[cfg(test)]
mod tests;
