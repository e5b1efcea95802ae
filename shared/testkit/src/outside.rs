//! In-memory twins of the ports beside the table: a queue, a topic, secrets and a mailbox. They record the calls, and the
//! queue and the topic can be out.

use crate::held::held;
use async_trait::async_trait;
use outbound::{
    DeadLetter, LARGEST_PUBLICATION, Mail, MailError, Mailer, Publication, PublishError, Queue, QueueError,
    Secret, SecretError, SecretStore, Secrets, Text, Texter, Topic, Undeliverable,
};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A consumer's queue and its dead letters.
#[derive(Debug, Default)]
pub struct MemoryQueue {
    retries: Mutex<Vec<(String, Duration)>>,
    dead: Mutex<Vec<DeadLetter>>,
    /// Whether it refuses every call.
    pub is_out: AtomicBool,
}

impl MemoryQueue {
    /// The messages that were retried later: their receipts and waits.
    pub fn retries(&self) -> Vec<(String, Duration)> {
        held(&self.retries).clone()
    }

    /// The messages that were dead-lettered.
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        held(&self.dead).clone()
    }

    fn answer(&self) -> Result<(), QueueError> {
        if self.is_out.load(Ordering::SeqCst) { Err(QueueError("out".to_owned())) } else { Ok(()) }
    }
}

#[async_trait]
impl Queue for MemoryQueue {
    async fn retry_after(&self, receipt: &str, wait: Duration) -> Result<(), QueueError> {
        self.answer()?;
        held(&self.retries).push((receipt.to_owned(), wait));
        Ok(())
    }

    async fn dead_letter(&self, letter: &DeadLetter) -> Result<(), QueueError> {
        self.answer()?;
        held(&self.dead).push(letter.clone());
        Ok(())
    }
}

/// A topic that records what was published.
#[derive(Debug, Default)]
pub struct MemoryTopic {
    published: Mutex<Vec<Publication>>,
    /// Whether it refuses every call.
    pub is_out: AtomicBool,
}

impl MemoryTopic {
    /// All messages so far, oldest first.
    pub fn published(&self) -> Vec<Publication> {
        held(&self.published).clone()
    }

    /// Takes the messages since the last call, oldest first.
    pub fn take_published(&self) -> Vec<Publication> {
        std::mem::take(&mut *held(&self.published))
    }
}

#[async_trait]
impl Topic for MemoryTopic {
    async fn publish(&self, messages: &[Publication]) -> Result<(), PublishError> {
        if self.is_out.load(Ordering::SeqCst) {
            let (failed, of) = (1, messages.len());
            return Err(PublishError::Unavailable { failed, of, reason: "out".to_owned() });
        }
        let (carried, refused): (Vec<_>, Vec<_>) =
            messages.iter().enumerate().partition(|(_, message)| is_carried(message));
        held(&self.published).extend(carried.into_iter().map(|(_, message)| message.clone()));
        let undeliverable = refused.into_iter().map(|(place, _)| place);
        let undeliverable: Vec<_> = undeliverable
            .map(|place| Undeliverable { place, reason: "not to be carried".to_owned() })
            .collect();
        if undeliverable.is_empty() { Ok(()) } else { Err(PublishError::Undeliverable(undeliverable)) }
    }
}

/// As SNS decides: by size, by two characters, and by an empty body or attribute.
fn is_carried(message: &Publication) -> bool {
    let is_sendable = |text: &str| !text.is_empty() && !text.contains(['\u{fffe}', '\u{ffff}']);
    message.bytes() <= LARGEST_PUBLICATION
        && is_sendable(&message.body)
        && is_sendable(&message.event_type)
        && message.status.as_deref().is_none_or(is_sendable)
}

/// The same secrets under every name.
#[derive(Debug, Clone)]
pub struct FixedSecrets(pub Vec<Secret>);

impl FixedSecrets {
    /// One secret.
    pub fn one(text: &str) -> Self {
        Self(vec![Secret::new(text)])
    }
}

#[async_trait]
impl Secrets for FixedSecrets {
    async fn current(&self, name: &str) -> Result<Vec<Secret>, SecretError> {
        if self.0.is_empty() {
            Err(SecretError::Missing { name: name.to_owned() })
        } else {
            Ok(self.0.clone())
        }
    }

    async fn refreshed(&self, name: &str, _seen: &[Secret]) -> Result<Vec<Secret>, SecretError> {
        self.current(name).await
    }
}

/// A store with the same secret under every name, which a test can change.
#[derive(Debug, Clone)]
pub struct MemorySecretStore {
    value: Arc<Mutex<String>>,
    reads: Arc<AtomicUsize>,
}

impl MemorySecretStore {
    /// A store with this value.
    pub fn with(value: &str) -> Self {
        Self { value: Arc::new(Mutex::new(value.to_owned())), reads: Arc::default() }
    }

    /// Replaces the value.
    pub fn put(&self, value: &str) {
        value.clone_into(&mut held(&self.value));
    }

    /// How often the store was read.
    pub fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl SecretStore for MemorySecretStore {
    async fn read(&self, _name: &str) -> Result<String, SecretError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        Ok(held(&self.value).clone())
    }
}

/// A mailbox that records emails and text messages.
#[derive(Default)]
pub struct MailBox {
    mails: Mutex<Vec<Mail>>,
    texts: Mutex<Vec<Text>>,
}

impl MailBox {
    /// All emails, oldest first.
    pub fn mails(&self) -> Vec<Mail> {
        held(&self.mails).clone()
    }

    /// All text messages, oldest first.
    pub fn texts(&self) -> Vec<Text> {
        held(&self.texts).clone()
    }
}

#[async_trait]
impl Mailer for MailBox {
    async fn send_mail(&self, mail: &Mail) -> Result<String, MailError> {
        let mut mails = held(&self.mails);
        mails.push(mail.clone());
        Ok(format!("mail-{}", mails.len()))
    }
}

#[async_trait]
impl Texter for MailBox {
    async fn send_text(&self, text: &Text) -> Result<String, MailError> {
        let mut texts = held(&self.texts);
        texts.push(text.clone());
        Ok(format!("text-{}", texts.len()))
    }
}
