//! What every receiver of webhooks does: bound the body, verify it, read the event's name, keep the body in the inbox.
//!
//! If no known secret matches a signature, a new secret may have been stored a moment ago. So the secrets are read again once
//! before the signature is refused; [`Secrets::refreshed`] limits how often that happens. Only the form of the body depends on
//! the source: each receiver passes in a function that reads the event's name.

use crate::inbox::{self, Kept, NewItem, ReceivedBy};
use crate::{EventName, Refusal, Scheme, Verified, verify};
use event_store::{Documents, StoreError};
use events::Cause;
use http::HeaderMap;
use outbound::{SecretError, Secrets};
use resilience::Clock;

/// The largest body that is read: 256 KiB.
pub const LARGEST_BODY: usize = 256 * 1024;

/// The receiver of one source.
pub struct Receiver<'a> {
    /// The name of the source in the inbox, for example `stripe`.
    pub source: &'static str,
    /// The source's signature scheme.
    pub scheme: &'a dyn Scheme,
    /// The inbox.
    pub documents: &'a dyn Documents,
    /// Reads the signing secrets: during a rotation, the old one and the new one.
    pub secrets: &'a dyn Secrets,
    /// The name of the signing secret.
    pub secret: &'a str,
    /// The time.
    pub clock: &'a dyn Clock,
}

/// A webhook as it was received.
#[derive(Debug, Clone, Copy)]
pub struct IncomingWebhook<'a> {
    /// Its headers; their names are case-insensitive.
    pub headers: &'a HeaderMap,
    /// Its exact bytes.
    pub body: &'a [u8],
    /// The cause of the events that it leads to: the request.
    pub cause: &'a Cause,
}

/// Why a webhook was not received. Nothing was written, or the inbox did not answer; in both cases the sender may send it again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotReceived {
    /// The body is longer than [`LARGEST_BODY`].
    #[error("at most {LARGEST_BODY} bytes are read")]
    TooLarge,
    /// The signature does not hold.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The secrets to verify with are not available: the sender should retry.
    #[error(transparent)]
    NoSecret(#[from] SecretError),
    /// The event's id or type cannot be part of a key.
    #[error("the event's id or type is not valid")]
    InvalidName,
    /// The inbox could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Receiver<'_> {
    /// Receives a webhook. `read` is called only with a verified body. `Ok` means that the webhook is durable.
    pub async fn receive<E: From<NotReceived>>(
        &self,
        delivery: IncomingWebhook<'_>,
        read: impl FnOnce(&[u8]) -> Result<EventName, E> + Send,
    ) -> Result<Kept, E> {
        let body = self.prove(delivery).await?;
        let name = read(body.get())?;
        Ok(self.keep(delivery, &body, &name).await?)
    }

    /// Keeps a verified body under its name.
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

    /// Verifies a body: it is small enough, and signed with one of the secrets at a recent time.
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
