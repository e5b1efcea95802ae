//! `follow-orders`: the connections of live tracking.
//!
//! - A handshake presents a ticket, which is consumed: a used, expired or unknown one is refused. A caller has at most
//!   [`MOST_CONNECTIONS`] connections; one more is refused.
//! - A `follow` makes the connection a follower first and reads the order's stream then, both consistently, so no event falls
//!   between the two. It is answered with the order, or, if the client has it, with its sequence. A repeat is a heartbeat.
//! - Another customer's order is answered like an unknown one. Only those who work for the shop follow the board.
//! - A connection that sends too many frames, or whose token has expired, is closed. One that is gone is forgotten.
//! - A failure fails the invocation. The client gets no answer within its time, and reads again.
//!
//! [`MOST_CONNECTIONS`]: super::followers::MOST_CONNECTIONS

use super::Followers;
use super::followers::Topic;
use super::frames::{self, Code, Follow};
use super::push::{may_see, seen_by};
use crate::Order;
use async_trait::async_trait;
use event_store::{Advance, EventStore, Key, MarkIs, MarkMove, RateMarks, StreamId};
use events::OrderId;
use jiff::{SignedDuration, Timestamp};
use outbound::{SocketError, Sockets};
use resilience::{Clock, Failure};
use runtime::websocket::{Connection, Holder, Socket};
use std::sync::Arc;

/// How many frames a connection may send at once. One more is admitted each second, so 60 in any minute always are.
const FRAMES: i64 = 60;
/// A second, in the microseconds of marks.
const SECOND: i64 = 1_000_000;
/// When the table may delete the count of a connection's frames.
const COUNTED_FOR: SignedDuration = SignedDuration::from_mins(130);

/// The step.
pub struct FollowOrders {
    /// Orders' streams.
    pub store: Arc<dyn EventStore>,
    /// The table of live tracking.
    pub followers: Followers,
    /// The same, for the counts of frames.
    pub frames: Arc<dyn RateMarks>,
    /// The open connections.
    pub sockets: Arc<dyn Sockets>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Socket for FollowOrders {
    async fn admit(&self, ticket: &str) -> Result<Option<Holder>, Failure> {
        let now = self.clock.now();
        Ok(self.followers.consume(ticket, now).await?.filter(|holder| now < holder.until))
    }

    async fn open(&self, connection: &Connection) -> Result<bool, Failure> {
        Ok(self.followers.open(connection, self.clock.now()).await?)
    }

    async fn receive(&self, connection: &Connection, frame: &str) -> Result<(), Failure> {
        let now = self.clock.now();
        if now >= connection.holder.until {
            return self.close(connection, "its token has expired").await;
        }
        if !self.is_within_limit(connection, now).await? {
            return self.close(connection, "it sent too many frames").await;
        }
        let answer = match Follow::read(frame) {
            None => frames::error(Code::Invalid, None),
            Some(Follow { topic: Topic::Board, .. }) => self.follow_board(connection, now).await?,
            Some(Follow { topic: Topic::Order(id), after }) => {
                self.follow_order(connection, id, after, now).await?
            }
        };
        match self.sockets.post(&connection.id, &answer).await {
            Ok(()) => Ok(()),
            Err(SocketError::Gone) => Ok(self.followers.forget(connection, None).await?),
            Err(error @ SocketError::Unavailable(_)) => Err(Failure::retry(error)),
        }
    }

    async fn closed(&self, connection: &Connection) -> Result<(), Failure> {
        Ok(self.followers.forget(connection, None).await?)
    }
}

impl FollowOrders {
    async fn follow_board(&self, connection: &Connection, now: Timestamp) -> Result<String, Failure> {
        if !connection.holder.of_shop {
            return Ok(frames::error(Code::Forbidden, None));
        }
        self.followers.follow(connection, &Topic::Board, now).await?;
        Ok(frames::current(&Topic::Board, None))
    }

    async fn follow_order(
        &self,
        connection: &Connection,
        id: OrderId,
        after: u32,
        now: Timestamp,
    ) -> Result<String, Failure> {
        let topic = Topic::Order(id.clone());
        // Before the stream is read: an event that is not in what is read is pushed to this follower.
        self.followers.follow(connection, &topic, now).await?;
        let history = self.store.history::<Order>(&StreamId::order(&id)).await?;
        let order = frames::order(&id, &history, seen_by(&connection.holder));
        let last = frames::last(&history);
        match (order, last) {
            (Some(order), Some(last)) if may_see(&history.state, &connection.holder) => {
                let is_current = last.number() <= after;
                Ok(if is_current { frames::current(&topic, Some(last)) } else { order })
            }
            _ => {
                self.followers.unfollow(connection, &topic).await?;
                Ok(frames::error(Code::NotFound, Some(&id)))
            }
        }
    }

    /// Counts a frame; `false` over the limit.
    async fn is_within_limit(&self, connection: &Connection, now: Timestamp) -> Result<bool, Failure> {
        let key = Key::new(format!("connection#{}", connection.id), "frames");
        let (now, expires_at) = (now.as_microsecond(), now.saturating_add(COUNTED_FOR).unwrap_or(now));
        let furthest = now + (FRAMES - 1) * SECOND;
        // Most frames find that the count of those before has passed.
        for expected in [MarkIs::Past, MarkIs::AheadUpTo(furthest)] {
            let one = [MarkMove { name: "frames", expected, by: SECOND }];
            if let Advance::Done(_) = self.frames.advance(&key, now, &one, expires_at).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn close(&self, connection: &Connection, because: &str) -> Result<(), Failure> {
        tracing::info!(because, "a connection is closed");
        match self.sockets.close(&connection.id).await {
            Ok(()) | Err(SocketError::Gone) => Ok(self.followers.forget(connection, None).await?),
            Err(error @ SocketError::Unavailable(_)) => Err(Failure::retry(error)),
        }
    }
}

#[cfg(test)]
mod tests;
