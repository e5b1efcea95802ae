//! The refund ledger: what was captured, what went back, what is on its way back, what the bank holds or took.

use events::{Amount, DisputeOutcome, InvalidId, PaymentDisputed, RefundCause, RefundId, RefundRequested};
use std::time::Duration;

/// How often money is asked to go back before somebody has to look: the first request and two more.
const ATTEMPTS: usize = 3;
/// How much longer than before the second attempt the wait is before the third.
const LONGER: u32 = 10;

/// How a refund stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// Asked for.
    Open,
    /// The provider reports it as succeeded.
    Refunded,
    /// The provider refused it, or took it back afterwards. The amount is free again.
    Failed,
}

/// One refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// As it was asked for.
    pub request: RefundRequested,
    /// How it stands.
    pub settled: Settled,
    /// The provider's id of it, once it was reported as succeeded.
    pub provider_id: Option<String>,
    /// It failed because it was refused. One may yet turn up, made by a call that was thought dead.
    pub refused: bool,
}

impl Refund {
    /// Whether this can be the provider's id of it.
    fn may_be(&self, provider_id: &str) -> bool {
        self.provider_id.as_deref().is_none_or(|known| known == provider_id)
    }

    /// Whether a success of the provider is news.
    pub(crate) fn may_succeed(&self) -> bool {
        match self.settled {
            Settled::Open => true,
            Settled::Refunded => false,
            Settled::Failed => self.refused,
        }
    }
}

/// One dispute, at its furthest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispute {
    /// The provider's id.
    pub id: String,
    /// Where it stands.
    pub outcome: DisputeOutcome,
    /// The amount in question.
    pub amount: Amount,
}

/// What was captured, and everything that was done with it since. All amounts are of the payment's currency.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    captured: Amount,
    /// What its sender calls the payment, where that is not Stripe.
    reference: Option<String>,
    refunds: Vec<Refund>,
    disputes: Vec<Dispute>,
}

impl Ledger {
    /// What was captured.
    pub const fn captured(&self) -> Amount {
        self.captured
    }

    /// Whether this can be the payment that was captured, and no other: by its reference, where it has one.
    pub(crate) fn may_be(&self, amount: Amount, reference: Option<&str>) -> bool {
        match (self.reference.as_deref(), reference) {
            (Some(known), Some(told)) => known == told && amount == self.captured,
            (None, _) | (_, None) => true,
        }
    }

    /// What went back.
    pub fn refunded(&self) -> Amount {
        self.sum_of_refunds(&Settled::Refunded)
    }

    /// What can still be asked to go back: neither gone back, nor on its way, nor held or taken by the bank.
    pub fn free(&self) -> Amount {
        self.free_of(self.captured)
    }

    /// The same, if `captured` was captured.
    pub(crate) fn free_of(&self, captured: Amount) -> Amount {
        let bank: Amount = [DisputeOutcome::Opened, DisputeOutcome::Lost]
            .into_iter()
            .flat_map(|outcome| self.disputes.iter().filter(move |dispute| dispute.outcome == outcome))
            .fold(Amount::ZERO, |sum, dispute| sum.plus(dispute.amount));
        captured.less(self.refunded()).less(self.sum_of_refunds(&Settled::Open)).less(bank)
    }

    /// Whether a refund of `amount` may be asked for.
    pub fn admits(&self, amount: Amount) -> bool {
        amount <= self.free()
    }

    /// The refund of that id.
    pub fn refund(&self, id: &RefundId) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.request.refund_id == *id)
    }

    /// The refund that the provider speaks of: the one of its id, or of the id of ours that it holds. A success under the
    /// id of a refund that was refused gives back what whatever stands in for that one by now was to give back, so that
    /// it is not given twice; or, where that went back already, it is one more, and counts as itself.
    pub(crate) fn meant(&self, provider_id: &str, id: Option<&RefundId>, succeeded: bool) -> Option<&Refund> {
        self.of(provider_id).or_else(|| {
            let named = self.refund(id?).filter(|refund| refund.may_be(provider_id))?;
            let newest = self.newest(id?).filter(|_| named.refused && succeeded);
            let stands_in =
                |newest: &&Refund| newest.may_succeed() && newest.request.amount == named.request.amount;
            Some(newest.filter(stands_in).unwrap_or(named))
        })
    }

    /// The newest refund of this amount that is owed, for a report that names none; `None` also where the report is
    /// known already.
    pub(crate) fn owed_of(&self, amount: Amount, provider_id: &str) -> Option<RefundId> {
        if self.of(provider_id).is_some() {
            return None;
        }
        let owed = |refund: &&Refund| refund.may_succeed() && refund.request.amount == amount;
        self.refunds.iter().rev().find(owed).map(|refund| refund.request.refund_id.clone())
    }

    /// The refund whose success was reported under this id of the provider.
    pub(crate) fn of(&self, provider_id: &str) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.provider_id.as_deref() == Some(provider_id))
    }

    /// Whether money was asked to go back for this cause.
    pub fn has(&self, cause: RefundCause) -> bool {
        self.refunds.iter().any(|refund| refund.request.cause == cause)
    }

    /// The dispute of that id.
    pub fn dispute(&self, id: &str) -> Option<&Dispute> {
        self.disputes.iter().find(|dispute| dispute.id == id)
    }

    /// The cause for which *everything* has to go back, if there is one.
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

    /// What is to be asked for by itself in place of the failed refund `id`. `None`: it did not fail, was asked for
    /// again already, or was asked for often enough.
    pub(crate) fn again(&self, id: &RefundId) -> Option<Again> {
        self.owed_for(id).filter(|again| again.attempt <= ATTEMPTS)
    }

    /// What is to be asked for in place of the failed refund `id`: its root, the attempt, the cause and the amount
    /// that is still owed. Nothing is a valid amount: the request then says that the failure left no debt. `None`: it
    /// did not fail, or was asked for again already.
    pub(crate) fn owed_for(&self, id: &RefundId) -> Option<Again> {
        let failed = self.refund(id).filter(|refund| refund.settled == Settled::Failed)?;
        let chain = self.chain(id);
        if self.replacement(id).is_some() {
            return None;
        }
        let (cause, amount) = match (self.returns_everything(), failed.request.cause) {
            // Once everything has to go back, whatever is free is owed, whichever refund it was that failed.
            (Some(cause), _) => (cause, self.free()),
            // Nobody here asked for it.
            (None, RefundCause::Foreign) => return None,
            (None, cause) => (cause, failed.request.amount.min(self.free())),
        };
        let root = chain.last().map_or(id, |refund| &refund.request.refund_id);
        let reason = failed.request.reason.clone().filter(|_| cause == failed.request.cause);
        Some(Again { root: root.clone(), attempt: chain.len() + 1, cause, amount, reason })
    }

    /// The refund that stands in for the one of that id by now; itself, if none does.
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

    /// The refund of that id, then what it stands in for, and so on.
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

    pub(crate) fn dispute_is(&mut self, event: &PaymentDisputed) {
        let dispute = Dispute { id: event.dispute_id.clone(), outcome: event.outcome, amount: event.amount };
        match self.disputes.iter_mut().find(|known| known.id == dispute.id) {
            Some(known) => *known = dispute,
            None => self.disputes.push(dispute),
        }
    }
}

/// What is to be asked for in place of a failed refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Again {
    /// The first refund of the chain.
    pub root: RefundId,
    /// Which attempt it is, from 2.
    pub attempt: usize,
    /// Why.
    pub cause: RefundCause,
    /// What is still owed.
    pub amount: Amount,
    /// Whoever asked for the failed one said this, and it is asked for with the same intention.
    pub reason: Option<String>,
}

impl Again {
    /// How long after the failure it is asked for, where the second attempt comes `first` after the first one.
    pub(crate) fn wait(&self, first: Duration) -> Duration {
        let earlier = u32::try_from(self.attempt.saturating_sub(2)).unwrap_or(u32::MAX);
        first.saturating_mul(LONGER.saturating_pow(earlier))
    }

    /// The request that stands in for `failed`.
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
