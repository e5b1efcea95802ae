//! The charge: begun, confirmed, ended.

use super::{TakePayment, Work};
use crate::payment::Stage;
use crate::provider::IntentId;
use crate::provider::offline::OfflinePayment;
use crate::provider::{IntentState, NewIntent, Provider, ProviderError};
use events::{Confirm, Line, OrderPlaced, PaymentRequested};
use resilience::Failure;
use webhooks::inbox::reader::PARKED;

impl TakePayment {
    /// `OrderPlaced`: an unconfirmed intent at the provider, the map to its order, then `PaymentRequested`.
    ///
    /// A retry after a crash creates a second intent at worst: it is never confirmed and moves no money.
    pub(super) async fn begin(&self, work: &Work<'_>, placed: &OrderPlaced) -> Result<(), Failure> {
        let provider = Provider::of(&placed.payment_method);
        match self.payment(work).await?.stage {
            Stage::Unknown => {}
            Stage::Open { .. }
            | Stage::Cancelling { .. }
            | Stage::Paid { .. }
            | Stage::Failed { .. }
            | Stage::Cancelled { .. } => return self.find_unexpected_money(work, provider).await,
        }
        let intent = match provider {
            Provider::Stripe => match self.create_intent(work, placed).await {
                Ok(intent) => intent,
                Err(error) => return self.not_begun(work, error).await,
            },
            Provider::Offline { sender } => OfflinePayment::intent(sender, &work.order),
        };
        intent.map_to(&*self.documents, &work.order).await?;
        let line = |line: &events::OrderLine| Line {
            sku: line.sku.clone(),
            quantity: line.quantity,
            weight_grams: line.weight_grams,
        };
        let terms = PaymentRequested {
            intent_id: intent.to_string(),
            amount: placed.total,
            currency: placed.currency,
            lines: placed.lines.iter().map(line).collect(),
            customer: placed.customer.clone(),
            pay_by: placed.pay_by,
            confirm: Confirm::of(&placed.payment_method),
        };
        self.append(work, |payment| Ok(payment.decide_request(&terms))).await?;
        self.find_unexpected_money(work, provider).await
    }

    /// An offline payment can be cancelled before it begins. Money that arrives nevertheless matches no terms. The map item makes
    /// later reports fail with a dead letter. An earlier report is parked, and no event would ever apply it, so it is searched
    /// here. Both sides write first and read afterwards, so no report is missed.
    async fn find_unexpected_money(&self, work: &Work<'_>, provider: Provider<'_>) -> Result<(), Failure> {
        let sender = match provider {
            Provider::Stripe => return Ok(()),
            Provider::Offline { sender } => sender,
        };
        if self.payment(work).await?.stage.terms().is_some() {
            return Ok(());
        }
        let intent = OfflinePayment::intent(sender, &work.order);
        intent.map_to(&*self.documents, &work.order).await?;
        let parked = self.documents.list(&intent.partition(), PARKED).await?;
        match parked.first() {
            Some((key, _)) => Err(Failure::reject(format!(
                "{key}: {sender} reports money for an order whose payment ended before it began; settle it with them"
            ))),
            None => Ok(()),
        }
    }

    async fn create_intent(&self, work: &Work<'_>, placed: &OrderPlaced) -> Result<IntentId, ProviderError> {
        let new = NewIntent {
            order: &work.order,
            stack: &self.stack,
            amount: placed.total,
            currency: placed.currency,
            payment_method: match Confirm::of(&placed.payment_method) {
                Confirm::Server => Some(&placed.payment_method),
                Confirm::Client => None,
            },
        };
        self.stripe.create_intent(&new, &work.key(&self.stack)).await
    }

    /// A refusal ends the payment only if its reason is what the customer chose. A call of ours that the provider does not
    /// understand would end every order, so it is dead-lettered.
    async fn not_begun(&self, work: &Work<'_>, error: ProviderError) -> Result<(), Failure> {
        let code = match &error {
            ProviderError::Declined { code }
            | ProviderError::Refused { code, is_customers_choice: true, .. } => code,
            ProviderError::Refused { is_customers_choice: false, .. }
            | ProviderError::InexactAmount(_)
            | ProviderError::Unclear(_)
            | ProviderError::KeySpent { .. }
            | ProviderError::WrongKey(_)
            | ProviderError::Paused { .. } => {
                return Err(Failure::from(error).during("create the intent"));
            }
        };
        self.append(work, |payment| Ok(payment.decide_refused(code))).await
    }

    /// `PaymentRequested`: the recorded intent is confirmed, unless its time is over.
    pub(super) async fn charge(&self, work: &Work<'_>) -> Result<(), Failure> {
        let Stage::Open { terms, .. } = self.payment(work).await?.stage else { return Ok(()) };
        if self.clock.now() > terms.pay_by {
            return self.expire(work).await;
        }
        let intent = work.intent(&terms)?;
        match &intent {
            IntentId::Stripe(id) => match terms.confirm {
                Confirm::Server => self.confirm(work, &intent, id).await,
                // The customer's browser does, and a webhook reports the outcome.
                Confirm::Client => Ok(()),
            },
            // Its sender reports the money; no call can be made.
            IntentId::Offline(_) => Ok(()),
        }
    }

    async fn confirm(&self, work: &Work<'_>, intent: &IntentId, id: &str) -> Result<(), Failure> {
        if work.is_repeat() {
            let state = self.state(intent).await?;
            if state != IntentState::Unconfirmed {
                return self.settle(work, intent, state).await;
            }
        }
        let state = match self.stripe.confirm(id, &work.key(&self.stack)).await {
            Ok(state) => state,
            Err(ProviderError::Declined { code }) => IntentState::Declined(code),
            Err(error @ (ProviderError::Paused { .. } | ProviderError::WrongKey(_))) => {
                return Err(Failure::from(error).during("confirm"));
            }
            Err(
                error @ (ProviderError::Refused { .. }
                | ProviderError::InexactAmount(_)
                | ProviderError::Unclear(_)
                | ProviderError::KeySpent { .. }),
            ) => {
                tracing::warn!(%error, "the confirmation is settled by reading the intent's state");
                let state = self.state(intent).await?;
                if state == IntentState::Unconfirmed { unchanged_by(error)? } else { state }
            }
        };
        self.settle(work, intent, state).await
    }

    /// `OrderExpired`: reads at the provider whether the money was taken in time; if not, the payment is ended.
    pub(super) async fn expire(&self, work: &Work<'_>) -> Result<(), Failure> {
        let payment = self.payment(work).await?;
        if let Stage::Open { terms, .. } = &payment.stage {
            let intent = work.intent(terms)?;
            match self.state(&intent).await? {
                state @ (IntentState::Captured(_)
                | IntentState::UnderWay(_)
                | IntentState::Cancelled
                | IntentState::Unexpected(_)) => return self.settle(work, &intent, state).await,
                IntentState::Unconfirmed | IntentState::ActionRequired | IntentState::Declined(_) => {}
            }
        }
        self.append(work, |payment| Ok(payment.decide_expired())).await
    }

    /// `PaymentCancellationRequested`: the intent is cancelled, and only its state at the provider ends the payment. An intent
    /// that has succeeded cannot be cancelled: its money is refunded.
    pub(super) async fn cancel(&self, work: &Work<'_>) -> Result<(), Failure> {
        let Stage::Cancelling { terms, .. } = self.payment(work).await?.stage else { return Ok(()) };
        let intent = work.intent(&terms)?;
        let state = match &intent {
            IntentId::Stripe(id) => self.end(work, &intent, id).await?,
            IntentId::Offline(_) => IntentState::Cancelled,
        };
        match state {
            IntentState::Captured(_) | IntentState::Cancelled => self.settle(work, &intent, state).await,
            IntentState::Unconfirmed
            | IntentState::UnderWay(_)
            | IntentState::ActionRequired
            | IntentState::Declined(_)
            | IntentState::Unexpected(_) => {
                Err(Failure::retry("the provider has not cancelled the intent yet"))
            }
        }
    }

    /// Cancels the intent, unless it has ended already.
    async fn end(&self, work: &Work<'_>, intent: &IntentId, id: &str) -> Result<IntentState, Failure> {
        if work.is_repeat() {
            let state = self.state(intent).await?;
            if matches!(state, IntentState::Captured(_) | IntentState::Cancelled) {
                return Ok(state);
            }
        }
        match self.stripe.cancel(id, &work.key(&self.stack)).await {
            Ok(state) => Ok(state),
            Err(error @ (ProviderError::Paused { .. } | ProviderError::WrongKey(_))) => {
                Err(Failure::from(error).during("cancel"))
            }
            Err(
                error @ (ProviderError::Declined { .. }
                | ProviderError::Refused { .. }
                | ProviderError::InexactAmount(_)
                | ProviderError::Unclear(_)
                | ProviderError::KeySpent { .. }),
            ) => {
                tracing::warn!(%error, "the cancellation is settled by reading the intent's state");
                self.state(intent).await
            }
        }
    }

    async fn state(&self, intent: &IntentId) -> Result<IntentState, Failure> {
        match intent {
            IntentId::Stripe(id) => {
                let state = self.stripe.state(id).await;
                state.map_err(|error| Failure::from(error).during("read the intent's state"))
            }
            // No system can be asked. Money that was not reported has not arrived.
            IntentId::Offline(_) => Ok(IntentState::Unconfirmed),
        }
    }

    async fn settle(&self, work: &Work<'_>, intent: &IntentId, state: IntentState) -> Result<(), Failure> {
        match state {
            IntentState::Captured(capture) => {
                self.append(work, |payment| payment.decide_captured(&capture)).await
            }
            IntentState::ActionRequired => {
                self.append(work, |payment| Ok(payment.decide_action_required(intent))).await
            }
            IntentState::Declined(code) => {
                self.append(work, |payment| Ok(payment.decide_declined(intent, &code))).await
            }
            IntentState::Cancelled => self.append(work, |payment| Ok(payment.decide_cancelled(intent))).await,
            IntentState::Unconfirmed => {
                Err(Failure::retry("the intent is still unconfirmed; the next delivery confirms it"))
            }
            IntentState::UnderWay(state) => Err(Failure::retry(format!("the intent is {state}"))),
            IntentState::Unexpected(state) => {
                Err(Failure::reject(format!("the intent has an unexpected state: {state}")))
            }
        }
    }
}

/// What a confirmation that failed means for an intent that it left as it was. A refusal because of what the customer chose is a
/// decline: a repeat would be refused again. Reject: a call of ours that the provider does not understand.
fn unchanged_by(error: ProviderError) -> Result<IntentState, Failure> {
    match error {
        ProviderError::Declined { code } | ProviderError::Refused { code, is_customers_choice: true, .. } => {
            Ok(IntentState::Declined(code))
        }
        ProviderError::Refused { is_customers_choice: false, .. } | ProviderError::InexactAmount(_) => {
            Err(Failure::from(error).during("confirm"))
        }
        ProviderError::Unclear(_)
        | ProviderError::KeySpent { .. }
        | ProviderError::WrongKey(_)
        | ProviderError::Paused { .. } => Ok(IntentState::Unconfirmed),
    }
}

#[cfg(test)]
mod tests;
