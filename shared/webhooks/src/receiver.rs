//! What every receiver of webhooks does: bound the body, verify it, read its name, keep it.
//!
//! A signature that none of the known secrets made may be made with one that was put into the store a moment ago, so
//! the secrets are read again once before it is refused ([`Secrets::refreshed`] sees to it that nonsense cannot have
//! them read at will). What a source's body looks like is the receiver's own: it hands in how it is read.

use crate::inbox::{self, Kept, NewItem, ReceivedBy};
use crate::{Refusal, Scheme, Verified, verify};
use event_store::{Documents, StoreError};
use events::Cause;
use http::HeaderMap;
use outbound::{SecretError, Secrets};
use resilience::Clock;

/// The largest body that is read: 256 KiB.
pub const LARGEST_BODY: usize = 256 * 1024;
/// The longest event id and type that are kept.
const LONGEST_NAME: usize = 200;

/// The receiver of one source.
pub struct Receiver<'a> {
    /// How the source is named in the inbox, for example `stripe`.
    pub source: &'static str,
    /// How it signs.
    pub scheme: &'a dyn Scheme,
    /// The inbox.
    pub documents: &'a dyn Documents,
    /// Holds the signing secrets: during a rotation the old one and the new one.
    pub secrets: &'a dyn Secrets,
    /// Their name there.
    pub secret: &'a str,
    /// What time it is.
    pub clock: &'a dyn Clock,
}

/// A delivery, as it came.
#[derive(Debug, Clone, Copy)]
pub struct IncomingWebhook<'a> {
    /// Its headers, looked up whatever their case.
    pub headers: &'a HeaderMap,
    /// Its exact bytes.
    pub body: &'a [u8],
    /// The request that brought it.
    pub cause: &'a Cause,
}

/// What an event says of itself, once its body has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventName {
    /// The source's id of the event, the same for every repeat.
    pub id: String,
    /// The source's name of what happened.
    pub event_type: String,
}

impl EventName {
    /// Whether both can be part of a key.
    pub fn is_valid(&self) -> bool {
        is_name(&self.id) && is_name(&self.event_type)
    }
}

/// Why a delivery was not received. Nothing was written, or (where the inbox did not answer) to send it again is harmless.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotReceived {
    /// The body is longer than [`LARGEST_BODY`].
    #[error("at most {LARGEST_BODY} bytes are read")]
    TooLarge,
    /// The signature does not hold.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The secrets to verify with are out of reach, or missing: the sender is to come back.
    #[error(transparent)]
    NoSecret(#[from] SecretError),
    /// The event's id or type cannot be part of a key.
    #[error("the event's id or type is not of its shape")]
    InvalidName,
    /// The inbox did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Receiver<'_> {
    /// Receives a delivery; `read` is asked only about a body that is proven. An answer means that it is durable.
    pub async fn receive<E: From<NotReceived>>(
        &self,
        delivery: IncomingWebhook<'_>,
        read: impl FnOnce(&[u8]) -> Result<EventName, E> + Send,
    ) -> Result<Kept, E> {
        let body = self.prove(delivery).await?;
        let name = read(body.get())?;
        Ok(self.keep(delivery, &body, &name).await?)
    }

    /// Keeps a proven body under its name.
    pub async fn keep(
        &self,
        delivery: IncomingWebhook<'_>,
        body: &Verified<&[u8]>,
        name: &EventName,
    ) -> Result<Kept, NotReceived> {
        if !name.is_valid() {
            return Err(NotReceived::InvalidName);
        }
        let IncomingWebhook { headers, cause, .. } = delivery;
        let arriving = NewItem { source: self.source, by: ReceivedBy::Delivery, name, headers, cause };
        let kept = inbox::keep(self.documents, &arriving, body, self.clock.now()).await?;
        tracing::info!(
            webhook.source = self.source,
            webhook.id = name.id,
            webhook.type = name.event_type,
            new = kept == Kept::New,
            "kept"
        );
        Ok(kept)
    }

    /// Proves a body: small enough, and signed with one of the secrets, at a time that is near enough.
    pub async fn prove<'b>(&self, delivery: IncomingWebhook<'b>) -> Result<Verified<&'b [u8]>, NotReceived> {
        let IncomingWebhook { headers, body, .. } = delivery;
        let now = self.clock.now();
        if body.len() > LARGEST_BODY {
            return Err(NotReceived::TooLarge);
        }
        let secrets = self.secrets.current(self.secret).await?;
        match verify(self.scheme, headers, body, &secrets, now) {
            Err(Refusal::NoMatchingSignature) => {}
            outcome => return Ok(outcome?),
        }
        let refreshed = self.secrets.refreshed(self.secret, &secrets).await?;
        if refreshed == secrets {
            return Err(Refusal::NoMatchingSignature.into());
        }
        Ok(verify(self.scheme, headers, body, &refreshed, now)?)
    }
}

/// Whether a text can be an event's id or type here: they become parts of keys and of addresses.
pub fn is_name(text: &str) -> bool {
    (1..=LONGEST_NAME).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}
