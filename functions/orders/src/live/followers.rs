//! The table of live tracking: tickets, followers, and what each caller's connections follow.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use event_store::{Document, Documents, Key, StoreError};
use events::OrderId;
use futures_util::future::{try_join, try_join_all};
use jiff::{SignedDuration, Timestamp};
use runtime::websocket::{Connection, Holder};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How long a ticket opens a connection.
pub(crate) const TICKET_LASTS: SignedDuration = SignedDuration::from_secs(60);
/// The gateway ends a connection after 2 hours.
const KEPT_FOR: SignedDuration = SignedDuration::from_mins(130);
/// The gateway ends a connection that was idle for 10 minutes. One that has followed nothing for longer is not counted.
const SEEN_WITHIN: SignedDuration = SignedDuration::from_mins(11);
/// How many connections a caller may have.
pub(crate) const MOST_CONNECTIONS: usize = 5;

/// What a connection has in place of a topic before it follows one.
const OPEN: &str = "open";

/// What can be followed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Topic {
    /// One order.
    Order(OrderId),
    /// Every order, for those who work for the shop.
    Board,
}

impl Topic {
    /// The partition of its followers.
    fn partition(&self) -> String {
        match self {
            Self::Order(id) => format!("order#{id}"),
            Self::Board => "board".to_owned(),
        }
    }
}

/// One follower, as its item holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Follower {
    caller: String,
    /// Under the name that the builds before know: the item outlives a deploy.
    #[serde(rename = "admin")]
    of_shop: bool,
    until: Timestamp,
}

impl From<&Holder> for Follower {
    fn from(holder: &Holder) -> Self {
        Self { caller: holder.caller.clone(), of_shop: holder.of_shop, until: holder.until }
    }
}

impl From<Follower> for Holder {
    fn from(follower: Follower) -> Self {
        Self { caller: follower.caller, of_shop: follower.of_shop, until: follower.until }
    }
}

/// When a connection was seen last.
#[derive(Serialize, Deserialize)]
struct Seen {
    seen_at: Timestamp,
}

/// The table of live tracking.
#[derive(Clone)]
pub struct Followers(Arc<dyn Documents>);

impl Followers {
    /// The followers in this table.
    pub fn new(table: Arc<dyn Documents>) -> Self {
        Self(table)
    }

    /// Keeps a ticket for its holder. Only its hash is stored.
    pub(crate) async fn issue(
        &self,
        ticket: &str,
        holder: &Holder,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let document = Document::of(&Follower::from(holder)).versioned(1).until(later(now, TICKET_LASTS));
        self.0.put(&ticket_key(ticket), &document).await
    }

    /// Consumes a ticket: of several handshakes with it one is admitted. `None`: it is unknown, used or expired.
    pub(crate) async fn consume(&self, ticket: &str, now: Timestamp) -> Result<Option<Holder>, StoreError> {
        let key = ticket_key(ticket);
        let Some(found) = self.0.get(&key).await? else { return Ok(None) };
        if found.is_erased() || found.has_expired(now) {
            return Ok(None);
        }
        let holder = found.read::<Follower>(&key)?.into();
        let used = Document::erased().versioned(2).until(later(now, TICKET_LASTS));
        Ok(self.0.put_newer(&key, &used).await?.then_some(holder))
    }

    /// Counts a new connection. `false`: its caller has too many, and this one is not counted.
    pub(crate) async fn open(&self, connection: &Connection, now: Timestamp) -> Result<bool, StoreError> {
        // Written before the others are counted, so of two handshakes at once at least one counts both.
        let own = held_key(connection, OPEN);
        self.0.put(&own, &seen(now)).await?;
        let held = self.0.list(&connection.holder.caller, "connection#").await?;
        let mut open = BTreeSet::new();
        for (key, document) in &held {
            let Seen { seen_at } = document.read(key)?;
            if now.duration_since(seen_at) <= SEEN_WITHIN {
                open.extend(key.sk.split('#').nth(1));
            }
        }
        if open.len() <= MOST_CONNECTIONS {
            return Ok(true);
        }
        self.0.delete(&own).await?;
        Ok(false)
    }

    /// Makes the connection follow the topic. A repeat keeps it there for longer.
    pub(crate) async fn follow(
        &self,
        connection: &Connection,
        topic: &Topic,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let partition = topic.partition();
        let held = held_key(connection, &partition);
        let follower = Document::of(&Follower::from(&connection.holder)).until(later(now, KEPT_FOR));
        let key = follower_key(&partition, &connection.id);
        let seen = seen(now);
        try_join(self.0.put(&held, &seen), self.0.put(&key, &follower)).await.map(drop)
    }

    /// The followers of a topic: one query.
    pub(crate) async fn of(&self, topic: &Topic) -> Result<Vec<Connection>, StoreError> {
        let found = self.0.list(&topic.partition(), "connection#").await?;
        let connection = |(key, document): &(Key, Document)| {
            let id = key.sk.trim_start_matches("connection#").to_owned();
            Ok(Connection { id, holder: document.read::<Follower>(key)?.into() })
        };
        found.iter().map(connection).collect()
    }

    /// Ends the connection's place among the followers of one topic.
    pub(crate) async fn unfollow(&self, connection: &Connection, topic: &Topic) -> Result<(), StoreError> {
        let partition = topic.partition();
        let (key, held) = (follower_key(&partition, &connection.id), held_key(connection, &partition));
        self.0.delete(&key).await?;
        self.0.delete(&held).await
    }

    /// Deletes all that a connection follows, and the connection. The topic is one that it is known to follow.
    pub(crate) async fn forget(
        &self,
        connection: &Connection,
        known: Option<&Topic>,
    ) -> Result<(), StoreError> {
        let of_connection = format!("connection#{}#", connection.id);
        let held = self.0.list(&connection.holder.caller, &of_connection).await?;
        let followed = |(key, _): &(Key, Document)| {
            key.sk.strip_prefix(&of_connection).filter(|topic| *topic != OPEN).map(str::to_owned)
        };
        let mut partitions: BTreeSet<String> = held.iter().filter_map(followed).collect();
        partitions.extend(known.map(Topic::partition));
        let keys: Vec<Key> =
            partitions.iter().map(|partition| follower_key(partition, &connection.id)).collect();
        try_join_all(keys.iter().map(|key| self.0.delete(key))).await?;
        // Last: after a crash the next try finds by these what else is to be deleted.
        try_join_all(held.iter().map(|(key, _)| self.0.delete(key))).await.map(drop)
    }
}

fn ticket_key(ticket: &str) -> Key {
    Key::new(format!("ticket#{}", URL_SAFE_NO_PAD.encode(Sha256::digest(ticket))), "ticket")
}

fn follower_key(partition: &str, connection: &str) -> Key {
    Key::new(partition, format!("connection#{connection}"))
}

/// What a caller's connection follows: the caller's partition is that of their views, a digest.
fn held_key(connection: &Connection, partition: &str) -> Key {
    Key::new(connection.holder.caller.clone(), format!("connection#{}#{partition}", connection.id))
}

fn seen(now: Timestamp) -> Document {
    Document::of(&Seen { seen_at: now }).until(later(now, KEPT_FOR))
}

fn later(now: Timestamp, time: SignedDuration) -> Timestamp {
    now.saturating_add(time).unwrap_or(Timestamp::MAX)
}
