//! What a client of live tracking sends, and the gateway's event that brings it: it is answered with one frame, of the client's own
//! orders alone, whatever it holds.

use crate::{clock, run};
use event_store::{EventStore as _, Memory, StreamId};
use events::{Customer, OrderPlaced, OrdersEvent};
use orders::{FollowOrders, Followers, Summary};
use outbound::LARGEST_FRAME;
use runtime::websocket::{Connection, Event, Holder, Socket as _, work};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use testkit::{MemorySockets, customer, envelope, now, order_id, other_customer, placed};

/// The bytes are a frame of a customer who has the first of two orders, and an event of the gateway.
pub fn frames(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    run(async {
        let (sockets, follow) = of_two_orders().await;
        if let Ok(event) = Event::parse_sample(&text)
            && let Err(failure) = work(&follow, &event).await
        {
            // A caller or a connection may be too long for a key.
            assert!(!failure.reason().contains("panicked"), "{failure}");
        }
        sockets.take();
        follow.receive(&connection(), &text).await.expect("tables in memory do not fail");
        let [(_, answer)]: [(String, String); 1] = sockets.take().try_into().expect("one answer");
        assert!(answer.len() <= LARGEST_FRAME);
        let answer: Value = serde_json::from_str(&answer).expect("a frame is JSON");
        let is_error = answer["type"] == "error";
        assert!(is_error || answer["order"] == *order_id(1).as_str(), "another's order: {answer}");
        !is_error
    })
}

fn connection() -> Connection {
    let until = now().checked_add(Duration::from_hours(1)).expect("a time");
    let holder = Holder { caller: Summary::customer_partition(&customer()), of_shop: false, until };
    Connection { id: "c1".to_owned(), holder }
}

async fn of_two_orders() -> (Arc<MemorySockets>, FollowOrders) {
    let (table, live, sockets): (Arc<Memory>, Arc<Memory>, Arc<MemorySockets>) = Default::default();
    for (n, customer) in [(1, customer()), (2, other_customer())] {
        place(&table, n, customer).await;
    }
    sockets.open("c1");
    let follow = FollowOrders {
        store: table,
        followers: Followers::new(live.clone()),
        frames: live,
        sockets: sockets.clone(),
        clock: clock(),
    };
    (sockets, follow)
}

async fn place(table: &Memory, n: u64, customer: Customer) {
    let placed = OrdersEvent::from(OrderPlaced { customer, ..placed() });
    let (id, envelope) = (order_id(n), envelope(&order_id(n), 1, &placed));
    table.append(&StreamId::order(&id), &envelope).await.expect("an empty stream");
}
