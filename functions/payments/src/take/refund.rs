//! The refund: found at the provider, or made there.

use super::{TakePayment, Work};
use crate::ledger::Settled;
use crate::payment::Payment;
use crate::provider::IntentId;
use crate::provider::{IdempotencyKey, NewRefund, ProviderError, RefundReport, offline};
use events::{Amount, RefundCause, RefundId, RefundRequested};
use resilience::Failure;
use std::time::Duration;

/// The code of a refund that was not made because the provider lists refunds that were never reported to us.
const MORE_THAN_IS_LEFT: &str = "more_than_is_left";

/// How many idempotency keys a request may use. The provider forgets keys after a day, so they can be used again then.
const KEYS: u32 = 5;

impl TakePayment {
    /// `RefundRequested`: the refund that the provider holds under our id, or else a new one with that id, settles the
    /// request. While it is pending at the provider it stays open; a webhook closes it.
    ///
    /// A refund of zero needs no call: it is settled at once. A foreign one is only read.
    pub(super) async fn refund(&self, work: &Work<'_>, request: &RefundRequested) -> Result<(), Failure> {
        let payment = self.payment(work).await?;
        let id = &request.refund_id;
        let is_open = payment.ledger.refund(id).is_some_and(|refund| refund.settled == Settled::Open);
        let Some(terms) = payment.stage.terms().filter(|_| is_open) else { return Ok(()) };
        if request.amount.is_zero() {
            return self.append(work, |payment| Ok(payment.decide_refunded(id, None))).await;
        }
        match work.intent(terms)? {
            IntentId::Stripe(intent_id) => {
                let new = NewRefund {
                    order: &work.order,
                    stack: &self.stack,
                    intent_id: &intent_id,
                    refund_id: id,
                    amount: request.amount,
                    currency: terms.currency,
                };
                self.make(work, request.cause, &payment, &new).await
            }
            IntentId::Offline(_) => self.leave_to_operator(work, request).await,
        }
    }

    async fn make(
        &self,
        work: &Work<'_>,
        cause: RefundCause,
        payment: &Payment,
        new: &NewRefund<'_>,
    ) -> Result<(), Failure> {
        let id = new.refund_id;
        let reports = self.list(new).await?;
        if let Some(report) = found(payment, &reports, id)? {
            return self.record(work, report).await;
        }
        match cause {
            RefundCause::Foreign => {
                return Err(Failure::retry(
                    "the provider does not list the refund that it reported; read it again",
                ));
            }
            RefundCause::OutOfStock
            | RefundCause::ShippingFailed
            | RefundCause::Cancelled
            | RefundCause::LateCapture
            | RefundCause::Returned
            | RefundCause::Goodwill => {}
        }
        if !fits(payment, &reports, new.amount) {
            return self.refused(work, id, MORE_THAN_IS_LEFT, &reports).await;
        }
        self.create(work, payment, new).await
    }

    /// No call can make an offline refund. A foreign one is settled by its sender's report.
    async fn leave_to_operator(&self, work: &Work<'_>, request: &RefundRequested) -> Result<(), Failure> {
        match request.cause {
            RefundCause::Foreign => Ok(()),
            RefundCause::OutOfStock
            | RefundCause::ShippingFailed
            | RefundCause::Cancelled
            | RefundCause::LateCapture
            | RefundCause::Returned
            | RefundCause::Goodwill => {
                let decide = |payment: &Payment| {
                    Ok(payment.decide_refund_refused(&request.refund_id, offline::REFUND_OFFLINE))
                };
                self.append(work, decide).await
            }
        }
    }

    /// **Every delivery uses the same sequence of idempotency keys, from the first.** Two deliveries that overlap, each having
    /// read that no refund exists, then make one refund. With different keys the provider would accept a second partial refund.
    ///
    /// The next key is used only when the provider *repeats* a failure under the current one: that call has ended, every
    /// repeat gets the same answer, and the list shows that it made nothing. After every other unclear answer the call may
    /// still be under way, so the key stays.
    async fn create(&self, work: &Work<'_>, payment: &Payment, new: &NewRefund<'_>) -> Result<(), Failure> {
        for attempt in 1..=KEYS {
            let key = IdempotencyKey::of(&self.stack, &work.message.envelope.id, attempt);
            let error = match self.stripe.create_refund(new, &key).await {
                Ok(report) => return self.record(work, &report).await,
                Err(error @ (ProviderError::Paused { .. } | ProviderError::WrongKey(_))) => {
                    return Err(Failure::from(error).during("refund"));
                }
                Err(error) => error,
            };
            tracing::warn!(%error, attempt, "the refund is settled by reading the intent's refunds");
            let reports = self.list(new).await?;
            if let Some(report) = found(payment, &reports, new.refund_id)? {
                return self.record(work, report).await;
            }
            match error {
                ProviderError::KeySpent { .. } => {}
                ProviderError::Declined { .. }
                | ProviderError::Refused { .. }
                | ProviderError::InexactAmount(_)
                | ProviderError::Unclear(_)
                | ProviderError::WrongKey(_)
                | ProviderError::Paused { .. } => {
                    return self.not_made(work, new.refund_id, error, &reports).await;
                }
            }
        }
        Err(Failure::retry("the provider failed under every key of this refund"))
    }

    /// `RefundFailed`: what is still owed is requested again after a wait. The message itself waits in the queue: the event's
    /// time and the attempt determine for how long, so no other state is kept.
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
        error: ProviderError,
        reports: &[RefundReport],
    ) -> Result<(), Failure> {
        match error {
            ProviderError::Declined { code } | ProviderError::Refused { code, .. } => {
                self.refused(work, id, &code, reports).await
            }
            ProviderError::InexactAmount(_)
            | ProviderError::Unclear(_)
            | ProviderError::KeySpent { .. }
            | ProviderError::WrongKey(_)
            | ProviderError::Paused { .. } => Err(Failure::from(error).during("refund")),
        }
    }

    /// Foreign refunds may be the reason. They are recorded first, each with its own write, so that the next attempt requests
    /// what is owed then.
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

    async fn list(&self, new: &NewRefund<'_>) -> Result<Vec<RefundReport>, Failure> {
        let refunds = self.stripe.refunds(new.intent_id, new.currency).await;
        refunds.map_err(|error| Failure::from(error).during("list the intent's refunds"))
    }

    async fn record(&self, work: &Work<'_>, report: &RefundReport) -> Result<(), Failure> {
        self.append(work, |payment| payment.decide_refund_report(report)).await
    }
}

/// Whether the amount is left according to the provider's list: a refund made in its dashboard, whose webhook has not
/// arrived, is not in the ledger. What the bank holds because of a dispute is not left either. A provider that does not check
/// would refund more than was captured, or beside the dispute.
fn fits(payment: &Payment, reports: &[RefundReport], amount: Amount) -> bool {
    let made = reports.iter().filter(|report| report.settled != Settled::Failed);
    let made = made.fold(Amount::ZERO, |sum, report| sum.plus(report.amount));
    amount <= payment.ledger.captured().less(made).less(payment.ledger.held())
}

/// The provider's report of the refund: by our id or its own, also one that was made for an earlier request.
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
mod tests;
