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
}

impl Refund {
    /// Whether this can be the provider's id of it.
    pub(crate) fn may_be(&self, provider_id: &str) -> bool {
        self.provider_id.as_deref().is_none_or(|known| known == provider_id)
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
    refunds: Vec<Refund>,
    disputes: Vec<Dispute>,
}

impl Ledger {
    /// What was captured.
    pub const fn captured(&self) -> Amount {
        self.captured
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

    pub(crate) fn capture(&mut self, amount: Amount) {
        self.captured = amount;
    }

    pub(crate) fn request(&mut self, request: &RefundRequested) {
        self.refunds.push(Refund { request: request.clone(), settled: Settled::Open, provider_id: None });
    }

    pub(crate) fn settle(&mut self, id: &RefundId, settled: Settled) {
        if let Some(refund) = self.refunds.iter_mut().find(|refund| refund.request.refund_id == *id) {
            refund.settled = settled;
        }
    }

    pub(crate) fn made(&mut self, id: &RefundId, provider_id: Option<&str>) {
        if let Some(refund) = self.refunds.iter_mut().find(|refund| refund.request.refund_id == *id) {
            refund.provider_id = provider_id.map(str::to_owned);
        }
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
            instead_of: Some(failed.clone()),
            reason: self.reason,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(captured: u64) -> Ledger {
        let mut ledger = Ledger::default();
        ledger.capture(Amount::minor(captured));
        ledger
    }

    fn id(text: &str) -> RefundId {
        RefundId::try_from(text).unwrap()
    }

    fn ask(ledger: &mut Ledger, name: &str, cause: RefundCause, amount: u64, instead_of: Option<&str>) {
        ledger.request(&RefundRequested {
            refund_id: id(name),
            cause,
            amount: Amount::minor(amount),
            captured: None,
            instead_of: instead_of.map(id),
            reason: None,
        });
    }

    #[test]
    fn what_is_open_refunded_or_held_is_not_free() {
        let mut ledger = ledger(100);
        ask(&mut ledger, "a", RefundCause::Goodwill, 30, None);
        assert_eq!(ledger.free(), Amount::minor(70));
        ledger.settle(&id("a"), Settled::Refunded);
        assert_eq!((ledger.free(), ledger.refunded()), (Amount::minor(70), Amount::minor(30)));
        let dispute =
            |outcome| PaymentDisputed { dispute_id: "d".to_owned(), outcome, amount: Amount::minor(50) };
        ledger.dispute_is(&dispute(DisputeOutcome::Opened));
        assert!(ledger.admits(Amount::minor(20)) && !ledger.admits(Amount::minor(21)));
        ledger.dispute_is(&dispute(DisputeOutcome::Won));
        assert_eq!(ledger.free(), Amount::minor(70));
    }

    #[test]
    fn a_failed_goodwill_is_asked_for_again_as_itself() {
        let mut ledger = ledger(100);
        ask(&mut ledger, "g", RefundCause::Goodwill, 30, None);
        ledger.settle(&id("g"), Settled::Failed);
        let again = ledger.again(&id("g")).unwrap();
        assert_eq!((again.amount, again.cause, again.attempt), (Amount::minor(30), RefundCause::Goodwill, 2));
    }

    #[test]
    fn after_a_compensation_of_nothing_a_failed_goodwill_is_owed_in_full() {
        let mut ledger = ledger(100);
        ask(&mut ledger, "g", RefundCause::Goodwill, 100, None);
        ask(&mut ledger, "cancelled", RefundCause::Cancelled, 0, None);
        ledger.settle(&id("cancelled"), Settled::Refunded);
        ledger.settle(&id("g"), Settled::Failed);
        assert_eq!(ledger.again(&id("g")).unwrap().amount, Amount::minor(100));
    }

    #[test]
    fn a_foreign_refund_that_failed_is_nobodys_wish_here() {
        let mut ledger = ledger(100);
        ask(&mut ledger, "foreign.re_1", RefundCause::Foreign, 40, None);
        ledger.settle(&id("foreign.re_1"), Settled::Failed);
        assert_eq!(ledger.again(&id("foreign.re_1")), None);
    }

    #[test]
    fn three_attempts_are_enough() {
        let mut ledger = ledger(100);
        ask(&mut ledger, "c", RefundCause::Cancelled, 100, None);
        ledger.settle(&id("c"), Settled::Failed);
        ask(&mut ledger, "c.2", RefundCause::Cancelled, 100, Some("c"));
        assert_eq!(ledger.again(&id("c")), None, "asked for again already");
        ledger.settle(&id("c.2"), Settled::Failed);
        assert_eq!(ledger.again(&id("c.2")).map(|again| (again.root, again.attempt)), Some((id("c"), 3)));
        ask(&mut ledger, "c.3", RefundCause::Cancelled, 100, Some("c.2"));
        ledger.settle(&id("c.3"), Settled::Failed);
        assert_eq!(ledger.again(&id("c.3")), None);
    }
}
