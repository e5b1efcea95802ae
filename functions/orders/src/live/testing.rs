//! The harness of live tracking: orders over in-memory tables, and the connections that follow them.

use super::{FollowOrders, Followers, IssueTicket, PushUpdates};
use crate::Summary;
use crate::testing::World;
use event_store::{Documents, Memory};
use events::{Customer, Envelope};
use outbound::SystemRandomBytes;
use resilience::{Clock as _, Failure};
use runtime::queue::Consumer as _;
use runtime::websocket::{Connection, Holder, Socket as _};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use testkit::{MemorySockets, customer, order_id};

/// Live tracking over the orders of a world.
pub(crate) struct Live {
    pub(crate) world: World,
    pub(crate) table: Arc<Memory>,
    pub(crate) sockets: Arc<MemorySockets>,
    pub(crate) issue: IssueTicket,
    pub(crate) follow: FollowOrders,
    pub(crate) push: PushUpdates,
}

impl Default for Live {
    fn default() -> Self {
        let table = Arc::new(Memory::default());
        Self::over(World::default(), table.clone(), table)
    }
}

impl Live {
    /// The first order is placed.
    pub(crate) async fn with_order() -> Self {
        let live = Self::default();
        live.world.place(1).await;
        live
    }

    /// The same with another port in front of the table.
    pub(crate) fn over(world: World, table: Arc<Memory>, documents: Arc<dyn Documents>) -> Self {
        let (sockets, clock) = (Arc::new(MemorySockets::default()), world.clock.clone());
        let followers = Followers::new(documents);
        Self {
            issue: IssueTicket {
                followers: followers.clone(),
                random: Arc::new(SystemRandomBytes::default()),
                clock: clock.clone(),
            },
            follow: FollowOrders {
                store: world.table.clone(),
                followers: followers.clone(),
                frames: table.clone(),
                sockets: sockets.clone(),
                clock: clock.clone(),
            },
            push: PushUpdates { store: world.table.clone(), followers, sockets: sockets.clone(), clock },
            world,
            table,
            sockets,
        }
    }

    /// A connection of this holder that is open.
    pub(crate) async fn connect(&self, id: &str, holder: Holder) -> Connection {
        let connection = Connection { id: id.to_owned(), holder };
        assert!(self.follow.open(&connection).await.unwrap(), "{id} is refused");
        self.sockets.open(id);
        connection
    }

    /// A customer's connection.
    pub(crate) async fn of_customer(&self, id: &str) -> Connection {
        self.connect(id, self.holder(&customer(), false)).await
    }

    /// An admin's connection.
    pub(crate) async fn of_admin(&self, id: &str) -> Connection {
        let admin = Customer { subject: "admin-1".to_owned(), ..customer() };
        self.connect(id, self.holder(&admin, true)).await
    }

    /// A holder whose token lasts an hour.
    pub(crate) fn holder(&self, customer: &Customer, of_shop: bool) -> Holder {
        let until = self.world.clock.now().checked_add(Duration::from_hours(1)).unwrap();
        Holder { caller: Summary::customer_partition(customer), of_shop, until }
    }

    /// Sends a frame and returns what the connection got.
    pub(crate) async fn send(&self, connection: &Connection, frame: &Value) -> Vec<Value> {
        self.follow.receive(connection, &frame.to_string()).await.unwrap();
        self.got(&connection.id)
    }

    /// Follows the n-th order and returns the answer.
    pub(crate) async fn follow(&self, connection: &Connection, n: u64, after: u32) -> Value {
        let frame = json!({"action": "follow", "order": order_id(n), "after": after});
        let [answer] = self.send(connection, &frame).await.try_into().expect("one answer");
        answer
    }

    /// Takes what was posted, and returns what of it this connection got.
    pub(crate) fn got(&self, connection: &str) -> Vec<Value> {
        let posted = self.sockets.take().into_iter().filter(|(to, _)| to == connection);
        posted.map(|(_, frame)| serde_json::from_str(&frame).unwrap()).collect()
    }

    /// Delivers the last event of the orders to `push-updates`.
    pub(crate) async fn push_last(&self) -> Result<(), Failure> {
        let last = self.world.table.all_events().pop().expect("an event");
        self.push_event(&last).await
    }

    pub(crate) async fn push_event(&self, envelope: &Envelope) -> Result<(), Failure> {
        self.push.consume(&testkit::delivered(envelope, 1).unwrap()).await
    }

    /// The keys of the table of live tracking.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.table.all_documents().iter().map(|(key, _)| key.to_string()).collect()
    }
}
