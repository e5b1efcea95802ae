//! Email and text messages to customers.

use async_trait::async_trait;

/// An email of plain text.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// The recipient's address.
    pub to: String,
    /// The subject line.
    pub subject: String,
    /// The text.
    pub body: String,
}

/// A text message.
#[derive(Clone, PartialEq, Eq)]
pub struct Text {
    /// The recipient's number in E.164 form.
    pub to: String,
    /// The text.
    pub body: String,
}

/// Why a message was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// The provider throttles or does not answer; the message may be sent again.
    #[error("the sender did not answer: {0}")]
    Unavailable(String),
    /// The message will never be sent: its address is suppressed or not valid.
    #[error("the message was refused: {0}")]
    Refused(String),
}

/// Sends email, at least once: a crash may repeat a message.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends one email; returns the provider's id of it.
    async fn send_mail(&self, mail: &Mail) -> Result<String, MailError>;
}

/// Sends text messages, at least once: a crash may repeat a message.
#[async_trait]
pub trait Texter: Send + Sync {
    /// Sends one text message; returns the provider's id of it.
    async fn send_text(&self, text: &Text) -> Result<String, MailError>;
}
