//! What the shop's people may ask for: money that goes back as goodwill, and a refund that was given up, once more.
//! Pure, and decided on the folded stream, so that whatever else gives money back meanwhile is counted.

use super::{Payment, Stage};
use crate::ledger::Settled;
use events::{Amount, PaymentsEvent, RefundCause, RefundId, RefundRequested};

/// Why a wish is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotRefunded {
    /// There is no payment.
    NoPayment,
    /// There is no such refund.
    NoRefund,
    /// Nothing was taken, or it goes back anyway.
    NotPaid,
    /// The refund of that id is another one.
    Another,
    /// More than can still be asked to go back.
    TooMuch {
        /// What can.
        free: Amount,
    },
    /// It is under way, or went back.
    NotFailed,
    /// It was made at the provider, outside of Conveyor: nobody here owes it.
    Foreign,
}

impl Payment {
    /// A part of the money goes back because the shop wants it. Nothing where this wish was granted before.
    pub fn decide_goodwill(
        &self,
        id: &RefundId,
        amount: Amount,
        reason: &str,
    ) -> Result<Option<PaymentsEvent>, NotRefunded> {
        match &self.stage {
            Stage::Unknown => return Err(NotRefunded::NoPayment),
            Stage::Paid { .. } => {}
            Stage::Open { .. }
            | Stage::Cancelling { .. }
            | Stage::Failed { .. }
            | Stage::Cancelled { .. } => {
                return Err(NotRefunded::NotPaid);
            }
        }
        if let Some(refund) = self.ledger.refund(id) {
            let is_same = (refund.request.amount, refund.request.reason.as_deref()) == (amount, Some(reason));
            return if is_same { Ok(None) } else { Err(NotRefunded::Another) };
        }
        if !self.ledger.admits(amount) {
            return Err(NotRefunded::TooMuch { free: self.ledger.free() });
        }
        let request = RefundRequested {
            refund_id: id.clone(),
            cause: RefundCause::Goodwill,
            amount,
            captured: None,
            reference: None,
            instead_of: None,
            reason: Some(reason.to_owned()),
        };
        Ok(Some(request.into()))
    }

    /// A refund that failed is asked for again, however often it was before: whatever stands in for it by now, if that
    /// failed too. Nothing where something that is under way stands in for it.
    pub fn decide_retry(&self, id: &RefundId) -> Result<Option<PaymentsEvent>, NotRefunded> {
        let newest = self.ledger.newest(id).ok_or(NotRefunded::NoRefund)?;
        if newest.request.cause == RefundCause::Foreign && self.ledger.returns_everything().is_none() {
            return Err(NotRefunded::Foreign);
        }
        match self.ledger.owed_for(&newest.request.refund_id) {
            Some(again) => {
                let request = again.request(&newest.request.refund_id);
                request.map(|request| Some(request.into())).map_err(|_| NotRefunded::NoRefund)
            }
            None if newest.request.refund_id != *id && newest.settled == Settled::Open => Ok(None),
            None => Err(NotRefunded::NotFailed),
        }
    }
}

#[cfg(test)]
mod tests;
