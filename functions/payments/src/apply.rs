//! `apply-stripe-event`: applies the webhooks of the inbox to the payments they report about.
//!
//! Trigger: the stream of payments' table: inbox items, replays of them, and `PaymentRequested` (which drains what is
//! parked for it).
//! Effect: at most one event per webhook, appended to its order's stream (two for an offline refund, see [`elsewhere`]), and
//! the webhook's verdict beside it ([`InboxReader`]). Makes no calls.
//! Emits: `OrderPaid`, `PaymentActionRequired`, `PaymentCancellationRequested {declined}`, `PaymentFailed`,
//! `PaymentCancelled`, `RefundRequested {late_capture | foreign}`, `PaymentRefunded`, `RefundFailed`, `PaymentDisputed`.
//! Idempotent by the stream: the API's answer and the webhook decide by the same rules, and only one of them is written.
//!
//! The object's metadata name the order, or the map `intent#<id>` does. Events of another stack are ignored. A webhook that
//! arrives before its order is parked under `intent#<id>` and applied once `PaymentRequested` is in the stream.
//!
//! Retry: the table did not answer; the whole batch is redelivered. Dead-lettered: a webhook that cannot be read, and money
//! that does not match what was requested.

#[cfg(test)]
mod tests;
#[cfg(test)]
mod verdicts;

use crate::payment::{Payment, Stage};
use crate::stripe::{About, Event, Fact, News};
use crate::{OrderOfIntent, SOURCE, elsewhere, intent_partition, order_of_intent};
use async_trait::async_trait;
use event_store::{Decided, Documents, EventStore, StreamId, append_decided};
use events::{Envelope, OrderId, PaymentsEvent, ReadError, ServiceEvent as _};
use resilience::{Clock, Failure};
use runtime::stream::{Item, Poison, Reader, Record};
use std::sync::Arc;
use webhooks::inbox::reader::{Handler, InboxReader, Outcome, Webhook};
use webhooks::inbox::verdict::Verdict;
use webhooks::sender_of;

/// The step. See the module.
pub struct ApplyStripeEvent {
    /// Payments' streams.
    pub store: Arc<dyn EventStore>,
    /// The inbox, the maps, and what is parked.
    pub documents: Arc<dyn Documents>,
    /// Dates events.
    pub clock: Arc<dyn Clock>,
    /// The stack's name: several may share one account at the provider.
    pub stack: String,
}

#[async_trait]
impl Reader for ApplyStripeEvent {
    async fn read(&self, records: Vec<Record>) -> Result<Vec<Poison>, Failure> {
        let mut poison = Vec::new();
        for Record { key, item } in records {
            let outcome = match &item {
                Item::Event(envelope) => self.event(envelope).await,
                Item::Document(document) => self.inbox().read(&key, document).await,
            };
            match outcome {
                Ok(()) => {}
                Err(Failure::Reject { reason }) => poison.push(Poison { key, reason }),
                Err(retry @ Failure::Retry { .. }) => return Err(retry),
            }
        }
        Ok(poison)
    }
}

/// What this step does with the webhooks of the inbox.
struct Reports<'a>(&'a ApplyStripeEvent);

#[async_trait]
impl Handler for Reports<'_> {
    type Report = News;

    const SOURCES: &'static [&'static str] = &[SOURCE, elsewhere::SOURCE];
    const NOTHING_REPORTED: &'static str = "it reports nothing of use here";

    fn parse(&self, webhook: &Webhook<'_>) -> Result<Option<News>, Failure> {
        let news = if webhook.source == elsewhere::SOURCE {
            elsewhere::news(sender_of(&webhook.item.event_id), webhook.body)
        } else {
            let event: Event = json::from_slice(webhook.body)
                .map_err(|error| Failure::reject(format!("the webhook is not a Stripe event: {error}")))?;
            event.news()
        };
        news.map_err(Failure::reject)
    }

    fn partition(&self, news: &News) -> String {
        intent_partition(&news.about.intent_id)
    }

    async fn apply(&self, webhook: &Webhook<'_>, news: &News) -> Result<Outcome, Failure> {
        let about = &news.about;
        if about.stack.as_ref().is_some_and(|stack| *stack != self.0.stack) {
            let reason = "its object belongs to another stack".to_owned();
            return Ok(Outcome::Resolved(Verdict::Ignored { reason }));
        }
        let Some(order) = self.0.order_of(about).await? else { return Ok(Outcome::Unmatched) };
        let stream = StreamId::order(&order);
        if self.0.store.history::<Payment>(&stream).await?.state.stage == Stage::Unknown {
            return Ok(Outcome::Unmatched);
        }
        let cause = webhook.cause(webhook.source);
        loop {
            let decide = |payment: &Payment| decide(payment, news);
            let decided = append_decided(&*self.0.store, &stream, &cause, &*self.0.clock, decide).await?;
            match (decided, &news.fact) {
                // Only this webhook reports that an offline refund succeeded, so both events follow from it: that such a
                // refund exists, and that it was paid.
                (Decided::Appended(_), Fact::GivenBack(_)) => {}
                (decided, _) => {
                    let verdict = Verdict::of(&cause.id, &decided.history().envelopes);
                    return Ok(Outcome::Resolved(verdict));
                }
            }
        }
    }
}

impl ApplyStripeEvent {
    fn inbox(&self) -> InboxReader<'_, Reports<'_>> {
        InboxReader { documents: &*self.documents, clock: &*self.clock, handler: Reports(self) }
    }

    /// `PaymentRequested` is in the stream: applies what is parked for its intent.
    async fn event(&self, envelope: &Envelope) -> Result<(), Failure> {
        let event = PaymentsEvent::read(envelope).map_err(|error| match error {
            ReadError::NewerVersion { .. } => Failure::retry(error),
            ReadError::UnknownType { .. } | ReadError::Malformed { .. } => Failure::reject(error),
        })?;
        let PaymentsEvent::PaymentRequested(request) = event else {
            return Ok(());
        };
        self.inbox().drain(&intent_partition(&request.intent_id)).await
    }

    /// The order that the object's metadata or the map names.
    async fn order_of(&self, about: &About) -> Result<Option<OrderId>, Failure> {
        if let (Some(order), Some(_our_stack)) = (&about.order_id, &about.stack) {
            return OrderId::try_from(order.as_str()).map(Some).map_err(Failure::reject);
        }
        let key = order_of_intent(&about.intent_id);
        let Some(document) = self.documents.get(&key).await? else { return Ok(None) };
        let order: OrderOfIntent = document.read(&key)?;
        Ok(Some(order.order_id))
    }
}

fn decide(payment: &Payment, news: &News) -> Result<Option<PaymentsEvent>, Failure> {
    let intent_id = &news.about.intent_id;
    match &news.fact {
        Fact::Captured(capture) => payment.decide_captured(capture),
        Fact::ActionRequired => Ok(payment.decide_action_required(intent_id)),
        Fact::Declined(code) => Ok(payment.decide_declined(intent_id, code)),
        Fact::Cancelled => Ok(payment.decide_cancelled_there(intent_id)),
        Fact::Refund(report) => payment.decide_refund_report(report),
        Fact::GivenBack(report) => payment.decide_refund_report(&elsewhere::named(&payment.ledger, report)?),
        Fact::Dispute(report) => Ok(payment.decide_disputed(report)),
    }
}
