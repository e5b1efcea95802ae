//! The ports beside the tables, metered.

use crate::meter::Meter;
use async_trait::async_trait;
use outbound::{
    Answer, Call, CallError, Mail, MailError, Mailer, Publication, PublishError, Text, Texter, Topic,
    Transport,
};
use serde_json::Value;
use std::io::Write;
use std::sync::Arc;
use testkit::{MailBox, MemoryTopic};

/// Requests of one topic hold at most this many messages.
const ENTRIES: usize = 10;

pub(crate) struct MeteredTopic(pub(crate) Arc<MemoryTopic>, pub(crate) Meter);

#[async_trait]
impl Topic for MeteredTopic {
    async fn publish(&self, messages: &[Publication]) -> Result<(), PublishError> {
        let requests = u64::try_from(messages.len().div_ceil(ENTRIES)).unwrap_or(u64::MAX);
        self.1.count(|tally| tally.publishes += requests);
        self.0.publish(messages).await
    }
}

pub(crate) struct MeteredCalls<T: ?Sized>(pub(crate) Arc<T>, pub(crate) Meter);

#[async_trait]
impl<T: Transport + ?Sized> Transport for MeteredCalls<T> {
    async fn send(&self, call: Call) -> Result<Answer, CallError> {
        self.1.count(|tally| tally.calls += 1);
        self.0.send(call).await
    }
}

pub(crate) struct MeteredMail(pub(crate) MailBox, pub(crate) Meter);

#[async_trait]
impl Mailer for MeteredMail {
    async fn send_mail(&self, mail: &Mail) -> Result<String, MailError> {
        self.1.count(|tally| tally.mails += 1);
        self.0.send_mail(mail).await
    }
}

#[async_trait]
impl Texter for MeteredMail {
    async fn send_text(&self, text: &Text) -> Result<String, MailError> {
        self.0.send_text(text).await
    }
}

/// The bytes of a line, with a time of four digits in place of the one that was measured.
fn without_chance(line: &[u8], fields: &Value) -> usize {
    let digits = fields.get("took_us").map(|took| took.to_string().len());
    digits.map_or(line.len(), |digits| line.len() + 4 - digits)
}

/// Where a function's log lines go.
#[derive(Clone)]
pub(crate) struct Log(pub(crate) Meter);

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        let fields: Value = serde_json::from_slice(line).unwrap_or_default();
        let counted = u64::try_from(without_chance(line, &fields)).unwrap_or(u64::MAX);
        self.0.line(line);
        self.0.count(|tally| {
            tally.log_bytes += counted;
            if fields.get("message").is_none() {
                tally.metric_bytes += counted;
            }
            if fields.get("HandledAge").is_some() {
                tally.batch_bytes += counted;
            }
        });
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
