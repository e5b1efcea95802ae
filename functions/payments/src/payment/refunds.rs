//! What follows from the refunds that a provider reports, and from a refund that failed. Pure.

use super::Payment;
use super::decide::refund_id;
use crate::ledger::{Refund, Settled};
use crate::provider::RefundReport;
use events::{PaymentRefunded, PaymentsEvent, RefundCause, RefundFailed, RefundId, RefundRequested};
use resilience::Failure;
use std::time::Duration;

/// What an operator does about a refund that may be none.
const RELEASE: &str = "an event of an old version of the provider's API reports an unknown refund, and the payment is not known to be complete: \
     it may be released money, so it is not booked; compare it with the provider: if it is a refund, replay it once the payment is \
     complete, else discard it; then give the endpoint a newer version (docs/deploy.md)";

impl Payment {
    /// The provider reports a refund. A foreign refund (not requested here, or a second one under an id of ours) is recorded
    /// first, even if it exceeds what is refundable, because its money has left. The message of that record then finds it at
    /// the provider and settles it.
    ///
    /// Reject: it may be the release of money that was authorised and never taken, which is no refund. Once all that was requested
    /// is known to be taken, nothing can be released, and the report is booked.
    pub(crate) fn decide_refund_report(
        &self,
        report: &RefundReport,
    ) -> Result<Option<PaymentsEvent>, Failure> {
        let Some(refund) = self.meant_by(report)? else {
            let request = RefundRequested {
                refund_id: Self::foreign_refund_id(report)?,
                cause: RefundCause::Foreign,
                amount: report.amount,
                captured: None,
                reference: None,
                instead_of: None,
                reason: None,
            };
            if report.settled == Settled::Failed {
                return Ok(None);
            }
            if report.may_be_release && !self.has_taken_everything() {
                return Err(Failure::reject(RELEASE));
            }
            return Ok(Some(request.into()));
        };
        Ok(match report.settled {
            Settled::Open => None,
            Settled::Refunded => {
                self.decide_refunded(&refund.request.refund_id, Some(report.provider_id.clone()))
            }
            Settled::Failed => {
                let is_new = refund.settled != Settled::Failed;
                is_new.then(|| self.failed(&refund.request, &report.code, false))
            }
        })
    }

    /// Whether all that was requested is taken, so that nothing of it can be released.
    fn has_taken_everything(&self) -> bool {
        self.stage.terms().is_some_and(|terms| self.ledger.captured() >= terms.amount)
    }

    /// Whether the report means the refund `id`.
    pub(crate) fn is_meant_by(&self, report: &RefundReport, id: &RefundId) -> Result<bool, Failure> {
        Ok(self.meant_by(report)?.is_some_and(|refund| refund.request.refund_id == *id))
    }

    fn meant_by(&self, report: &RefundReport) -> Result<Option<&Refund>, Failure> {
        let foreign_id = Self::foreign_refund_id(report)?;
        let succeeded = report.settled == Settled::Refunded;
        let meant = self.ledger.meant_by(&report.provider_id, report.refund_id.as_ref(), succeeded);
        Ok(meant.or_else(|| self.ledger.refund(&foreign_id)))
    }

    /// Our id of a refund that was made outside of Conveyor.
    fn foreign_refund_id(report: &RefundReport) -> Result<RefundId, Failure> {
        refund_id(&format!("foreign.{}", report.provider_id))
    }

    /// The refund succeeded. A refused one may succeed too: money that has left is always counted.
    pub(crate) fn decide_refunded(
        &self,
        id: &RefundId,
        provider_refund_id: Option<String>,
    ) -> Option<PaymentsEvent> {
        let refund = self.ledger.refund(id).filter(|refund| refund.may_succeed())?;
        let amount = refund.request.amount;
        let mut afterwards = self.ledger.clone();
        afterwards.succeed(id, provider_refund_id.as_deref());
        let foreign_in_full = afterwards.is_foreign_in_full();
        Some(PaymentRefunded { refund_id: id.clone(), provider_refund_id, amount, foreign_in_full }.into())
    }

    /// The provider refused the refund.
    pub(crate) fn decide_refund_refused(&self, id: &RefundId, code: &str) -> Option<PaymentsEvent> {
        let refund = self.ledger.refund(id).filter(|refund| refund.settled == Settled::Open)?;
        Some(self.failed(&refund.request, code, true))
    }

    fn failed(&self, request: &RefundRequested, code: &str, refused: bool) -> PaymentsEvent {
        let (refund_id, amount, code) = (request.refund_id.clone(), request.amount, code.to_owned());
        let mut afterwards = self.ledger.clone();
        afterwards.fail(&refund_id, refused);
        let again = afterwards.automatic_retry(&refund_id).is_some();
        RefundFailed { refund_id, amount, code, refused, again }.into()
    }

    /// After a refund that failed `elapsed` ago: what is still owed is requested again, a limited number of times and after a
    /// growing wait, `first_wait` after the first failure. Retry: it is too early.
    pub(crate) fn decide_refund_again(
        &self,
        failed: &RefundId,
        elapsed: Duration,
        first_wait: Duration,
    ) -> Result<Option<PaymentsEvent>, Failure> {
        let Some(retry) = self.ledger.automatic_retry(failed) else { return Ok(None) };
        let early = retry.wait(first_wait).saturating_sub(elapsed);
        if !early.is_zero() {
            // A queue counts whole seconds: round up, or the message is redelivered too early again.
            let wait = Duration::from_secs(early.as_secs() + u64::from(early.subsec_nanos() > 0));
            return Err(Failure::retry_after("a refund that failed is requested again after a wait", wait));
        }
        Ok(Some(retry.request(failed).map_err(Failure::reject)?.into()))
    }
}
