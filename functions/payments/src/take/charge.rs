//! The charge: begun, confirmed, ended.

use super::{TakePayment, Work};
use crate::payment::Stage;
use crate::stripe::{IntentDraft, IntentNews, StripeError};
use crate::{OrderOfIntent, elsewhere, intent_partition, order_of_intent};
use event_store::Document;
use events::{Line, OrderPlaced, PaymentRequested, offline_sender};
use resilience::Failure;
use webhooks::inbox::reader::PARKED;

impl TakePayment {
    /// `OrderPlaced`: an unconfirmed intent at the provider, the map to its order, then `PaymentRequested`.
    ///
    /// A repeat after a crash makes a second intent at worst: it was never confirmed and moves no money.
    pub(super) async fn begin(&self, work: &Work<'_>, placed: &OrderPlaced) -> Result<(), Failure> {
        let sender = offline_sender(&placed.payment_method);
        match self.payment(work).await?.stage {
            Stage::Unknown => {}
            Stage::Open { .. }
            | Stage::Cancelling { .. }
            | Stage::Paid { .. }
            | Stage::Failed { .. }
            | Stage::Cancelled { .. } => return self.money_came_anyway(work, sender).await,
        }
        let intent_id = match sender {
            Some(sender) => elsewhere::intent_id(sender, &work.order),
            None => match self.create_intent(work, placed).await {
                Ok(intent_id) => intent_id,
                Err(error) => return self.not_begun(work, error).await,
            },
        };
        let order = OrderOfIntent { order_id: work.order.clone() };
        self.documents.put(&order_of_intent(&intent_id), &Document::of(&order)).await?;
        let line = |line: &events::OrderLine| Line {
            sku: line.sku.clone(),
            quantity: line.quantity,
            weight_grams: line.weight_grams,
        };
        let terms = PaymentRequested {
            intent_id,
            amount: placed.total,
            currency: placed.currency,
            lines: placed.lines.iter().map(line).collect(),
            customer: placed.customer.clone(),
            pay_by: placed.pay_by,
        };
        self.append(work, |payment| Ok(payment.decide_request(&terms))).await?;
        self.money_came_anyway(work, sender).await
    }

    /// A payment that ended before it began has no terms that money could fit, but a transfer needs no intent, and comes
    /// nevertheless. The map has what is told from now on set aside, and what was told before waits beside it, where
    /// nothing would fetch it. Both sides write and then read, so that neither misses the other.
    async fn money_came_anyway(&self, work: &Work<'_>, sender: Option<&str>) -> Result<(), Failure> {
        let Some(sender) = sender else { return Ok(()) };
        if self.payment(work).await?.stage.terms().is_some() {
            return Ok(());
        }
        let intent_id = elsewhere::intent_id(sender, &work.order);
        let order = OrderOfIntent { order_id: work.order.clone() };
        self.documents.put(&order_of_intent(&intent_id), &Document::of(&order)).await?;
        let waiting = self.documents.list(&intent_partition(&intent_id), PARKED).await?;
        match waiting.first() {
            Some((key, _)) => Err(Failure::reject(format!(
                "{key}: {sender} tells of money for an order whose payment ended before it began; settle it with them"
            ))),
            None => Ok(()),
        }
    }

    async fn create_intent(&self, work: &Work<'_>, placed: &OrderPlaced) -> Result<String, StripeError> {
        let draft = IntentDraft {
            order: &work.order,
            stack: &self.stack,
            amount: placed.total,
            currency: placed.currency,
            payment_method: &placed.payment_method,
        };
        Ok(self.stripe.create_intent(&draft, &work.key(&self.stack)).await?.id)
    }

    /// A refusal ends the payment only if it is about what the customer chose; a call of ours that Stripe does not
    /// understand would end every order, so somebody has to look first.
    async fn not_begun(&self, work: &Work<'_>, error: StripeError) -> Result<(), Failure> {
        let code = match &error {
            StripeError::Declined { code } => code,
            StripeError::Refused { code, param, .. }
                if is_about_the_customers_choice(code, param.as_deref()) =>
            {
                code
            }
            StripeError::Refused { .. }
            | StripeError::Unclear(_)
            | StripeError::Spent { .. }
            | StripeError::Paused { .. } => {
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
        if elsewhere::is_elsewhere(&terms.intent_id) {
            // Nothing to call: whoever gets the money tells so.
            return Ok(());
        }
        if work.is_repeat() {
            let news = self.ask(&terms.intent_id).await?;
            if news != IntentNews::Unconfirmed {
                return self.settle(work, &terms.intent_id, news).await;
            }
        }
        let news = match self.stripe.confirm_intent(&terms.intent_id, &work.key(&self.stack)).await {
            Ok(intent) => intent.news(),
            Err(StripeError::Declined { code }) => IntentNews::Declined(code),
            Err(error @ StripeError::Paused { .. }) => return Err(Failure::from(error).during("confirm")),
            Err(
                error @ (StripeError::Refused { .. } | StripeError::Unclear(_) | StripeError::Spent { .. }),
            ) => {
                tracing::warn!(%error, "the confirmation is settled by asking for the intent's state");
                self.ask(&terms.intent_id).await?
            }
        };
        self.settle(work, &terms.intent_id, news).await
    }

    /// `OrderExpired`: the provider says whether the money came in time; if not, the payment is to be ended.
    pub(super) async fn expire(&self, work: &Work<'_>) -> Result<(), Failure> {
        let payment = self.payment(work).await?;
        if let Stage::Open { terms, .. } = &payment.stage {
            match self.ask(&terms.intent_id).await? {
                news @ (IntentNews::Captured(_)
                | IntentNews::UnderWay(_)
                | IntentNews::Cancelled
                | IntentNews::Strange(_)) => return self.settle(work, &terms.intent_id, news).await,
                IntentNews::Unconfirmed | IntentNews::ActionRequired | IntentNews::Declined(_) => {}
            }
        }
        self.append(work, |payment| Ok(payment.decide_expired())).await
    }

    /// `PaymentCancellationRequested`: the intent is cancelled, and only the provider's word that it is ends the
    /// payment. An intent that had succeeded cannot be cancelled: its money goes back.
    pub(super) async fn cancel(&self, work: &Work<'_>) -> Result<(), Failure> {
        let Stage::Cancelling { terms, .. } = self.payment(work).await?.stage else { return Ok(()) };
        if elsewhere::is_elsewhere(&terms.intent_id) {
            return self.settle(work, &terms.intent_id, IntentNews::Cancelled).await;
        }
        if work.is_repeat() {
            let news = self.ask(&terms.intent_id).await?;
            if matches!(news, IntentNews::Captured(_) | IntentNews::Cancelled) {
                return self.settle(work, &terms.intent_id, news).await;
            }
        }
        let news = match self.stripe.cancel_intent(&terms.intent_id, &work.key(&self.stack)).await {
            Ok(intent) => intent.news(),
            Err(error @ StripeError::Paused { .. }) => return Err(Failure::from(error).during("cancel")),
            Err(
                error @ (StripeError::Declined { .. }
                | StripeError::Refused { .. }
                | StripeError::Unclear(_)
                | StripeError::Spent { .. }),
            ) => {
                tracing::warn!(%error, "the cancellation is settled by asking for the intent's state");
                self.ask(&terms.intent_id).await?
            }
        };
        match news {
            IntentNews::Captured(_) | IntentNews::Cancelled => {
                self.settle(work, &terms.intent_id, news).await
            }
            IntentNews::Unconfirmed
            | IntentNews::UnderWay(_)
            | IntentNews::ActionRequired
            | IntentNews::Declined(_)
            | IntentNews::Strange(_) => Err(Failure::retry("the provider has not cancelled the intent yet")),
        }
    }

    async fn ask(&self, intent_id: &str) -> Result<IntentNews, Failure> {
        if elsewhere::is_elsewhere(intent_id) {
            // Nobody can be asked. What was not told has not happened.
            return Ok(IntentNews::Unconfirmed);
        }
        let answer = self.stripe.intent(intent_id).await;
        Ok(answer.map_err(|error| Failure::from(error).during("ask for the intent's state"))?.news())
    }

    async fn settle(&self, work: &Work<'_>, intent_id: &str, news: IntentNews) -> Result<(), Failure> {
        match news {
            IntentNews::Captured(capture) => {
                self.append(work, |payment| payment.decide_captured(&capture)).await
            }
            IntentNews::ActionRequired => {
                self.append(work, |payment| Ok(payment.decide_action_required(intent_id))).await
            }
            IntentNews::Declined(code) => {
                self.append(work, |payment| Ok(payment.decide_declined(intent_id, &code))).await
            }
            IntentNews::Cancelled => {
                self.append(work, |payment| Ok(payment.decide_cancelled_there(intent_id))).await
            }
            IntentNews::Unconfirmed => {
                Err(Failure::retry("nothing happened to the intent; it is confirmed again"))
            }
            IntentNews::UnderWay(state) => Err(Failure::retry(format!("the intent is {state}"))),
            IntentNews::Strange(what) => Err(Failure::reject(format!("the intent is strange: {what}"))),
        }
    }
}

fn is_about_the_customers_choice(code: &str, param: Option<&str>) -> bool {
    // A payment method that does not exist: Stripe answers 400 with its parameter, or 404 `resource_missing`.
    param.is_some_and(|param| matches!(param, "payment_method" | "amount" | "currency"))
        || matches!(
            code,
            "resource_missing" | "amount_too_small" | "amount_too_large" | "payment_method_not_available"
        )
}

#[cfg(test)]
mod tests;
