//! One email, one text message.

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

/// Why it was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// Throttled or out of reach; it may be sent again.
    #[error("the sender did not answer: {0}")]
    Unavailable(String),
    /// It will never be sent: a suppressed or unsound address.
    #[error("the message was refused: {0}")]
    Refused(String),
}

/// Sends email. At least once: a crash may repeat it.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends one email; answers the sender's id of it.
    async fn send_mail(&self, mail: &Mail) -> Result<String, MailError>;
}

/// Sends text messages. At least once: a crash may repeat one.
#[async_trait]
pub trait Texter: Send + Sync {
    /// Sends one text message; answers the sender's id of it.
    async fn send_text(&self, text: &Text) -> Result<String, MailError>;
}
