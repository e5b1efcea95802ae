//! WebSocket functions: the handshake's ticket, and what happens on a connection afterwards.
//!
//! The gateway asks the function as the authorizer of the handshake, and what the authorizer knows of the caller comes with every
//! later event of the connection. An answer never has a body: it would be sent to the client before what is posted to it. A failure
//! fails the invocation, so that it is counted and its alarm rings; the client gets no answer, and reads again.

mod event;

#[cfg(test)]
pub(crate) use event::parse_probe;
pub use event::{Connection, Event, Holder};

use crate::panics::guarded;
use crate::probe::{self, Probe};
use async_trait::async_trait;
use event::Asked;
use resilience::Failure;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::sync::Arc;
use tracing::Instrument as _;

/// What a function does with the connections of a WebSocket API.
#[async_trait]
pub trait Socket: Send + Sync {
    /// Who presents this ticket at a handshake; `None` refuses it.
    async fn admit(&self, ticket: &str) -> Result<Option<Holder>, Failure>;

    /// A handshake whose ticket was accepted; `false` refuses it. Nothing may be posted to the connection yet.
    async fn open(&self, connection: &Connection) -> Result<bool, Failure>;

    /// A frame of the client, at most 128 KB.
    async fn receive(&self, connection: &Connection, frame: &str) -> Result<(), Failure>;

    /// The connection is closed. The gateway reports that at best.
    async fn closed(&self, connection: &Connection) -> Result<(), Failure>;
}

/// Answers one event of the gateway, whatever it holds. An event that cannot be read is refused.
pub async fn work(socket: &dyn Socket, event: &Event) -> Result<Value, Failure> {
    let answer = guarded(answer(socket, event)).await;
    if let Err(failure) = &answer {
        tracing::error!(reason = failure.reason(), "failed; the client gets no answer, and reads again");
    }
    answer
}

async fn answer(socket: &dyn Socket, event: &Event) -> Result<Value, Failure> {
    match event.asked() {
        Asked::Admission { ticket, method } => {
            let holder = socket.admit(&ticket).await?;
            tracing::info!(admitted = holder.is_some(), "handshake");
            Ok(policy(holder.as_ref(), &method))
        }
        Asked::Opened(connection) => {
            let is_open = socket.open(&connection).await?;
            tracing::info!(open = is_open, "connected");
            Ok(status(if is_open { 200 } else { 429 }))
        }
        Asked::Received(connection, frame) => {
            socket.receive(&connection, &frame).await?;
            Ok(status(200))
        }
        Asked::Closed(connection) => {
            socket.closed(&connection).await?;
            Ok(status(200))
        }
        Asked::Unreadable(what) => {
            tracing::warn!(what, "refused: not an event of a WebSocket API with an authorizer");
            Ok(status(400))
        }
    }
}

fn status(code: u16) -> Value {
    json!({ "statusCode": code })
}

/// The answer of a REQUEST authorizer. Its context comes with each event of the connection, every value as a text.
fn policy(holder: Option<&Holder>, method: &str) -> Value {
    let (effect, principal) = holder.map_or(("Deny", "none"), |holder| ("Allow", holder.caller.as_str()));
    let statement = json!({"Action": "execute-api:Invoke", "Effect": effect, "Resource": method});
    let context = holder.map_or_else(|| json!({}), Holder::context);
    json!({
        "principalId": principal,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": context,
    })
}

/// Runs a WebSocket function until the platform ends it.
pub async fn run(socket: impl Socket + 'static, probe: Probe) -> Result<(), crate::Error> {
    let socket = Arc::new(socket);
    probe::run(probe, event::parse_probe, move |payload: Box<RawValue>, context| {
        let socket = Arc::clone(&socket);
        async move {
            let span = tracing::info_span!("socket", request_id = context.request_id);
            let event = Event::new(payload);
            let work = async {
                let answer = work(&*socket, &event).await;
                crate::traces::export().await;
                answer
            };
            let work = work.instrument(span);
            crate::time_left::deadline(&context).scope(work).await.map_err(crate::Error::from)
        }
    })
    .await
}

#[cfg(test)]
mod tests;
