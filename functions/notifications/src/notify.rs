//! `notify-customer`: sends one email per order and occasion, and a text message where the shop allows it.
//!
//! - Trigger: `OrderPlaced`; the occasions of [`crate::occasion`] from payments, inventory and shipping; `OrderUpdated` with
//!   the status cancelled, if the order was paid. Nothing is sent before a payment.
//! - Effect: `OrderPlaced` → the contact copy (`order#<id>` / `contact`). An occasion → an email, then its notice
//!   (`notice#<event id or status>#email`); the same for `sms`, if the occasion follows `OrderPaid`, and the contact
//!   has a phone number whose prefix belongs only to countries that are listed. Without a sender there is no email.
//!   `CustomerErasureRequested` → a tombstone in place of the contact copy; nothing is sent for the order afterwards.
//! - Publishes: nothing.
//! - Idempotent by the notice, which is written after sending. A message is sent at least once: a crash between the two sends
//!   it again.
//!   Of a replayed event that is older than a day only the contact is kept: nothing is sent.
//! - Retry: the contact copy does not exist yet; the table or a sender is unavailable.
//! - A refused address is no rejection: the notice records the refusal, and an operator could not do more.

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
use runtime::replayed::{self, ANNOUNCED_WITHIN};
use serde::Serialize;
use std::sync::Arc;

/// The step of `notify-customer`.
pub struct NotifyCustomer {
    /// Contact copies and notices.
    pub documents: Arc<dyn Documents>,
    /// Sends email. `None` if the shop has no sender: customers get no email.
    pub mailer: Option<Arc<dyn Mailer>>,
    /// Sends text messages.
    pub texter: Arc<dyn Texter>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The shop's name, as customers know it.
    pub shop: String,
    /// The countries to whose numbers text messages are sent; none if empty.
    pub sms_countries: Countries,
}

/// The record of one message to a customer.
#[derive(Serialize)]
struct Notice {
    outcome: Outcome,
    at: Timestamp,
    /// The message's id at the sender.
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
                // A duplicate does not overwrite the copy, so it cannot undo an erasure.
                let copy = Document::of(&ContactCopy::of(placed));
                self.documents.put_new(&contact::key(&order), &copy).await?;
                Ok(())
            }
            Reaction::EraseContact => {
                self.documents.put(&contact::key(&order), &Document::erased()).await?;
                tracing::info!(order.id = %order, "notifications has erased the order's contact");
                Ok(())
            }
            Reaction::Notify(_) if replayed::is_refused(message, ANNOUNCED_WITHIN, self.clock.now()) => {
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
        // One query reads the contact and the notices of the order.
        let kept = self.documents.list(&contact::partition(order), "").await?;
        let (key, copy) = kept
            .iter()
            .find(|(key, _)| key.sk == contact::SORT_KEY)
            .ok_or_else(|| Failure::retry("the order's contact is not stored yet"))?;
        if copy.is_erased() {
            tracing::info!(order.id = %order, "nothing is sent: the order's contact was erased");
            return Ok(());
        }
        let contact: ContactCopy = copy.read(key)?;
        let unsent = |channel: &str| {
            let key = Key::new(contact::partition(order), format!("notice#{name}#{channel}"));
            Some(key).filter(|key| !kept.iter().any(|(stored, _)| stored == key))
        };
        match (&self.mailer, unsent("email")) {
            (Some(mailer), Some(notice)) => {
                let sent = mailer.send_mail(&texts::mail(&self.shop, order, &contact, occasion)).await;
                self.record(&notice, sent, &contact.email).await?;
            }
            (None, Some(notice)) => {
                tracing::info!(notice = notice.sk, "no email: the parameter MailFrom is empty");
            }
            (_, None) => {}
        }
        let is_wanted = |phone: &&str| occasion.is_for_text() && self.sms_countries.allow(phone);
        if let Some(phone) = contact.phone.as_deref().filter(is_wanted)
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
                tracing::info!(notice = key.sk, "the customer was notified");
                Notice { outcome: Outcome::Sent, at, sender_id: Some(id) }
            }
            Err(MailError::Refused(reason)) => {
                // Senders quote the address in the reason. A log must not hold it.
                let reason = reason.replace(address, "(the address)");
                tracing::warn!(notice = key.sk, reason, "the sender refused the customer's address");
                Notice { outcome: Outcome::Refused, at, sender_id: None }
            }
            Err(MailError::Unavailable(reason)) => {
                return Err(
                    Failure::retry(reason.replace(address, "(the address)")).during("notify the customer")
                );
            }
        };
        self.documents.put_new(key, &Document::of(&notice)).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
