//! `apply-stripe-event`: applies the webhooks of the inbox to the payments they report about.
//!
//! Trigger: the stream of payments' table: inbox items, replays of them, and `PaymentRequested` (which drains what is
//! parked for it).
//! Effect: at most one event per webhook, appended to its order's stream (two for an offline refund that no one requested),
//! and the webhook's verdict next to its inbox item ([`InboxReader`]). Makes no calls.
//! Emits: `OrderPaid`, `PaymentActionRequired`, `PaymentCancellationRequested {declined}`, `PaymentFailed`,
//! `PaymentCancelled`, `RefundRequested {late_capture | foreign}`, `PaymentRefunded`, `RefundFailed`, `PaymentDisputed`.
//! Idempotent by the stream: the API's answer and the webhook decide by the same rules, and only one of them is written.
//!
//! The report names its order, or the map `intent#<id>` does. Reports of another stack are ignored. A webhook that arrives
//! before its order is parked under `intent#<id>` and applied once `PaymentRequested` is in the stream.
//!
//! Retry: the table did not answer. Dead-lettered: a webhook that cannot be read; money that
//! does not match what was requested, or cannot be recorded exactly; a refund or dispute of another intent than the recorded one,
//! or in another currency.

#[cfg(test)]
mod tests;

use crate::payment::{Payment, Stage};
use crate::provider::{self, Fact, IntentId, Report, Reported, offline};
use async_trait::async_trait;
use event_store::{Decided, Documents, EventStore, StreamId, append_decided_on};
use events::{Envelope, OrderId, PaymentsEvent, ReadError, ServiceEvent as _};
use jiff::SignedDuration;
use resilience::{Clock, Failure};
use runtime::stream::{Item, Reader, Record};
use std::sync::Arc;
use webhooks::inbox::reader::{Handler, InboxReader, Outcome, Webhook};
use webhooks::inbox::verdict::Verdict;

/// How long an offline payment waits for its order, whose `OrderPlaced` may be under way.
const OFFLINE_WAITS: SignedDuration = SignedDuration::from_hours(1);

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
    async fn read(&self, records: &[Record]) -> Result<(), Failure> {
        for Record { key, item } in records {
            match item {
                Item::Event(envelope) => self.event(envelope).await?,
                Item::Document(document) => self.inbox().read(key, document).await?,
            }
        }
        Ok(())
    }
}

/// What this step does with the webhooks of the inbox.
struct Reports<'a>(&'a ApplyStripeEvent);

#[async_trait]
impl Handler for Reports<'_> {
    type Report = Report;

    const SOURCES: &'static [&'static str] = provider::SOURCES;
    const NOTHING_REPORTED: &'static str = "it reports nothing of use here";

    fn parse(&self, webhook: &Webhook<'_>) -> Result<Option<Report>, Failure> {
        provider::parse(webhook)
    }

    fn partition(&self, report: &Report) -> String {
        report.intent.partition()
    }

    fn waits(&self, report: &Report) -> Option<(SignedDuration, &'static str)> {
        match &report.intent {
            IntentId::Stripe(_) => None,
            IntentId::Offline(_) => Some((
                OFFLINE_WAITS,
                "no order of this id was placed; settle the payment with its sender, or replay it if the order comes",
            )),
        }
    }

    async fn apply(&self, webhook: &Webhook<'_>, report: &Report) -> Result<Outcome, Failure> {
        let Self(step) = self;
        if report.stack.as_ref().is_some_and(|stack| *stack != step.stack) {
            let reason = "its object belongs to another stack".to_owned();
            return Ok(Outcome::Resolved(Verdict::Ignored { reason }));
        }
        let Some(order) = step.order_of(report).await? else { return Ok(Outcome::Unmatched) };
        let stream = StreamId::order(&order);
        let mut history = step.store.history::<Payment>(&stream).await?;
        if history.state.stage == Stage::Unknown {
            return Ok(Outcome::Unmatched);
        }
        let cause = webhook.cause(webhook.source);
        for reported in &report.facts {
            loop {
                let decide = |payment: &Payment| decide(payment, &report.intent, reported);
                let decided =
                    append_decided_on(history, &*step.store, &stream, &cause, &*step.clock, decide).await?;
                let is_appended = matches!(decided, Decided::Appended(_));
                history = decided.history();
                // Only this webhook reports a refund that a person paid, so both events follow from it: that the refund
                // exists, and that it was paid.
                if !(is_appended && matches!(reported, Reported::Offline(Fact::ManualRefund(_)))) {
                    break;
                }
            }
        }
        Ok(Outcome::Resolved(Verdict::of(&cause.id, &history.envelopes)))
    }
}

impl ApplyStripeEvent {
    fn inbox(&self) -> InboxReader<'_, Reports<'_>> {
        InboxReader { documents: &*self.documents, clock: &*self.clock, handler: Reports(self) }
    }

    /// `PaymentRequested`: applies what is parked for its intent.
    async fn event(&self, envelope: &Envelope) -> Result<(), Failure> {
        let event = PaymentsEvent::read(envelope).map_err(|error| match error {
            ReadError::NewerVersion { .. } => Failure::retry(error),
            ReadError::UnknownType { .. } | ReadError::Malformed { .. } => Failure::reject(error),
        })?;
        let PaymentsEvent::PaymentRequested(request) = event else {
            return Ok(());
        };
        let intent = IntentId::recorded(&request.intent_id, &envelope.id)?;
        self.inbox().drain(&intent.partition()).await
    }

    /// The order that the report names, or the map. An offline payment names its order, so a report for an order that is paid
    /// otherwise, or has ended, is not parked: it can never match.
    async fn order_of(&self, report: &Report) -> Result<Option<OrderId>, Failure> {
        if let IntentId::Offline(payment) = &report.intent {
            return Ok(Some(payment.order.clone()));
        }
        if let (Some(order), Some(_our_stack)) = (&report.order_id, &report.stack) {
            return OrderId::try_from(order.as_str()).map(Some).map_err(Failure::reject);
        }
        Ok(report.intent.order(&*self.documents).await?)
    }
}

fn decide(
    payment: &Payment,
    intent: &IntentId,
    reported: &Reported,
) -> Result<Option<PaymentsEvent>, Failure> {
    match &reported.fact(payment.stage.terms().map(|terms| terms.currency))? {
        Fact::Captured(capture) => payment.decide_captured(capture),
        Fact::ActionRequired => Ok(payment.decide_action_required(intent)),
        Fact::Declined(code) => Ok(payment.decide_declined(intent, code)),
        Fact::Cancelled => Ok(payment.decide_cancelled(intent)),
        Fact::Refund(refund) => {
            payment.check_recorded(intent)?;
            payment.decide_refund_report(refund)
        }
        Fact::ManualRefund(refund) => {
            payment.check_recorded(intent)?;
            payment.decide_refund_report(&offline::match_refund(&payment.ledger, refund)?)
        }
        Fact::Dispute(dispute) => {
            payment.check_recorded(intent)?;
            payment.decide_disputed(dispute)
        }
    }
}
