//! `sweep-inbox`: finds webhooks that are parked for too long.
//!
//! - Trigger: a schedule, every hour.
//! - Effect, for each webhook that has been parked for over an hour: a log line that an alarm counts, and once a replay, so that
//!   its service decides again whether it can still match.
//! - Publishes: nothing.
//! - Idempotent: the replay has a fixed key beside the inbox item. A repeated line is harmless.
//! - One webhook's failure does not stop the others; it fails the invocation at the end.
//!
//! It reads the inbox of every service as `webhook-inbox` does, see `docs/decisions/one-function-reads-every-inbox.md`.

use crate::InboxSource;
use async_trait::async_trait;
use event_store::{Key, Position, StoreError, Walk};
use events::Customer;
use jiff::{SignedDuration, Timestamp};
use resilience::{Clock, Failure};
use runtime::schedule::Task;
use serde_json::{Value, json};
use std::sync::Arc;
use webhooks::inbox::place_in_order;
use webhooks::inbox::replay::{self, Replay};
use webhooks::inbox::verdict::{Conclusion, Status, Verdict};

/// How long a webhook may be parked. What it waits for comes within moments.
const PARKED_TOO_LONG: SignedDuration = SignedDuration::from_hours(1);
/// How many webhooks one read returns, and how many reads a run makes of each source.
const PAGE: u32 = 100;
const MOST_PAGES: u32 = 10;

/// The step. See the module.
pub struct SweepInbox {
    /// The inbox of each source.
    pub sources: Vec<InboxSource>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Task for SweepInbox {
    async fn run(&self) -> Result<Value, Failure> {
        let until = self.clock.now().saturating_sub(PARKED_TOO_LONG).unwrap_or(Timestamp::MIN);
        let (mut parked, mut failed) = (0_u32, 0_u32);
        for source in &self.sources {
            match source.sweep(until).await {
                Ok((found, unread)) => {
                    parked += found;
                    failed += unread;
                }
                Err(error) => {
                    tracing::error!(%error, source = source.source, "the index could not be read");
                    failed += 1;
                }
            }
        }
        if failed > 0 {
            return Err(Failure::retry(format!(
                "{failed} parked webhooks or sources could not be read; the next run retries"
            )));
        }
        Ok(json!({ "parked": parked }))
    }
}

impl InboxSource {
    /// The number of webhooks that were parked before `until`, and of those that could not be handled.
    async fn sweep(&self, until: Timestamp) -> Result<(u32, u32), StoreError> {
        let (partition, until) =
            (format!("{}#{}", self.source, Status::Parked.as_str()), place_in_order(until));
        let (mut parked, mut failed, mut position) = (0, 0, None::<Position>);
        for _ in 0..MOST_PAGES {
            let page = self.index.page(&partition, Walk::UpTo(&until), PAGE, position.as_ref()).await?;
            for (key, _) in &page.documents {
                match self.sweep_one(key).await {
                    Ok(is_parked) => parked += u32::from(is_parked),
                    Err(error) => {
                        tracing::error!(%error, %key, "the webhook could not be handled");
                        failed += 1;
                    }
                }
            }
            position = page.next;
            if position.is_none() {
                break;
            }
        }
        Ok((parked, failed))
    }

    /// The index lags, so the verdict itself decides.
    async fn sweep_one(&self, key: &Key) -> Result<bool, StoreError> {
        let Some(document) = self.documents.get(key).await? else { return Ok(false) };
        let Conclusion { event_id, received_at, verdict, .. } = document.read(key)?;
        match verdict {
            Verdict::Parked { .. } => {}
            Verdict::Applied { .. }
            | Verdict::AlreadyKnown
            | Verdict::Ignored { .. }
            | Verdict::Failed { .. } => {
                return Ok(false);
            }
        }
        tracing::error!(
            metric = "WebhookParked",
            metric.by = "source",
            source = self.source,
            webhook.id = event_id,
            "this webhook has been parked for over an hour: nothing matches it"
        );
        let asked_at = received_at.saturating_add(PARKED_TOO_LONG).unwrap_or(Timestamp::MAX);
        let asked_by = Customer { issuer: "conveyor".to_owned(), subject: "sweep-inbox".to_owned() };
        replay::ask(&*self.documents, self.source, &event_id, &Replay { asked_at, asked_by }).await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
