//! The payment of one order: the fold of its events, and (in [`decide`], [`refunds`] and [`operator_requests`]) which event
//! may follow. Pure.

mod decide;
mod operator_requests;
mod refunds;

pub(crate) use operator_requests::NotRefunded;

use crate::ledger::Ledger;
use event_store::Aggregate;
use events::{CancelCause, Envelope, PaymentRequested, PaymentsEvent};

/// The payment of one order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Payment {
    /// Its stage.
    pub stage: Stage,
    /// The money: captured, refunded, disputed. It is separate from the stage because the provider may report a refund or
    /// a dispute before it reports the capture.
    pub ledger: Ledger,
    /// What replaced the customer's subject, if the personal data was erased.
    pub pseudonym: Option<String>,
}

/// The stage of a payment. `terms` are those of the request: the recorded intent, amount and currency.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Stage {
    /// It has no events.
    #[default]
    Unknown,
    /// The provider holds an intent that can still pay.
    Open {
        /// What was requested.
        terms: PaymentRequested,
        /// Whether the bank waits for the customer.
        action_required: bool,
    },
    /// It is being ended at the provider.
    Cancelling {
        /// What was requested.
        terms: PaymentRequested,
        /// Why it ends.
        cause: CancelCause,
        /// The decline code, for a decline.
        code: Option<String>,
    },
    /// The money is taken.
    Paid {
        /// What was requested.
        terms: PaymentRequested,
    },
    /// Ended without money by the bank or the provider.
    Failed {
        /// What was requested; `None` if the provider refused to begin.
        terms: Option<PaymentRequested>,
        /// The provider's code.
        code: String,
    },
    /// Ended by us. Money that was taken nevertheless (a late capture) is in the ledger, to be refunded.
    Cancelled {
        /// What was requested; `None` for a tombstone.
        terms: Option<PaymentRequested>,
        /// Why it ended.
        cause: CancelCause,
    },
}

impl Stage {
    /// What was requested, if anything was.
    pub const fn terms(&self) -> Option<&PaymentRequested> {
        match self {
            Self::Unknown => None,
            Self::Open { terms, .. } | Self::Cancelling { terms, .. } | Self::Paid { terms } => Some(terms),
            Self::Failed { terms, .. } | Self::Cancelled { terms, .. } => terms.as_ref(),
        }
    }

    fn ended_because(&self) -> CancelCause {
        match self {
            Self::Cancelling { cause, .. } | Self::Cancelled { cause, .. } => *cause,
            Self::Failed { .. } => CancelCause::Declined,
            Self::Unknown | Self::Open { .. } | Self::Paid { .. } => CancelCause::Cancelled,
        }
    }
}

impl Aggregate for Payment {
    type Event = PaymentsEvent;

    fn evolve(&mut self, event: &PaymentsEvent, _envelope: &Envelope) {
        let terms = self.stage.terms().cloned();
        match event {
            PaymentsEvent::PaymentRequested(terms) => {
                self.stage = Stage::Open { terms: terms.clone(), action_required: false };
            }
            PaymentsEvent::PaymentActionRequired(_) => {
                if let Stage::Open { action_required, .. } = &mut self.stage {
                    *action_required = true;
                }
            }
            PaymentsEvent::OrderPaid(paid) => {
                self.ledger.capture(paid.amount, paid.reference.as_deref());
                if let Some(terms) = terms {
                    self.stage = Stage::Paid { terms };
                }
            }
            PaymentsEvent::PaymentCancellationRequested(request) => {
                if let Some(terms) = terms {
                    self.stage =
                        Stage::Cancelling { terms, cause: request.cause, code: request.code.clone() };
                }
            }
            PaymentsEvent::PaymentFailed(failed) => {
                self.stage = Stage::Failed { terms, code: failed.code.clone() };
            }
            PaymentsEvent::PaymentCancelled(cancelled) => {
                self.stage = Stage::Cancelled { terms, cause: cancelled.cause };
            }
            PaymentsEvent::RefundRequested(request) => {
                if let Some(captured) = request.captured {
                    self.ledger.capture(captured, request.reference.as_deref());
                    self.stage = Stage::Cancelled { terms, cause: self.stage.ended_because() };
                }
                self.ledger.request(request);
            }
            PaymentsEvent::PaymentRefunded(refunded) => {
                self.ledger.succeed(&refunded.refund_id, refunded.provider_refund_id.as_deref());
            }
            PaymentsEvent::RefundFailed(failed) => self.ledger.fail(&failed.refund_id, failed.refused),
            PaymentsEvent::PaymentDisputed(disputed) => self.ledger.set_dispute(disputed),
            PaymentsEvent::PaymentDataErased(erased) => self.pseudonym = Some(erased.pseudonym.clone()),
        }
    }

    fn pseudonym(&self) -> Option<&str> {
        self.pseudonym.as_deref()
    }
}
