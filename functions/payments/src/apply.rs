//! `apply-stripe-event`: what is in the inbox becomes outcome events.
//!
//! Trigger: the stream of payments' table: inbox items, somebody's wish to have one applied once more, and
//! `PaymentRequested` (which drains what waits for it).
//! Effect: for each webhook at most one event appended to its order's stream (two for a refund that was made by hand, see
//! [`elsewhere`]); nothing is ever fetched. What became of the
//! webhook is written beside it, one small write each; it follows from the stream, so a repeat writes the same.
//! Says: `OrderPaid`, `PaymentActionRequired`, `PaymentCancellationRequested {declined}`, `PaymentFailed`,
//! `PaymentCancelled`, `RefundRequested {late_capture | foreign}`, `PaymentRefunded`, `RefundFailed`, `PaymentDisputed`.
//! Idempotent by the stream: the API's answer and the webhook decide by the same rules, and one of both is written.
//!
//! The order is named by the object's metadata, or by the map `intent#<id>`; another stack's events are left alone. A
//! webhook that overtakes its order is parked as `intent#<id>` / `parked#<event id>` (a pointer into the inbox), and
//! then the order is looked for once more. The writer of `PaymentRequested` writes first and reads the parked ones
//! after, so one of both sides sees the other.
//!
//! Retry: the table did not answer; the whole batch comes back. Set aside: what cannot be read, and money that does
//! not fit what was asked for.

#[cfg(test)]
mod tests;
#[cfg(test)]
mod verdicts;

use crate::payment::{Payment, Stage};
use crate::stripe::{About, Event, Fact, News};
use crate::{OrderOfIntent, SOURCE, elsewhere, intent_partition, order_of_intent};
use async_trait::async_trait;
use event_store::{Decided, Document, Documents, EventStore, Key, StreamId, append_decided};
use events::{Cause, Envelope, EventId, OrderId, PaymentsEvent, ReadError, ServiceEvent as _};
use jiff::SignedDuration;
use resilience::{Clock, Failure};
use runtime::stream::{Item, Poison, Reader, Record};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use webhooks::inbox::verdict::{Verdict, conclude};
use webhooks::inbox::{self, Arrival, replay};
use webhooks::sender_of;

/// As long as the inbox keeps what a parked webhook points to.
const PARKED_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);
/// What the sort keys of webhooks begin with that wait for their order.
pub(crate) const PARKED: &str = "parked#";

/// The step. See the module.
pub struct ApplyStripeEvent {
    /// Payments' streams.
    pub store: Arc<dyn EventStore>,
    /// The inbox, the maps, and what is parked.
    pub documents: Arc<dyn Documents>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// The stack's name: several may share one account at the provider.
    pub stack: String,
}

/// A webhook that waits for its order.
#[derive(Serialize, Deserialize)]
struct Parked {
    event_id: String,
    /// Whose webhook it is; those of before there were several are Stripe's.
    #[serde(default = "of_stripe")]
    source: String,
}

fn of_stripe() -> String {
    SOURCE.to_owned()
}

/// The sources whose webhooks lie in this inbox.
const SOURCES: [&str; 2] = [SOURCE, elsewhere::SOURCE];

/// A webhook that tells something, and what an event of it comes of.
struct Telling {
    news: News,
    cause: Cause,
}

/// Whether a webhook has found its order.
#[derive(Debug)]
enum Told {
    /// It has, and this became of it.
    So(Verdict),
    NotYet,
}

#[async_trait]
impl Reader for ApplyStripeEvent {
    async fn read(&self, records: Vec<Record>) -> Result<Vec<Poison>, Failure> {
        let mut poison = Vec::new();
        for Record { key, item } in records {
            let outcome = match &item {
                Item::Event(envelope) => self.drain(envelope).await,
                Item::Document(document) => self.webhook(&key, document).await,
            };
            match outcome {
                Ok(()) => {}
                Err(Failure::Reject { reason }) => poison.push(Poison { key, reason }),
                Err(failure @ Failure::Retry { .. }) => return Err(failure),
            }
        }
        Ok(poison)
    }
}

impl ApplyStripeEvent {
    /// Applies an inbox item, or the one that somebody wants applied once more, and writes down what became of it.
    async fn webhook(&self, record: &Key, document: &Document) -> Result<(), Failure> {
        let asked_for = |source| Some((source, replay::asks_for(record, source)?));
        let Some((source, key)) = SOURCES.into_iter().find_map(asked_for) else { return Ok(()) };
        if key == *record {
            return self.apply(source, &key, document).await;
        }
        match self.documents.get(&key).await? {
            Some(document) => self.apply(source, &key, &document).await,
            None => Ok(()),
        }
    }

    async fn apply(&self, source: &str, key: &Key, document: &Document) -> Result<(), Failure> {
        let (arrival, body) = inbox::open(document, key)?;
        match self.judge(source, &arrival, &body).await {
            Ok(Told::So(verdict)) => Ok(conclude(&*self.documents, source, &arrival, verdict).await?),
            Ok(Told::NotYet) => Ok(()),
            Err(Failure::Reject { reason }) => {
                let verdict = Verdict::Failed { reason: reason.clone() };
                conclude(&*self.documents, source, &arrival, verdict).await?;
                Err(Failure::reject(reason))
            }
            Err(retry @ Failure::Retry { .. }) => Err(retry),
        }
    }

    /// What becomes of it. One that is `NotYet` is parked, and that is written down already.
    async fn judge(&self, source: &str, arrival: &Arrival, body: &[u8]) -> Result<Told, Failure> {
        let Some(telling) = read(source, arrival, body)? else {
            return Ok(ignored("it says nothing that matters here"));
        };
        if let told @ Told::So(_) = self.tell(&telling).await? {
            return Ok(told);
        }
        let parked = Document::of(&Parked { event_id: arrival.event_id.clone(), source: source.to_owned() })
            .until(self.clock.now().saturating_add(PARKED_FOR).unwrap_or(jiff::Timestamp::MAX));
        let place = Key::new(
            intent_partition(&telling.news.about.intent_id),
            format!("{PARKED}{}", arrival.event_id),
        );
        self.documents.put(&place, &parked).await?;
        // Said before the last look, and not after it: whoever drains it has the last word.
        conclude(&*self.documents, source, arrival, Verdict::Parked { key: place.pk }).await?;
        // The order may have come between the look and the parking, and its reader may have looked before it.
        let told = self.tell(&telling).await?;
        if matches!(told, Told::NotYet) {
            tracing::info!(webhook.id = arrival.event_id, "parked until its order is known");
        }
        Ok(told)
    }

    /// `PaymentRequested` is in the stream: what waited for it is applied. Parked pointers stay until they are
    /// forgotten; applying one again changes nothing.
    async fn drain(&self, envelope: &Envelope) -> Result<(), Failure> {
        let event = PaymentsEvent::read(envelope).map_err(|error| match error {
            ReadError::NewerVersion { .. } => Failure::retry(error),
            ReadError::UnknownType { .. } | ReadError::Malformed { .. } => Failure::reject(error),
        })?;
        let PaymentsEvent::PaymentRequested(request) = event else {
            return Ok(());
        };
        let mut unsound = Vec::new();
        for (key, document) in self.documents.list(&intent_partition(&request.intent_id), PARKED).await? {
            match self.tell_parked(&key, &document).await {
                Ok(()) => {}
                // One that can never be applied takes none of its neighbours along.
                Err(Failure::Reject { reason }) => unsound.push(format!("{key}: {reason}")),
                Err(retry @ Failure::Retry { .. }) => return Err(retry),
            }
        }
        if unsound.is_empty() { Ok(()) } else { Err(Failure::reject(unsound.join("; "))) }
    }

    async fn tell_parked(&self, key: &Key, document: &Document) -> Result<(), Failure> {
        let parked: Parked = document.read(key)?;
        let inbox_key = inbox::key(&parked.source, &parked.event_id);
        match self.documents.get(&inbox_key).await? {
            Some(document) => self.apply(&parked.source, &inbox_key, &document).await,
            None => Ok(()),
        }
    }

    async fn tell(&self, telling: &Telling) -> Result<Told, Failure> {
        let about = &telling.news.about;
        if about.stack.as_ref().is_some_and(|stack| *stack != self.stack) {
            return Ok(ignored("its object belongs to another stack"));
        }
        let Some(order) = self.order_of(about).await? else { return Ok(Told::NotYet) };
        let stream = StreamId::order(&order);
        if self.store.history::<Payment>(&stream).await?.state.stage == Stage::Unknown {
            return Ok(Told::NotYet);
        }
        loop {
            let decide = |payment: &Payment| decide(payment, &telling.news);
            let decided = append_decided(&*self.store, &stream, &telling.cause, &*self.clock, decide).await?;
            match (decided, &telling.news.fact) {
                // Nobody else can tell that it is settled, so all that it tells is said: that there is such a refund,
                // and that it was made.
                (Decided::Appended(_), Fact::GivenBack(_)) => {}
                (decided, _) => {
                    return Ok(Told::So(Verdict::of(&telling.cause.id, &decided.history().envelopes)));
                }
            }
        }
    }

    /// The order that the object names itself, or that the map names.
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

fn ignored(reason: &str) -> Told {
    Told::So(Verdict::Ignored { reason: reason.to_owned() })
}

/// Reads a webhook's body; `None` for those that tell nothing here.
fn read(source: &str, arrival: &Arrival, body: &[u8]) -> Result<Option<Telling>, Failure> {
    let news = if source == elsewhere::SOURCE {
        elsewhere::news(sender_of(&arrival.event_id), body)
    } else {
        let event: Event = serde_json::from_slice(body).map_err(|error| {
            Failure::reject(format!("the webhook is no event of Stripe: {:?}", error.classify()))
        })?;
        event.news()
    };
    let Some(news) = news.map_err(Failure::reject)? else { return Ok(None) };
    let cause =
        Cause { id: EventId::outside(source, &arrival.event_id), traceparent: arrival.traceparent.clone() };
    Ok(Some(Telling { news, cause }))
}
