//! Who is sent what for an event, and what that costs.

use super::super::testing::Live;
use super::*;
use crate::testing::{World, order_paid, page_request, payment_requested, refund_failed};
use event_store::{Document, Documents as _, Key, Memory};
use events::PaymentsEvent;
use runtime::websocket::Socket as _;
use serde_json::{Value, json};
use std::sync::Mutex;
use std::time::Duration;
use testkit::{Effect, Gate, GateDecision, Gated, RequestBuilder as _, customer, order_id, other_customer};

const BOARD: &str = r#"{"action": "follow", "order": "board"}"#;

/// Counts calls.
#[derive(Default)]
struct Calls(Mutex<BTreeMap<&'static str, usize>>);

#[async_trait]
impl Gate for Calls {
    async fn before(&self, name: &'static str, _effect: Effect) -> GateDecision {
        *self.0.lock().unwrap().entry(name).or_default() += 1;
        GateDecision::Pass
    }

    async fn after(&self, _name: &'static str, _effect: Effect) {}
}

impl Calls {
    fn take(&self) -> Vec<(&'static str, usize)> {
        std::mem::take(&mut *self.0.lock().unwrap()).into_iter().collect()
    }
}

/// Live tracking that counts its calls.
fn counted() -> (Live, Arc<Calls>) {
    let (calls, table) = (Arc::new(Calls::default()), Arc::new(Memory::default()));
    let gated = Gated::new(calls.clone(), table.clone());
    let mut live = Live::over(World::default(), table, gated);
    live.push.store = Gated::new(calls.clone(), live.world.table.clone());
    live.push.sockets = Gated::new(calls.clone(), live.sockets.clone());
    (live, calls)
}

#[tokio::test]
async fn followers_get_the_order_as_get_shows_it_to_each_of_them() {
    let live = Live::with_order().await;
    let (of_customer, of_admin) = (live.of_customer("c1").await, live.of_admin("a1").await);
    live.follow(&of_customer, 1, 0).await;
    live.follow(&of_admin, 1, 0).await;
    live.world.deliver::<PaymentsEvent>(order_paid()).await;
    live.world.deliver::<PaymentsEvent>(refund_failed("r1")).await;
    live.push_last().await.unwrap();
    let posted = live.sockets.take();
    let got = |connection: &str| -> Vec<Value> {
        let of_it = posted.iter().filter(|(to, _)| to == connection);
        of_it.map(|(_, frame)| serde_json::from_str(frame).unwrap()).collect()
    };
    let as_customer = live.world.get(page_request(1).by(customer())).await.unwrap();
    let as_admin = live.world.get(page_request(1).by_admin()).await.unwrap();
    assert_ne!(as_customer, as_admin, "the test is to show a difference");
    let frame = |page| json!({"type": "order", "order": order_id(1), "sequence": 3, "page": page});
    assert_eq!((got("c1"), got("a1")), (vec![frame(as_customer)], vec![frame(as_admin)]));
}

#[tokio::test]
async fn a_follower_that_the_build_before_stored_is_sent_the_order() {
    let live = Live::with_order().await;
    let admin = live.of_admin("a1").await;
    live.follow(&admin, 1, 0).await;
    let key = Key::new(format!("order#{}", order_id(1)), "connection#a1");
    let stored = json!({"caller": admin.holder.caller, "admin": true, "until": admin.holder.until});
    live.table.put(&key, &Document::of(&stored)).await.unwrap();
    live.world.deliver::<PaymentsEvent>(order_paid()).await;
    live.push_last().await.unwrap();
    let as_admin = live.world.get(page_request(1).by_admin()).await.unwrap();
    assert_eq!(live.got("a1")[0]["page"], as_admin);
}

#[tokio::test]
async fn the_board_gets_the_line_of_every_order() {
    let live = Live::with_order().await;
    live.follow.receive(&live.of_admin("a1").await, BOARD).await.unwrap();
    live.got("a1");
    live.world.place(2).await;
    live.push_last().await.unwrap();
    let list =
        live.world.get(testkit::request("GET /orders").query("open", "true").by_admin()).await.unwrap();
    let expected =
        list["items"].as_array().unwrap().iter().find(|line| line["order_id"] == *order_id(2).as_str());
    let frame = json!({"type": "board", "order": order_id(2), "sequence": 1, "summary": expected.unwrap()});
    assert_eq!(live.got("a1"), [frame]);
}

#[tokio::test]
async fn two_hundred_watchers_cost_two_hundred_posts_two_queries_and_one_read_of_the_order() {
    let (live, calls) = counted();
    live.world.place(1).await;
    for n in 0..200 {
        // Forty callers with five connections each; all may see the order.
        let holder = Holder { caller: format!("customer#{}", n / 5), ..live.holder(&customer(), true) };
        let connection = live.connect(&format!("c{n}"), holder).await;
        live.follow(&connection, 1, 0).await;
    }
    calls.take();
    live.world.deliver::<PaymentsEvent>(order_paid()).await;
    live.push_last().await.unwrap();
    assert_eq!(calls.take(), [("documents.list", 2), ("sockets.post", 200), ("store.read", 1)]);
    let reached: std::collections::BTreeSet<String> =
        live.sockets.take().into_iter().map(|(connection, _)| connection).collect();
    assert_eq!(reached.len(), 200);
}

#[tokio::test]
async fn an_order_that_nobody_follows_costs_two_queries() {
    let (live, calls) = counted();
    live.world.place(1).await;
    live.push_last().await.unwrap();
    assert_eq!(calls.take(), [("documents.list", 2)]);
}

#[tokio::test]
async fn a_dead_connection_costs_one_call_whatever_it_follows() {
    let live = Live::with_order().await;
    live.world.place(2).await;
    let admin = live.of_admin("a1").await;
    live.follow(&admin, 1, 0).await;
    live.follow(&admin, 2, 0).await;
    live.follow.receive(&admin, BOARD).await.unwrap();
    live.sockets.leave("a1");
    for envelope in live.world.table.all_events() {
        live.push_event(&envelope).await.unwrap();
    }
    assert_eq!((live.sockets.found_gone(), live.keys()), (vec!["a1".to_owned()], vec![]));
}

#[tokio::test]
async fn a_follower_whose_token_has_expired_is_closed_and_sent_nothing() {
    let live = Live::with_order().await;
    let connection = live.of_customer("c1").await;
    live.follow(&connection, 1, 0).await;
    live.world.wait(Duration::from_hours(1));
    live.push_last().await.unwrap();
    assert_eq!((live.sockets.closed(), live.got("c1")), (vec!["c1".to_owned()], vec![]));
    assert_eq!(live.keys(), Vec::<String>::new());
}

/// A connection is a follower for a moment before its right is known.
#[tokio::test]
async fn a_follower_who_may_not_see_the_order_is_sent_nothing() {
    let live = Live::with_order().await;
    let other = live.connect("c1", live.holder(&other_customer(), false)).await;
    live.push.followers.follow(&other, &Topic::Order(order_id(1)), testkit::now()).await.unwrap();
    live.push.followers.follow(&other, &Topic::Board, testkit::now()).await.unwrap();
    live.push_last().await.unwrap();
    assert_eq!(live.got("c1"), Vec::<Value>::new());
}

#[tokio::test]
async fn a_late_message_sends_the_order_as_it_is_now() {
    let live = Live::with_order().await;
    let connection = live.of_customer("c1").await;
    live.follow(&connection, 1, 0).await;
    live.world.deliver::<PaymentsEvent>(payment_requested()).await;
    live.world.deliver::<PaymentsEvent>(order_paid()).await;
    let first = live.world.table.all_events().remove(0);
    live.push_event(&first).await.unwrap();
    let got = live.got("c1");
    assert_eq!((&got[0]["sequence"], &got[0]["page"]["status"]), (&json!(3), &json!("paid")));
}

/// Fails each post.
struct Out;

#[async_trait]
impl Sockets for Out {
    async fn post(&self, _connection: &str, _frame: &str) -> Result<(), SocketError> {
        Err(SocketError::Unavailable("throttled".to_owned()))
    }

    async fn close(&self, _connection: &str) -> Result<(), SocketError> {
        Err(SocketError::Unavailable("throttled".to_owned()))
    }
}

#[tokio::test]
async fn a_gateway_that_is_out_returns_the_message_and_forgets_nobody() {
    let mut live = Live::with_order().await;
    let connection = live.of_customer("c1").await;
    live.follow(&connection, 1, 0).await;
    live.push.sockets = Arc::new(Out);
    let keys = live.keys();
    let failure = live.push_last().await.unwrap_err();
    assert!(
        matches!(&failure, Failure::Retry { reason, .. } if reason.starts_with("1 of 1 followers")),
        "{failure}"
    );
    assert_eq!(live.keys(), keys);
}
