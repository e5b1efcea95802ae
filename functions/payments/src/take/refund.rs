//! The refund: found at the provider, or made there.

use super::{TakePayment, Work};
use crate::elsewhere;
use crate::ledger::Settled;
use crate::payment::{Payment, RefundReport};
use crate::stripe::{IdempotencyKey, Refund, RefundDraft, StripeError};
use events::{Amount, RefundCause, RefundId, RefundRequested};
use resilience::Failure;
use std::time::Duration;

/// The code of a refund that was not asked for, because the provider lists refunds that nobody told of.
const MORE_THAN_IS_LEFT: &str = "more_than_is_left";

/// How many idempotency keys a request may spend. The provider forgets them after a day, and then there are as many
/// again.
const RUNGS: u32 = 5;

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
        if elsewhere::is_elsewhere(&terms.intent_id) {
            return self.by_hand(work, request).await;
        }
        let reports = self.list(&terms.intent_id).await?;
        if let Some(report) = found(&payment, &reports, id)? {
            return self.record(work, report).await;
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
        if !fits(&payment, &reports, request.amount) {
            return self.refused(work, id, MORE_THAN_IS_LEFT, &reports).await;
        }
        let draft = RefundDraft {
            order: &work.order,
            stack: &self.stack,
            intent_id: &terms.intent_id,
            refund_id: id,
            amount: request.amount,
        };
        self.create(work, &payment, &draft).await
    }

    /// No call can make it. What was made already by hand is settled by who tells of it.
    async fn by_hand(&self, work: &Work<'_>, request: &RefundRequested) -> Result<(), Failure> {
        match request.cause {
            RefundCause::Foreign => Ok(()),
            RefundCause::OutOfStock
            | RefundCause::ShippingFailed
            | RefundCause::Cancelled
            | RefundCause::LateCapture
            | RefundCause::Returned
            | RefundCause::Goodwill => {
                let decide = |payment: &Payment| {
                    Ok(payment.decide_refund_refused(&request.refund_id, elsewhere::BY_HAND))
                };
                self.append(work, decide).await
            }
        }
    }

    /// **Every delivery climbs the same ladder of keys, from its first rung.** Two that overlap, each having seen that
    /// there is no refund, then make one: of a part of what was captured the provider would accept a second.
    ///
    /// A key is left only when the provider *repeats* a failure under it: that call is over, it answers so for ever,
    /// and the list shows that it made nothing. After every other unclear answer the call may still be under way, so
    /// the key stays.
    async fn create(
        &self,
        work: &Work<'_>,
        payment: &Payment,
        draft: &RefundDraft<'_>,
    ) -> Result<(), Failure> {
        for rung in 1..=RUNGS {
            let key = IdempotencyKey::of(&self.stack, &work.message.envelope.id, rung);
            let error = match self.stripe.create_refund(draft, &key).await {
                Ok(refund) => return self.record(work, &refund.report()).await,
                Err(error @ StripeError::Paused { .. }) => return Err(Failure::from(error).during("refund")),
                Err(error) => error,
            };
            tracing::warn!(%error, rung, "the refund is settled by asking for the intent's refunds");
            let reports = self.list(draft.intent_id).await?;
            if let Some(report) = found(payment, &reports, draft.refund_id)? {
                return self.record(work, report).await;
            }
            match error {
                StripeError::Spent { .. } => {}
                StripeError::Declined { .. }
                | StripeError::Refused { .. }
                | StripeError::Unclear(_)
                | StripeError::Paused { .. } => {
                    return self.not_made(work, draft.refund_id, error, &reports).await;
                }
            }
        }
        Err(Failure::retry("the provider failed under every key of this refund"))
    }

    /// `RefundFailed`: what is still owed is asked for again once its time has come. The message itself is what waits:
    /// the event's time and the attempt say for how long, so that nothing else has to be kept.
    pub(super) async fn refund_again(&self, work: &Work<'_>, failed: &RefundId) -> Result<(), Failure> {
        let elapsed = self.clock.now().duration_since(work.message.envelope.time);
        let elapsed = Duration::try_from(elapsed).unwrap_or_default();
        self.append(work, |payment| payment.decide_refund_again(failed, elapsed, self.refund_again_after))
            .await
    }

    async fn not_made(
        &self,
        work: &Work<'_>,
        id: &RefundId,
        error: StripeError,
        reports: &[RefundReport],
    ) -> Result<(), Failure> {
        match error {
            StripeError::Declined { code } | StripeError::Refused { code, .. } => {
                self.refused(work, id, &code, reports).await
            }
            StripeError::Unclear(_) | StripeError::Spent { .. } | StripeError::Paused { .. } => {
                Err(Failure::from(error).during("refund"))
            }
        }
    }

    /// What was given back elsewhere may be why. It is recorded first, each by a write of its own, so that the next attempt
    /// asks for what is owed then.
    async fn refused(
        &self,
        work: &Work<'_>,
        id: &RefundId,
        code: &str,
        reports: &[RefundReport],
    ) -> Result<(), Failure> {
        for report in reports {
            self.append(work, |payment| payment.decide_refund_report(report)).await?;
        }
        self.append(work, |payment| Ok(payment.decide_refund_refused(id, code))).await
    }

    async fn list(&self, intent_id: &str) -> Result<Vec<RefundReport>, Failure> {
        let refunds = self.stripe.refunds(intent_id).await;
        let refunds = refunds.map_err(|error| Failure::from(error).during("list the intent's refunds"))?;
        Ok(refunds.iter().map(Refund::report).collect())
    }

    async fn record(&self, work: &Work<'_>, report: &RefundReport) -> Result<(), Failure> {
        self.append(work, |payment| payment.decide_refund_report(report)).await
    }
}

/// Whether so much is left, going by what the provider lists: a refund made in its dashboard, whose webhook has not come,
/// is in no ledger here. A provider that does not count itself would give back more than was taken.
fn fits(payment: &Payment, reports: &[RefundReport], amount: Amount) -> bool {
    let made = reports.iter().filter(|report| report.settled != Settled::Failed);
    let made = made.fold(Amount::ZERO, |sum, report| sum.plus(report.amount));
    amount <= payment.ledger.captured().less(made)
}

/// The refund as the provider holds it: by our id or its own, also one that was made for a request before this one.
fn found<'a>(
    payment: &Payment,
    reports: &'a [RefundReport],
    id: &RefundId,
) -> Result<Option<&'a RefundReport>, Failure> {
    for report in reports {
        if payment.is_meant_by(report, id)? {
            return Ok(Some(report));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod again;
#[cfg(test)]
mod late;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod untold;
