//! What the provider says of refunds, and what follows from a refund that failed. Pure.

use super::Payment;
use super::decide::refund_id;
use crate::ledger::{Refund, Settled};
use events::{Amount, PaymentRefunded, PaymentsEvent, RefundCause, RefundFailed, RefundId, RefundRequested};
use resilience::Failure;
use std::time::Duration;

/// What the provider says about a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundReport {
    /// The provider's id of it.
    pub provider_id: String,
    /// Our id, if the provider holds one.
    pub refund_id: Option<RefundId>,
    /// How much, in minor units.
    pub amount: Amount,
    /// How it stands there.
    pub settled: Settled,
    /// Why it failed, if it did.
    pub code: String,
}

impl Payment {
    /// The provider reports a refund. One that nobody here asked for is recorded first, whatever the ledger
    /// admits: it is a fact. The message of that record then finds it at the provider and settles it. A second one under
    /// an id of ours is such a one too, however it came to be: the money is gone, and the ledger has to know.
    pub fn decide_refund_report(&self, report: &RefundReport) -> Result<Option<PaymentsEvent>, Failure> {
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
            return Ok((report.settled != Settled::Failed).then(|| request.into()));
        };
        Ok(match report.settled {
            Settled::Open => None,
            Settled::Refunded => {
                self.decide_refunded(&refund.request.refund_id, Some(report.provider_id.clone()))
            }
            Settled::Failed => {
                let is_news = refund.settled != Settled::Failed;
                is_news.then(|| self.failed(&refund.request, &report.code, false))
            }
        })
    }

    /// Whether the provider speaks of the refund `id`.
    pub fn is_meant_by(&self, report: &RefundReport, id: &RefundId) -> Result<bool, Failure> {
        Ok(self.meant_by(report)?.is_some_and(|refund| refund.request.refund_id == *id))
    }

    fn meant_by(&self, report: &RefundReport) -> Result<Option<&Refund>, Failure> {
        let foreign_id = Self::foreign_refund_id(report)?;
        let succeeded = report.settled == Settled::Refunded;
        let meant = self.ledger.meant(&report.provider_id, report.refund_id.as_ref(), succeeded);
        Ok(meant.or_else(|| self.ledger.refund(&foreign_id)))
    }

    /// The id here of a refund that was made elsewhere.
    fn foreign_refund_id(report: &RefundReport) -> Result<RefundId, Failure> {
        refund_id(&format!("foreign.{}", report.provider_id))
    }

    /// The refund succeeded. Also one that was refused may: money that has left is counted, whatever was said before.
    pub fn decide_refunded(
        &self,
        id: &RefundId,
        provider_refund_id: Option<String>,
    ) -> Option<PaymentsEvent> {
        let refund = self.ledger.refund(id).filter(|refund| refund.may_succeed())?;
        let amount = refund.request.amount;
        Some(PaymentRefunded { refund_id: id.clone(), provider_refund_id, amount }.into())
    }

    /// The provider refused the refund.
    pub fn decide_refund_refused(&self, id: &RefundId, code: &str) -> Option<PaymentsEvent> {
        let refund = self.ledger.refund(id).filter(|refund| refund.settled == Settled::Open)?;
        Some(self.failed(&refund.request, code, true))
    }

    fn failed(&self, request: &RefundRequested, code: &str, refused: bool) -> PaymentsEvent {
        let (refund_id, amount, code) = (request.refund_id.clone(), request.amount, code.to_owned());
        let mut afterwards = self.ledger.clone();
        afterwards.fail(&refund_id, refused);
        let again = afterwards.again(&refund_id).is_some();
        RefundFailed { refund_id, amount, code, refused, again }.into()
    }

    /// After a refund that failed `elapsed` ago: what is still owed is asked for again, a few times, and later each time;
    /// `first_wait` after the first failure. Retry: it is too early.
    pub fn decide_refund_again(
        &self,
        failed: &RefundId,
        elapsed: Duration,
        first_wait: Duration,
    ) -> Result<Option<PaymentsEvent>, Failure> {
        let Some(again) = self.ledger.again(failed) else { return Ok(None) };
        let early = again.wait(first_wait).saturating_sub(elapsed);
        if !early.is_zero() {
            // A queue counts whole seconds: one more, rather than too early once more.
            let wait = Duration::from_secs(early.as_secs() + u64::from(early.subsec_nanos() > 0));
            return Err(Failure::retry_after("a refund that failed is asked for again after a while", wait));
        }
        Ok(Some(again.request(failed).map_err(Failure::reject)?.into()))
    }
}
