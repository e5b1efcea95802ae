//! The money of one order: what was captured, what was refunded, and what the customer's bank took.

use events::{Amount, Detail, DisputeOutcome, RefundCause, RefundId};
use jiff::Timestamp;
use std::collections::{BTreeMap, HashSet};

/// Every fact about money. It only grows, like the set of facts that it belongs to.
#[derive(Debug, Clone, Default)]
pub(super) struct Money {
    captured: Option<Amount>,
    refunds: BTreeMap<RefundId, Refund>,
    disputes: BTreeMap<String, Dispute>,
}

/// One refund: its request and its outcome, which can arrive in either order.
#[derive(Debug, Clone, Default)]
struct Refund {
    /// Why it was requested; `None` while only the outcome is known.
    cause: Option<RefundCause>,
    /// The amount that the provider reported as refunded.
    succeeded: Option<Amount>,
    failure: Option<Failure>,
    /// It failed, and no automatic retry follows.
    abandoned: bool,
    /// A later refund was requested in its place.
    replaced: bool,
}

/// How a refund failed. Of two reports, the larger one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Failure {
    /// The provider refused it: no refund was made.
    Refused,
    /// It was made, and the bank sent the money back to us.
    Reversed,
}

/// One dispute with the customer's bank, which may have begun as an inquiry.
#[derive(Debug, Clone, Default)]
struct Dispute {
    /// How far it is as an inquiry, in which the bank holds nothing. Empty if it began as a dispute.
    inquiry: HashSet<DisputeOutcome>,
    /// The bank opened a dispute, and did not only inquire.
    is_opened: bool,
    outcomes: HashSet<DisputeOutcome>,
    /// The most that the bank held.
    held: Amount,
    /// What the bank kept, because the dispute was lost.
    lost: Amount,
    /// When the bank wants the evidence by: the last time that was named.
    evidence_due_by: Option<Timestamp>,
}

impl Dispute {
    fn is_open(&self) -> bool {
        self.is_opened
            && !self.outcomes.contains(&DisputeOutcome::Won)
            && !self.outcomes.contains(&DisputeOutcome::Lost)
    }

    /// Whether it is an inquiry that is open and has not become a dispute.
    fn is_open_inquiry(&self) -> bool {
        !self.is_opened && !self.inquiry.contains(&DisputeOutcome::Won)
    }
}

impl Refund {
    /// What the customer got. A reversal wins over a success: banks report some reversals long after the success. A refusal
    /// does not: if a success is reported as well, the refund was made after all.
    fn paid_out(&self) -> Option<Amount> {
        self.succeeded.filter(|_| self.failure != Some(Failure::Reversed))
    }

    fn has_failed(&self) -> bool {
        self.failure.is_some() && self.paid_out().is_none()
    }

    fn is_open(&self) -> bool {
        // A refund that was made at the provider, outside of Conveyor, and failed there is not our debt.
        let is_ours = self.cause.is_some_and(|cause| cause != RefundCause::Foreign || !self.has_failed());
        is_ours && self.paid_out().is_none() && !self.replaced
    }

    /// Whether its cause is a compensation, which refunds everything that is still owed.
    fn is_compensation(&self) -> bool {
        match self.cause {
            Some(
                RefundCause::OutOfStock
                | RefundCause::ShippingFailed
                | RefundCause::Cancelled
                | RefundCause::LateCapture
                | RefundCause::Returned,
            ) => true,
            Some(RefundCause::Goodwill | RefundCause::Foreign) | None => false,
        }
    }
}

impl Money {
    pub(super) fn add_capture(&mut self, amount: Option<Amount>) {
        self.captured = self.captured.max(amount);
    }

    pub(super) fn add_refund_request(&mut self, detail: &Detail) {
        if let Some(refund) = self.refund(detail) {
            refund.cause = detail.refund_cause;
        }
        if let Some(replaced) = &detail.instead_of {
            self.refunds.entry(replaced.clone()).or_default().replaced = true;
        }
    }

    pub(super) fn add_refund_success(&mut self, detail: &Detail) {
        if let Some(refund) = self.refund(detail) {
            refund.succeeded = refund.succeeded.max(detail.amount);
        }
    }

    pub(super) fn add_refund_failure(&mut self, detail: &Detail) {
        if let Some(refund) = self.refund(detail) {
            let failure = if detail.refused { Failure::Refused } else { Failure::Reversed };
            refund.failure = refund.failure.max(Some(failure));
            refund.abandoned |= !detail.again;
        }
    }

    pub(super) fn add_dispute(&mut self, detail: &Detail) {
        let id = detail.dispute_id.clone().unwrap_or_default();
        let dispute = self.disputes.entry(id).or_default();
        dispute.evidence_due_by = dispute.evidence_due_by.max(detail.evidence_due_by);
        if detail.inquiry {
            dispute.inquiry.extend(detail.dispute);
            return;
        }
        dispute.is_opened = true;
        let amount = detail.amount.unwrap_or_default();
        dispute.held = dispute.held.max(amount);
        if detail.dispute == Some(DisputeOutcome::Lost) {
            dispute.lost = dispute.lost.max(amount);
        }
        dispute.outcomes.extend(detail.dispute);
    }

    fn refund(&mut self, detail: &Detail) -> Option<&mut Refund> {
        Some(self.refunds.entry(detail.refund_id.clone()?).or_default())
    }

    pub(super) fn captured(&self) -> Amount {
        self.captured.unwrap_or_default()
    }

    pub(super) fn refunded(&self) -> Amount {
        self.refunds.values().filter_map(Refund::paid_out).fold(Amount::ZERO, Amount::plus)
    }

    /// Whether a dispute is open.
    pub(super) fn is_disputed(&self) -> bool {
        self.disputes.values().any(Dispute::is_open)
    }

    /// When a bank wants evidence: the next of the open disputes and inquiries.
    pub(super) fn evidence_due(&self) -> Option<Timestamp> {
        let open = self.disputes.values().filter(|dispute| dispute.is_open() || dispute.is_open_inquiry());
        open.filter_map(|dispute| dispute.evidence_due_by).min()
    }

    /// Whether an inquiry is open that has not become a dispute.
    pub(super) fn has_inquiry(&self) -> bool {
        self.disputes.values().any(Dispute::is_open_inquiry)
    }

    /// The refunds that were requested and that we still owe.
    pub(super) fn owed_refunds(&self) -> impl Iterator<Item = &RefundId> {
        self.refunds.iter().filter(|(_, refund)| self.is_owed(refund)).map(|(id, _)| id)
    }

    /// Whether an operator must act: a refund that we owe failed, and no automatic retry follows.
    pub(super) fn has_abandoned_refund(&self) -> bool {
        self.refunds.values().any(|refund| refund.abandoned && refund.has_failed() && self.is_owed(refund))
    }

    /// A failed refund is no longer owed once nothing of the captured money is left with us: another refund paid it out, or
    /// the bank took it.
    fn is_owed(&self, refund: &Refund) -> bool {
        refund.is_open()
            && !(refund.has_failed() && self.has_all_left(Refund::paid_out, |dispute| dispute.lost))
    }

    /// Whether everything captured has left us, in any number of refunds and lost disputes. Beside a compensation that
    /// succeeded, the amount of an open or won dispute counts too: the compensation refunded what the bank did not hold.
    ///
    /// A refund that succeeded counts even if it was reversed later, because a settled status does not move backwards. The
    /// order then owes that refund again, and is open.
    pub(super) fn is_settled(&self) -> bool {
        let succeeded = |refund: &Refund| refund.succeeded;
        let is_compensated =
            self.refunds.values().any(|refund| refund.is_compensation() && refund.succeeded.is_some());
        self.has_all_left(succeeded, |dispute| dispute.lost)
            || is_compensated && self.has_all_left(succeeded, |dispute| dispute.held)
    }

    /// Whether these amounts of all refunds and disputes add up to everything that was captured.
    fn has_all_left(
        &self,
        of_refund: impl Fn(&Refund) -> Option<Amount>,
        of_dispute: impl Fn(&Dispute) -> Amount,
    ) -> bool {
        let refunds = self.refunds.values().filter_map(of_refund);
        let left = refunds.chain(self.disputes.values().map(of_dispute)).fold(Amount::ZERO, Amount::plus);
        self.captured.is_some_and(|captured| captured <= left)
    }
}
