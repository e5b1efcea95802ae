//! The refund: found at the provider, or made there.

use super::{TakePayment, Work};
use crate::ledger::Settled;
use crate::payment::{Payment, RefundReport};
use crate::stripe::{Refund, RefundDraft, StripeError};
use events::{RefundCause, RefundId, RefundRequested};
use resilience::Failure;

impl TakePayment {
    /// `RefundRequested`: the refund that the provider holds under our id, or else a new one with that id, settles
    /// the request. While the provider says `pending` it stays open; a webhook closes it.
    ///
    /// A refund of nothing needs no call: it is settled at once. One that was made elsewhere is only looked for.
    pub(super) async fn refund(&self, work: &Work<'_>, request: &RefundRequested) -> Result<(), Failure> {
        let payment = self.payment(work).await?;
        let id = &request.refund_id;
        let is_open = payment.ledger.refund(id).is_some_and(|refund| refund.settled == Settled::Open);
        let Some(terms) = payment.stage.terms().filter(|_| is_open) else { return Ok(()) };
        if request.amount.is_zero() {
            return self.append(work, |payment| Ok(payment.decide_refunded(id, None))).await;
        }
        if let Some(report) = found(&self.list(&terms.intent_id).await?, id) {
            return self.record(work, id, report).await;
        }
        match request.cause {
            RefundCause::Foreign => {
                return Err(Failure::retry(
                    "the provider does not list the refund that it reported; ask again",
                ));
            }
            RefundCause::OutOfStock
            | RefundCause::ShippingFailed
            | RefundCause::Cancelled
            | RefundCause::LateCapture
            | RefundCause::Returned
            | RefundCause::Goodwill => {}
        }
        let draft = RefundDraft {
            order: &work.order,
            stack: &self.stack,
            intent_id: &terms.intent_id,
            refund_id: id,
            amount: request.amount,
        };
        let error = match self.stripe.create_refund(&draft, &work.key(&self.stack)).await {
            Ok(refund) => return self.record(work, id, &refund.report()).await,
            Err(error) => error,
        };
        tracing::warn!(%error, "the refund is settled by asking for the intent's refunds");
        let reports = self.list(&terms.intent_id).await?;
        if let Some(report) = found(&reports, id) {
            return self.record(work, id, report).await;
        }
        match error {
            StripeError::Declined { code } | StripeError::Refused { code, .. } => {
                // What was given back elsewhere may be why. It is recorded first, each by a write of its own, so that
                // the next attempt asks for what is owed then.
                for report in &reports {
                    self.append(work, |payment| payment.decide_refund_report(report)).await?;
                }
                self.append(work, |payment| Ok(payment.decide_refund_failed(id, &code))).await
            }
            StripeError::Unclear(_) => Err(Failure::from(error).during("refund")),
        }
    }

    async fn list(&self, intent_id: &str) -> Result<Vec<RefundReport>, Failure> {
        let refunds = self.stripe.refunds(intent_id).await;
        let refunds = refunds.map_err(|error| Failure::from(error).during("list the intent's refunds"))?;
        Ok(refunds.iter().map(Refund::report).collect())
    }

    async fn record(&self, work: &Work<'_>, id: &RefundId, report: &RefundReport) -> Result<(), Failure> {
        self.append(work, |payment| Ok(payment.decide_refund_settled(id, report))).await
    }
}

/// The refund as the provider holds it: by our id, or by its own for one that was made elsewhere.
fn found<'a>(reports: &'a [RefundReport], id: &RefundId) -> Option<&'a RefundReport> {
    reports.iter().find(|report| {
        report.refund_id.as_ref() == Some(id) || Payment::foreign_refund_id(report).as_ref() == Ok(id)
    })
}
