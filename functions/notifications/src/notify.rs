//! `notify-customer`: one email an order and occasion, and a text message where the shop wants one.
//!
//! - Trigger: `OrderPlaced`; the occasions of [`crate::occasion`] from payments, inventory and shipping, and
//!   `OrderUpdated` with the status cancelled or expired.
//! - Effect: `OrderPlaced` → the contact copy (`order#<id>` / `contact`). An occasion → an email, then a notice
//!   of it (`notice#<event id or status>#email`); the same for `sms`, if the occasion follows `OrderPaid`, the
//!   address's country is listed, and a number is there.
//! - Events said: none.
//! - Idempotent by the notice, which is written after sending: at least once, a crash between the two repeats it.
//! - Retry: the contact copy is not here yet; the table or a sender is out.
//! - Reject: an event that was not subscribed to. An address that a sender refuses is not: the notice records
//!   the refusal, and nobody could do better by hand.

use crate::contact::{self, ContactCopy};
use crate::countries::Countries;
use crate::occasion::{Occasion, Reaction, reaction_to};
use crate::texts;
use async_trait::async_trait;
use event_store::{Document, Documents, Key};
use events::OrderId;
use jiff::Timestamp;
use outbound::{MailError, Mailer, Texter};
use resilience::{Clock, Failure};
use runtime::queue::{Consumer, Message};
use serde::Serialize;
use std::sync::Arc;

/// The step of `notify-customer`.
pub struct NotifyCustomer {
    /// Contact copies and notices.
    pub documents: Arc<dyn Documents>,
    /// Sends email.
    pub mailer: Arc<dyn Mailer>,
    /// Sends text messages.
    pub texter: Arc<dyn Texter>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// The shop's name, as customers know it.
    pub shop: String,
    /// Where text messages go to; nowhere if empty.
    pub sms_countries: Countries,
}

/// What became of one message to a customer.
#[derive(Serialize)]
struct Notice {
    outcome: Outcome,
    at: Timestamp,
    /// The sender's id of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    sender_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Sent,
    Refused,
}

#[async_trait]
impl Consumer for NotifyCustomer {
    async fn consume(&self, message: &Message) -> Result<(), Failure> {
        let order = OrderId::try_from(message.envelope.subject.as_str()).map_err(Failure::reject)?;
        match reaction_to(&message.event)? {
            Reaction::KeepContact(placed) => {
                // A repeat leaves the copy alone, and so it cannot undo an erasure.
                let copy = Document::of(&ContactCopy::of(placed));
                self.documents.put_new(&contact::key(&order), &copy).await?;
                Ok(())
            }
            Reaction::Notify(occasion) => {
                self.notify(&order, occasion, occasion.key(&message.envelope)).await
            }
            Reaction::Ignore => Ok(()),
        }
    }
}

impl NotifyCustomer {
    async fn notify(&self, order: &OrderId, occasion: Occasion<'_>, name: &str) -> Result<(), Failure> {
        // Contact and notices of an order stand side by side: one read.
        let kept = self.documents.list(&contact::partition(order), "").await?;
        let (key, copy) = kept
            .iter()
            .find(|(key, _)| key.sk == contact::SORT_KEY)
            .ok_or_else(|| Failure::retry("the contact of the order is not known yet"))?;
        let contact: ContactCopy = copy.read(key)?;
        let unsent = |channel: &str| {
            let key = Key::new(contact::partition(order), format!("notice#{name}#{channel}"));
            Some(key).filter(|key| !kept.iter().any(|(there, _)| there == key))
        };
        if let Some(notice) = unsent("email") {
            let sent = self.mailer.send_mail(&texts::mail(&self.shop, order, &contact, occasion)).await;
            self.record(&notice, sent, &contact.email).await?;
        }
        let wanted = occasion.follows_payment() && self.sms_countries.contain(&contact.country);
        if let Some(phone) = contact.phone.as_deref().filter(|_| wanted)
            && let Some(notice) = unsent("sms")
        {
            let text = texts::text(&self.shop, order, phone, &contact, occasion);
            let sent = self.texter.send_text(&text).await;
            self.record(&notice, sent, phone).await?;
        }
        Ok(())
    }

    async fn record(&self, key: &Key, sent: Result<String, MailError>, address: &str) -> Result<(), Failure> {
        let at = self.clock.now();
        let notice = match sent {
            Ok(id) => {
                tracing::info!(notice = key.sk, "the customer was told");
                Notice { outcome: Outcome::Sent, at, sender_id: Some(id) }
            }
            Err(MailError::Refused(reason)) => {
                // Senders quote the address; a log must not.
                let reason = reason.replace(address, "(the address)");
                tracing::warn!(notice = key.sk, reason, "the sender refuses this customer's address");
                Notice { outcome: Outcome::Refused, at, sender_id: None }
            }
            Err(MailError::Unavailable(reason)) => {
                return Err(
                    Failure::retry(reason.replace(address, "(the address)")).during("tell the customer")
                );
            }
        };
        self.documents.put_new(key, &Document::of(&notice)).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
