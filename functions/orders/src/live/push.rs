//! `push-updates`: sends an order to those who follow it, and its line to those who follow the board.
//!
//! - Trigger: all events of orders, over SQS.
//! - Effect: one frame for each follower, of the order as its stream has it now. Two queries find the followers; without any, nothing
//!   else is read. It emits no event.
//! - A follower whose token has expired is closed; one that is gone is forgotten, with all that it follows.
//! - A duplicate or late message sends the order once more, and clients keep what is newest.
//! - Retry: a table or the gateway is unavailable. It sends to every follower again.

use super::Followers;
use super::followers::Topic;
use super::frames;
use crate::view::SeenBy;
use crate::{Order, Summary};
use async_trait::async_trait;
use event_store::{EventStore, History, StreamId};
use events::OrderId;
use futures_util::future::{join_all, try_join};
use jiff::Timestamp;
use outbound::{SocketError, Sockets};
use resilience::{Clock, Failure};
use runtime::queue::{Consumer, Message};
use runtime::websocket::{Connection, Holder};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many connections are sent to at once.
const AT_ONCE: usize = 20;

/// The step.
pub struct PushUpdates {
    /// Orders' streams.
    pub store: Arc<dyn EventStore>,
    /// The table of live tracking.
    pub followers: Followers,
    /// The open connections.
    pub sockets: Arc<dyn Sockets>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What a connection gets for an event.
#[derive(Debug, PartialEq, Eq)]
enum Share {
    /// These frames, in this order.
    Frames(Vec<Arc<str>>),
    /// Its end: the token has expired.
    End,
}

/// What became of a connection's share.
enum Outcome {
    Sent,
    Ended,
    Gone,
    Failed(Failure),
}

/// How a holder sees orders.
pub(crate) fn seen_by(holder: &Holder) -> SeenBy {
    if holder.of_shop { SeenBy::Admin } else { SeenBy::Customer }
}

/// Whether a holder may see an order: as `GET /orders/{order_id}` decides it.
pub(crate) fn may_see(order: &Order, holder: &Holder) -> bool {
    order.placed().is_some_and(|(placed, _)| {
        holder.of_shop || Summary::customer_partition(&placed.customer) == holder.caller
    })
}

#[async_trait]
impl Consumer for PushUpdates {
    async fn consume(&self, message: &Message) -> Result<(), Failure> {
        let id = OrderId::try_from(message.envelope.subject.as_str()).map_err(Failure::reject)?;
        let topic = Topic::Order(id.clone());
        let (of_order, of_board) =
            try_join(self.followers.of(&topic), self.followers.of(&Topic::Board)).await?;
        if of_order.is_empty() && of_board.is_empty() {
            return Ok(());
        }
        let history = self.store.history::<Order>(&StreamId::order(&id)).await?;
        let shares: Vec<(Connection, Share)> = shares(&id, &history, of_order, of_board, self.clock.now());
        let mut outcomes = Vec::with_capacity(shares.len());
        for some in shares.chunks(AT_ONCE) {
            let sending = some.iter().map(|(connection, share)| self.send(connection, share, &topic));
            outcomes.extend(join_all(sending).await);
        }
        report(outcomes)
    }
}

/// What each connection gets. One that follows both the order and the board gets the order first.
fn shares(
    id: &OrderId,
    history: &History<Order>,
    of_order: Vec<Connection>,
    of_board: Vec<Connection>,
    now: Timestamp,
) -> Vec<(Connection, Share)> {
    let of_view = |seen_by| frames::order(id, history, seen_by).map(Arc::from);
    let (to_admins, to_customer): (Option<Arc<str>>, Option<Arc<str>>) =
        (of_view(SeenBy::Admin), of_view(SeenBy::Customer));
    let line: Option<Arc<str>> = frames::board(id, history).map(Arc::from);
    let to_followers = of_order.into_iter().filter(|one| may_see(&history.state, &one.holder)).map(|one| {
        let frame = match seen_by(&one.holder) {
            SeenBy::Admin => to_admins.clone(),
            SeenBy::Customer => to_customer.clone(),
        };
        (one, frame)
    });
    let to_board = of_board.into_iter().filter(|one| one.holder.of_shop).map(|one| (one, line.clone()));
    let mut shares: BTreeMap<String, (Connection, Share)> = BTreeMap::new();
    for (connection, frame) in to_followers.chain(to_board) {
        let new = if connection.holder.until <= now { Share::End } else { Share::Frames(Vec::new()) };
        let (_, share) = shares.entry(connection.id.clone()).or_insert((connection, new));
        if let Share::Frames(frames) = share {
            frames.extend(frame);
        }
    }
    shares.into_values().collect()
}

impl PushUpdates {
    async fn send(&self, connection: &Connection, share: &Share, topic: &Topic) -> Outcome {
        let sent = match share {
            Share::Frames(frames) => self.post(connection, frames).await.map(|()| Outcome::Sent),
            Share::End => self.sockets.close(&connection.id).await.map(|()| Outcome::Ended),
        };
        let outcome = match sent {
            Ok(Outcome::Sent) => return Outcome::Sent,
            Ok(outcome) => outcome,
            Err(SocketError::Gone) => Outcome::Gone,
            Err(error @ SocketError::Unavailable(_)) => return Outcome::Failed(Failure::retry(error)),
        };
        match self.followers.forget(connection, Some(topic)).await {
            Ok(()) => outcome,
            Err(error) => Outcome::Failed(error.into()),
        }
    }

    async fn post(&self, connection: &Connection, frames: &[Arc<str>]) -> Result<(), SocketError> {
        for frame in frames {
            self.sockets.post(&connection.id, frame).await?;
        }
        Ok(())
    }
}

/// Fails if a connection got nothing: the message returns, and everybody gets the order again.
fn report(outcomes: Vec<Outcome>) -> Result<(), Failure> {
    let (all, mut sent, mut ended, mut gone) = (outcomes.len(), 0, 0, 0);
    let mut failures = Vec::new();
    for outcome in outcomes {
        match outcome {
            Outcome::Sent => sent += 1,
            Outcome::Ended => ended += 1,
            Outcome::Gone => gone += 1,
            Outcome::Failed(failure) => failures.push(failure),
        }
    }
    tracing::info!(sent, ended, gone, failed = failures.len(), "pushed");
    match failures.first() {
        None => Ok(()),
        Some(first) => {
            Err(Failure::retry(format!("{} of {all} followers got nothing: {first}", failures.len())))
        }
    }
}

#[cfg(test)]
mod tests;
