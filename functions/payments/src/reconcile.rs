//! `reconcile-stripe`: events that Stripe could not deliver are asked for, and put into the inbox.
//!
//! Trigger: a person, `{"since", "after"?}` (`make reconcile SINCE=…`), or the schedule, which says nothing: then it
//! is what was said in the last three days, as long as Stripe itself goes on trying.
//! Effect: one inbox item for each event that is not there, of the types that mean something here, newest first. What it
//! means is decided by [`ApplyStripeEvent`](crate::ApplyStripeEvent), as with one that was delivered. Says no events.
//! Idempotent by the event's id: what is known is counted and left alone, and so is a delivery that comes afterwards.
//! Bounded: at most [`MOST_PAGES`] pages a run; `next` is where to go on, as `after`.
//!
//! What it fetches is not signed. It is proven by the way it came: over TLS, from the address that the template names, with the
//! stack's own API key ([`webhooks::fetched`]).
//!
//! Retry (the invocation fails, and may be repeated): Stripe or the table did not answer. Reject: `since` makes no sense.

#[cfg(test)]
mod tests;

use crate::webhook::read;
use crate::{SOURCE, Stripe};
use async_trait::async_trait;
use event_store::Documents;
use events::{Cause, EventId};
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use resilience::{Clock, Failure};
use runtime::command::Command;
use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use std::sync::Arc;
use webhooks::inbox::{self, Kept, NewItem, ReceivedBy};

/// How many pages of a hundred events one run reads.
const MOST_PAGES: u32 = 20;
/// How long Stripe tries to deliver an event.
const TRIED_FOR: SignedDuration = SignedDuration::from_hours(3 * 24);
/// How long Stripe lists an event.
const LISTED_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The step. See the module.
pub struct ReconcileStripe {
    /// The inbox.
    pub documents: Arc<dyn Documents>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Whose events they are.
    pub stripe: Stripe,
    /// Whether events of live mode belong here, or those of test mode.
    pub livemode: bool,
}

/// What a run is asked for.
#[derive(Debug, Default, Deserialize)]
pub struct Reconcile {
    /// Events that happened since then, RFC 3339.
    #[serde(default, deserialize_with = "time")]
    pub since: Option<Timestamp>,
    /// Only those that are older than this one, which an earlier run came to.
    #[serde(default)]
    pub after: Option<String>,
}

/// jiff's own error quotes the value and does not say what is allowed.
fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    const ALLOWED: &str = "an RFC 3339 time such as 2026-11-24T00:00:00Z";
    let Some(value) = Option::<Value>::deserialize(deserializer)? else { return Ok(None) };
    let time = value.as_str().and_then(|text| text.parse().ok());
    time.map(Some).ok_or_else(|| D::Error::invalid_value(Unexpected::Other("value"), &ALLOWED))
}

/// What a run did.
#[derive(Debug, Default, Serialize)]
struct Report {
    since: Option<Timestamp>,
    /// Events that Stripe could not deliver.
    found: u32,
    /// Of these: put into the inbox.
    new: u32,
    /// Of these: there already.
    known: u32,
    /// Of these: no event of Stripe's, or of the other mode.
    refused: u32,
    /// Where to go on; none where everything was seen.
    next: Option<String>,
}

#[async_trait]
impl Command for ReconcileStripe {
    type Input = Reconcile;

    async fn run(&self, Reconcile { since, mut after }: Reconcile) -> Result<Value, Failure> {
        let now = self.clock.now();
        let since = since.unwrap_or_else(|| now.saturating_sub(TRIED_FOR).unwrap_or(Timestamp::MIN));
        if since > now || now.duration_since(since) > LISTED_FOR {
            return Err(Failure::reject("since is a time of the last 30 days: Stripe lists no older events"));
        }
        let mut report = Report { since: Some(since), ..Report::default() };
        for _ in 0..MOST_PAGES {
            let page = self.stripe.undelivered(since, after.as_deref()).await?;
            for event in &page.data {
                self.put(event.get().as_bytes(), now, &mut report).await?;
            }
            after = page.last_id();
            report.next = after.clone().filter(|_| page.has_more);
            if report.next.is_none() {
                break;
            }
        }
        if let Some(next) = &report.next {
            tracing::warn!(
                webhook.id = next,
                "there are more events than one run takes; go on after this one"
            );
        }
        Ok(serde_json::to_value(report).unwrap_or_default())
    }
}

impl ReconcileStripe {
    async fn put(&self, event: &[u8], now: Timestamp, report: &mut Report) -> Result<(), Failure> {
        report.found += 1;
        let name = match read(event, self.livemode) {
            Ok(name) if name.is_valid() => name,
            Ok(_) | Err(_) => {
                report.refused += 1;
                return Ok(());
            }
        };
        let cause = Cause { id: EventId::outside("reconcile", &name.id), traceparent: None };
        let headers = HeaderMap::new();
        let arriving =
            NewItem { source: SOURCE, by: ReceivedBy::Api, name: &name, headers: &headers, cause: &cause };
        match inbox::keep(&*self.documents, &arriving, &webhooks::fetched(event), now).await? {
            Kept::New => {
                report.new += 1;
                tracing::info!(webhook.id = name.id, webhook.type = name.event_type, "was not delivered");
            }
            Kept::Seen => report.known += 1,
        }
        Ok(())
    }
}
