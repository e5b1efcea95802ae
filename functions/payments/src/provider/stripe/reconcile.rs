//! `reconcile-stripe`: fetches events that Stripe could not deliver, and keeps them in the inbox.
//!
//! Trigger: an operator, `{"since", "after"?, "do"?: "plan" | "fetch", "by"?, "for_seconds"?}` (`make reconcile SINCE=…`, or the
//! console); or the schedule, without arguments: then `since` is three days ago, because Stripe itself retries for as long.
//! Effect: one inbox item for each event that is missing there, of the types that mean something here, newest first.
//! [`ApplyStripeEvent`](crate::ApplyStripeEvent) applies it like one that was delivered. Emits no events.
//! Idempotent by the event's id: known events are counted and left as they are, and so is a delivery that comes afterwards.
//! A plan keeps nothing, and so does not know which events are new: it counts those that Stripe could not deliver.
//! Bounded: at most [`MOST_PAGES`] pages a run, and by `for_seconds`, but at least one page; `next` is the `after` of the next run.
//!
//! What it fetches is not signed. It is authentic because of where it comes from: over TLS, from the address in the template, with
//! the stack's own API key ([`webhooks::fetched`]).
//!
//! Retry (the invocation fails, and can be repeated): Stripe or the table did not answer. Reject: `since` is out of range.

#[cfg(test)]
mod tests;

use super::webhook::read;
use super::{SOURCE, Stripe};
use async_trait::async_trait;
use event_store::Documents;
use events::{Cause, EventId};
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use resilience::{Clock, Failure};
use runtime::command::{self, Command};
use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
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
    /// Dates inbox items.
    pub clock: Arc<dyn Clock>,
    /// The account whose events are fetched.
    pub stripe: Stripe,
    /// Whether this stack takes events of live mode or of test mode.
    pub livemode: bool,
}

/// The arguments of a run.
#[derive(Debug, Default, Deserialize)]
pub struct Reconcile {
    /// Fetch events that happened since then, RFC 3339.
    #[serde(default, deserialize_with = "time")]
    pub since: Option<Timestamp>,
    /// Fetch only events older than this one: the `next` of an earlier run.
    #[serde(default)]
    pub after: Option<String>,
    /// Whether to keep what is missing.
    #[serde(default)]
    pub r#do: Reconciling,
    /// The operator, for the log.
    #[serde(default)]
    pub by: Option<String>,
    /// Seconds after which a run reads no further page, for a caller who waits for the answer.
    #[serde(default, deserialize_with = "command::seconds")]
    pub for_seconds: Option<Duration>,
}

/// What a run does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reconciling {
    /// Count the events that Stripe could not deliver.
    Plan,
    /// Keep those that are missing here.
    #[default]
    Fetch,
}

/// jiff's own error quotes the value and does not say what is allowed.
fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    const ALLOWED: &str = "an RFC 3339 time such as 2026-11-24T00:00:00Z";
    let Some(value) = Option::<Value>::deserialize(deserializer)? else { return Ok(None) };
    let time = value.as_str().and_then(|text| text.parse().ok());
    time.map(Some).ok_or_else(|| D::Error::invalid_value(Unexpected::Other("value"), &ALLOWED))
}

/// The result of a run.
#[derive(Debug, Default, Serialize)]
struct Report {
    r#do: Reconciling,
    since: Option<Timestamp>,
    /// Events that Stripe could not deliver.
    found: u32,
    /// Of these: kept now.
    new: u32,
    /// Of these: in the inbox already.
    known: u32,
    /// Of these: not an event of Stripe, or an event of the other mode.
    refused: u32,
    /// The `after` of the next run; none if all events were read.
    next: Option<String>,
}

#[async_trait]
impl Command for ReconcileStripe {
    type Input = Reconcile;

    async fn run(&self, input: Reconcile) -> Result<Value, Failure> {
        let Reconcile { since, mut after, r#do: to_do, by, for_seconds } = input;
        let now = self.clock.now();
        let until = for_seconds.and_then(|most| now.checked_add(most).ok()).unwrap_or(Timestamp::MAX);
        let since = since.unwrap_or_else(|| now.saturating_sub(TRIED_FOR).unwrap_or(Timestamp::MIN));
        if since > now || now.duration_since(since) > LISTED_FOR {
            return Err(Failure::reject(
                "since must be within the last 30 days: Stripe lists no older events",
            ));
        }
        if let Some(by) = by.filter(|_| to_do == Reconciling::Fetch) {
            tracing::info!(by, "undelivered events are being fetched");
        }
        let mut report = Report { r#do: to_do, since: Some(since), ..Report::default() };
        for _ in 0..MOST_PAGES {
            let page = self.stripe.undelivered(since, after.as_deref()).await?;
            for event in &page.data {
                self.put(event.get().as_bytes(), now, &mut report).await?;
            }
            after = page.last_id();
            report.next = after.clone().filter(|_| page.has_more);
            if report.next.is_none() || self.clock.now() >= until {
                break;
            }
        }
        if let Some(next) = &report.next {
            tracing::warn!(
                webhook.id = next,
                "one run reads no more events; start the next run with this id as `after`"
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
        if report.r#do == Reconciling::Plan {
            return Ok(());
        }
        let cause = Cause { id: EventId::outside("reconcile", &name.id), traceparent: None, actor: None };
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
