//! What an operator may request: a goodwill refund, and another attempt of a refund that failed. Pure, and decided on the
//! folded stream, so that every concurrent refund is counted.

use super::{Payment, Stage};
use crate::ledger::Settled;
use events::{Amount, Currency, PaymentsEvent, RefundCause, RefundId, RefundRequested, is_erased};

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NotRefunded {
    /// The order has no payment.
    NoPayment,
    /// No refund has that id.
    NoRefund,
    /// No money was taken, or it is refunded anyway.
    NotPaid,
    /// The refund of that id has another amount or reason.
    DifferentRequest,
    /// The amount is not a multiple of the step.
    OffStep {
        /// The payment's currency, which has the step.
        currency: Currency,
    },
    /// More than is refundable.
    TooMuch {
        /// What is refundable.
        refundable: Amount,
        /// Its currency.
        currency: Currency,
    },
    /// It is under way, or was paid.
    NotFailed,
    /// It was made at the provider, outside of Conveyor, so nothing is owed here.
    Foreign,
}

impl Payment {
    /// Refunds a part of the money as goodwill. Nothing if this request was granted before.
    pub(crate) fn decide_goodwill(
        &self,
        id: &RefundId,
        amount: Amount,
        reason: &str,
    ) -> Result<Option<PaymentsEvent>, NotRefunded> {
        let currency = match &self.stage {
            Stage::Unknown => return Err(NotRefunded::NoPayment),
            Stage::Paid { terms } => terms.currency,
            Stage::Open { .. }
            | Stage::Cancelling { .. }
            | Stage::Failed { .. }
            | Stage::Cancelled { .. } => {
                return Err(NotRefunded::NotPaid);
            }
        };
        if let Some(refund) = self.ledger.refund(id) {
            // A reason that was erased may have been this one.
            let is_it = |stored: &str| stored == reason || is_erased(stored);
            let is_same =
                refund.request.amount == amount && refund.request.reason.as_deref().is_some_and(is_it);
            return if is_same { Ok(None) } else { Err(NotRefunded::DifferentRequest) };
        }
        let refundable = self.ledger.refundable();
        // Everything that is left can always be refunded: an offline payment, or an old one, may be no multiple of the step.
        if !currency.rules().fits_step(amount) && amount != refundable {
            return Err(NotRefunded::OffStep { currency });
        }
        if !self.ledger.admits(amount) {
            return Err(NotRefunded::TooMuch { refundable, currency });
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

    /// Requests a failed refund again, after any number of attempts: its last replacement, if that failed too. Nothing if
    /// a replacement is under way.
    pub(crate) fn decide_retry(&self, id: &RefundId) -> Result<Option<PaymentsEvent>, NotRefunded> {
        let newest = self.ledger.newest(id).ok_or(NotRefunded::NoRefund)?;
        if newest.request.cause == RefundCause::Foreign && self.ledger.returns_everything().is_none() {
            return Err(NotRefunded::Foreign);
        }
        match self.ledger.retry_of(&newest.request.refund_id) {
            Some(retry) => {
                let request = retry.request(&newest.request.refund_id);
                request.map(|request| Some(request.into())).map_err(|_| NotRefunded::NoRefund)
            }
            None if newest.request.refund_id != *id && newest.settled == Settled::Open => Ok(None),
            None => Err(NotRefunded::NotFailed),
        }
    }
}

#[cfg(test)]
mod tests;
