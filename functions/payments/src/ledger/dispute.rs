//! A dispute in the ledger: how much of the captured money the bank holds or took.

use events::{Amount, DisputeOutcome};

/// One dispute, in its latest state. It may begin as an inquiry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispute {
    /// The provider's id.
    pub id: String,
    /// Its state.
    pub outcome: DisputeOutcome,
    /// The disputed amount.
    pub amount: Amount,
    /// It is only an inquiry: the bank holds nothing.
    pub inquiry: bool,
    /// Whether the date is known by which the bank wants the evidence.
    pub has_due_date: bool,
}

impl Dispute {
    /// What the bank holds or took because of it.
    pub(super) fn held(&self) -> Amount {
        match self.outcome {
            DisputeOutcome::Opened | DisputeOutcome::Lost if !self.inquiry => self.amount,
            DisputeOutcome::Opened | DisputeOutcome::Won | DisputeOutcome::Lost => Amount::ZERO,
        }
    }
}
