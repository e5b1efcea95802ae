//! The refund ledger: what was captured, refunded, requested to be refunded, and what the bank holds or took.

mod dispute;

pub use dispute::Dispute;

use events::{Amount, InvalidId, PaymentDisputed, RefundCause, RefundId, RefundRequested};
use std::time::Duration;

/// How often a refund is requested before it needs an operator: the first request and two more.
const ATTEMPTS: usize = 3;
/// How much longer the wait before the third attempt is than the wait before the second.
const WAIT_GROWS_BY: u32 = 10;

/// The state of a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// Requested.
    Open,
    /// The provider reports it as succeeded.
    Refunded,
    /// The provider refused it, or reversed it later. The amount is refundable again.
    Failed,
}

/// One refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// The request.
    pub request: RefundRequested,
    /// Its state.
    pub settled: Settled,
    /// The provider's id of it, once it was reported as succeeded.
    pub provider_id: Option<String>,
    /// It failed because the provider refused it. It may still succeed later: by an earlier call whose outcome we never saw.
    pub refused: bool,
}

impl Refund {
    /// Whether this can be the provider's id of it.
    fn may_have_id(&self, provider_id: &str) -> bool {
        self.provider_id.as_deref().is_none_or(|known| known == provider_id)
    }

    /// Whether a success that the provider reports changes its state.
    pub(crate) fn may_succeed(&self) -> bool {
        match self.settled {
            Settled::Open => true,
            Settled::Refunded => false,
            Settled::Failed => self.refused,
        }
    }
}

/// What was captured, and every refund and dispute since. All amounts are in the payment's currency.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    captured: Amount,
    /// The sender's name of the payment, if it is offline.
    reference: Option<String>,
    refunds: Vec<Refund>,
    disputes: Vec<Dispute>,
}

impl Ledger {
    /// What was captured.
    pub const fn captured(&self) -> Amount {
        self.captured
    }

    /// Whether this report can mean the payment that was captured, and not a second one: by its reference, if it has one.
    pub(crate) fn is_same_payment(&self, amount: Amount, reference: Option<&str>) -> bool {
        match (self.reference.as_deref(), reference) {
            (Some(known), Some(reported)) => known == reported && amount == self.captured,
            (None, _) | (_, None) => true,
        }
    }

    /// The sum that was refunded.
    pub fn refunded(&self) -> Amount {
        self.sum_of_refunds(&Settled::Refunded)
    }

    /// What can still be refunded: not refunded, not requested, and not held or taken by the bank.
    pub fn refundable(&self) -> Amount {
        self.refundable_of(self.captured)
    }

    /// The same, if `captured` were captured.
    pub(crate) fn refundable_of(&self, captured: Amount) -> Amount {
        captured.less(self.refunded()).less(self.sum_of_refunds(&Settled::Open)).less(self.held())
    }

    /// What the bank holds or took because of disputes.
    pub fn held(&self) -> Amount {
        self.disputes.iter().map(Dispute::held).fold(Amount::ZERO, Amount::plus)
    }

    /// Whether a refund of `amount` may be requested.
    pub fn admits(&self, amount: Amount) -> bool {
        amount <= self.refundable()
    }

    /// The refund of that id.
    pub fn refund(&self, id: &RefundId) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.request.refund_id == *id)
    }

    /// The refund that a report means: the one with the provider's id, or with our id that the provider holds.
    ///
    /// If a refused refund succeeds after all, credit it to its replacement so that we never pay twice; if that one was
    /// already paid, record an extra refund.
    pub(crate) fn meant_by(
        &self,
        provider_id: &str,
        id: Option<&RefundId>,
        succeeded: bool,
    ) -> Option<&Refund> {
        self.by_provider_id(provider_id).or_else(|| {
            let named = self.refund(id?).filter(|refund| refund.may_have_id(provider_id))?;
            let newest = self.newest(id?).filter(|_| named.refused && succeeded);
            let can_take_it =
                |newest: &&Refund| newest.may_succeed() && newest.request.amount == named.request.amount;
            Some(newest.filter(can_take_it).unwrap_or(named))
        })
    }

    /// The newest refund of this amount that is owed, for a report that names none; `None` also if the report is known
    /// already.
    pub(crate) fn newest_owed(&self, amount: Amount, provider_id: &str) -> Option<RefundId> {
        if self.by_provider_id(provider_id).is_some() {
            return None;
        }
        let owed = |refund: &&Refund| refund.may_succeed() && refund.request.amount == amount;
        self.refunds.iter().rev().find(owed).map(|refund| refund.request.refund_id.clone())
    }

    /// The refund whose success was reported under this id of the provider.
    pub(crate) fn by_provider_id(&self, provider_id: &str) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.provider_id.as_deref() == Some(provider_id))
    }

    /// Whether a refund was requested for this cause.
    pub fn has(&self, cause: RefundCause) -> bool {
        self.refunds.iter().any(|refund| refund.request.cause == cause)
    }

    /// The dispute of that id.
    pub fn dispute(&self, id: &str) -> Option<&Dispute> {
        self.disputes.iter().find(|dispute| dispute.id == id)
    }

    /// The cause for which *everything* has to be refunded, if there is one.
    pub fn returns_everything(&self) -> Option<RefundCause> {
        self.refunds.iter().map(|refund| refund.request.cause).find(|cause| match cause {
            RefundCause::OutOfStock
            | RefundCause::ShippingFailed
            | RefundCause::Cancelled
            | RefundCause::LateCapture
            | RefundCause::Returned => true,
            RefundCause::Goodwill | RefundCause::Foreign => false,
        })
    }

    /// Whether everything captured was refunded by decision of people alone, outside of Conveyor at least in part.
    pub(crate) fn is_foreign_in_full(&self) -> bool {
        let is_foreign = |refund: &Refund| {
            refund.settled == Settled::Refunded && refund.request.cause == RefundCause::Foreign
        };
        self.captured > Amount::ZERO
            && self.refunded() >= self.captured
            && self.refunds.iter().any(is_foreign)
            && self.returns_everything().is_none()
    }

    /// The automatic retry of the failed refund `id`. `None`: it did not fail, has a replacement already, or all attempts
    /// are used.
    pub(crate) fn automatic_retry(&self, id: &RefundId) -> Option<Retry> {
        self.retry_of(id).filter(|retry| retry.attempt <= ATTEMPTS)
    }

    /// What can be requested in place of the failed refund `id`. Zero is a valid amount: the request then records that
    /// the failure left no debt. `None`: it did not fail, has a replacement already, or was made outside of Conveyor and left no debt.
    pub(crate) fn retry_of(&self, id: &RefundId) -> Option<Retry> {
        let failed = self.refund(id).filter(|refund| refund.settled == Settled::Failed)?;
        let chain = self.chain(id);
        if self.replacement(id).is_some() {
            return None;
        }
        let (cause, amount) = match (self.returns_everything(), failed.request.cause) {
            // Once everything has to be refunded, all that is refundable is owed, whichever refund failed.
            (Some(cause), _) => (cause, self.refundable()),
            // It was not requested here, so nothing is owed.
            (None, RefundCause::Foreign) => return None,
            (None, cause) => (cause, failed.request.amount.min(self.refundable())),
        };
        if failed.request.cause == RefundCause::Foreign && amount == Amount::ZERO {
            return None;
        }
        let root = chain.last().map_or(id, |refund| &refund.request.refund_id);
        let reason = failed.request.reason.clone().filter(|_| cause == failed.request.cause);
        Some(Retry { root: root.clone(), attempt: chain.len() + 1, cause, amount, reason })
    }

    /// The last replacement of the refund of that id; itself, if it has none.
    pub fn newest(&self, id: &RefundId) -> Option<&Refund> {
        let mut newest = self.refund(id)?;
        for _ in &self.refunds {
            newest = self.replacement(&newest.request.refund_id).unwrap_or(newest);
        }
        Some(newest)
    }

    fn replacement(&self, id: &RefundId) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.request.instead_of.as_ref() == Some(id))
    }

    /// The refund of that id, then the one it replaces, and so on.
    fn chain(&self, id: &RefundId) -> Vec<&Refund> {
        let mut chain: Vec<&Refund> = Vec::new();
        let mut next = self.refund(id);
        while let Some(refund) = next.filter(|_| chain.len() < self.refunds.len()) {
            chain.push(refund);
            next = refund.request.instead_of.as_ref().and_then(|id| self.refund(id));
        }
        chain
    }

    fn sum_of_refunds(&self, settled: &Settled) -> Amount {
        self.refunds
            .iter()
            .filter(|refund| refund.settled == *settled)
            .fold(Amount::ZERO, |sum, refund| sum.plus(refund.request.amount))
    }

    pub(crate) fn capture(&mut self, amount: Amount, reference: Option<&str>) {
        self.captured = amount;
        self.reference = reference.map(str::to_owned);
    }

    pub(crate) fn request(&mut self, request: &RefundRequested) {
        self.refunds.push(Refund {
            request: request.clone(),
            settled: Settled::Open,
            provider_id: None,
            refused: false,
        });
    }

    pub(crate) fn succeed(&mut self, id: &RefundId, provider_id: Option<&str>) {
        if let Some(refund) = self.refund_mut(id) {
            refund.settled = Settled::Refunded;
            refund.provider_id = provider_id.map(str::to_owned);
        }
    }

    pub(crate) fn fail(&mut self, id: &RefundId, refused: bool) {
        if let Some(refund) = self.refund_mut(id) {
            refund.settled = Settled::Failed;
            refund.refused = refused;
        }
    }

    fn refund_mut(&mut self, id: &RefundId) -> Option<&mut Refund> {
        self.refunds.iter_mut().find(|refund| refund.request.refund_id == *id)
    }

    pub(crate) fn set_dispute(&mut self, event: &PaymentDisputed) {
        let dispute = Dispute {
            id: event.dispute_id.clone(),
            outcome: event.outcome,
            amount: event.amount,
            inquiry: event.inquiry,
            has_due_date: event.evidence_due_by.is_some(),
        };
        match self.disputes.iter_mut().find(|known| known.id == dispute.id) {
            Some(known) => *known = dispute,
            None => self.disputes.push(dispute),
        }
    }
}

/// What can be requested in place of a failed refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Retry {
    /// The first refund of the chain.
    pub root: RefundId,
    /// Which attempt it is, from 2.
    pub attempt: usize,
    /// The cause.
    pub cause: RefundCause,
    /// What is still owed.
    pub amount: Amount,
    /// The reason of the failed refund, if it has the same cause.
    pub reason: Option<String>,
}

impl Retry {
    /// How long after the failure it is requested, if the second attempt comes `first` after the first failure.
    pub(crate) fn wait(&self, first: Duration) -> Duration {
        let earlier = u32::try_from(self.attempt.saturating_sub(2)).unwrap_or(u32::MAX);
        first.saturating_mul(WAIT_GROWS_BY.saturating_pow(earlier))
    }

    /// The request that replaces `failed`.
    pub(crate) fn request(self, failed: &RefundId) -> Result<RefundRequested, InvalidId> {
        Ok(RefundRequested {
            refund_id: RefundId::try_from(format!("{}.{}", self.root, self.attempt).as_str())?,
            cause: self.cause,
            amount: self.amount,
            captured: None,
            reference: None,
            instead_of: Some(failed.clone()),
            reason: self.reason,
        })
    }
}

#[cfg(test)]
mod tests;
