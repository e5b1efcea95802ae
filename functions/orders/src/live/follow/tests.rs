//! Who may follow what, what a follower is answered, and when a connection ends.

use super::super::followers::MOST_CONNECTIONS;
use super::super::testing::Live;
use super::*;
use crate::testing::{order_paid, page_request};
use events::PaymentsEvent;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use testkit::{Effect, Gate, GateDecision, Gated, RequestBuilder as _, customer, order_id, other_customer};

fn error(code: &str, answer: &Value) {
    assert_eq!((&answer["type"], &answer["code"]), (&json!("error"), &json!(code)), "{answer}");
}

#[tokio::test]
async fn a_customer_gets_the_order_as_get_shows_it() {
    let live = Live::with_order().await;
    live.world.deliver::<PaymentsEvent>(order_paid()).await;
    let connection = live.of_customer("c1").await;
    let answer = live.follow(&connection, 1, 0).await;
    let page = live.world.get(page_request(1).by(customer())).await.unwrap();
    assert_eq!(answer, json!({"type": "order", "order": order_id(1), "sequence": 2, "page": page}));
}

#[tokio::test]
async fn an_admin_gets_any_order_as_get_shows_it_to_an_admin() {
    let live = Live::with_order().await;
    let connection = live.of_admin("c1").await;
    let answer = live.follow(&connection, 1, 0).await;
    assert_eq!(answer["page"], live.world.get(page_request(1).by_admin()).await.unwrap());
}

#[tokio::test]
async fn a_heartbeat_gets_what_is_missing_or_the_sequence() {
    let live = Live::with_order().await;
    let connection = live.of_customer("c1").await;
    assert_eq!(live.follow(&connection, 1, 0).await["sequence"], 1);
    let current = json!({"type": "current", "order": order_id(1), "sequence": 1});
    assert_eq!(live.follow(&connection, 1, 1).await, current);
    assert_eq!(live.follow(&connection, 1, 9).await, current, "a client cannot be ahead");
    live.world.deliver::<PaymentsEvent>(order_paid()).await;
    assert_eq!(live.follow(&connection, 1, 1).await["page"]["status"], "paid");
}

#[tokio::test]
async fn another_customers_order_is_answered_like_an_unknown_one_and_not_followed() {
    let live = Live::with_order().await;
    let connection = live.connect("c1", live.holder(&other_customer(), false)).await;
    let (foreign, unknown) = (live.follow(&connection, 1, 0).await, live.follow(&connection, 2, 0).await);
    error("not_found", &foreign);
    let without_id = |answer: &Value| {
        let mut answer = answer.clone();
        answer["order"].take();
        answer
    };
    assert_eq!(without_id(&foreign), without_id(&unknown));
    live.world.deliver::<PaymentsEvent>(order_paid()).await;
    live.push_last().await.unwrap();
    assert_eq!(live.got("c1"), Vec::<Value>::new());
    assert!(!live.keys().iter().any(|key| key.starts_with("order#")), "{:?}", live.keys());
}

#[tokio::test]
async fn only_those_who_work_for_the_shop_follow_the_board() {
    let live = Live::with_order().await;
    let board = json!({"action": "follow", "order": "board"});
    let of_customer = live.of_customer("c1").await;
    error("forbidden", &live.send(&of_customer, &board).await[0]);
    let of_admin = live.of_admin("c2").await;
    assert_eq!(live.send(&of_admin, &board).await, [json!({"type": "current", "order": "board"})]);
}

#[tokio::test]
async fn a_frame_that_is_not_understood_is_answered_with_an_error() {
    let live = Live::with_order().await;
    let connection = live.of_customer("c1").await;
    error("invalid", &live.send(&connection, &json!({"action": "follow", "order": "x"})).await[0]);
}

#[tokio::test]
async fn sixty_frames_a_minute_are_answered_and_one_more_closes_the_connection() {
    let live = Live::with_order().await;
    let connection = live.of_customer("c1").await;
    for _ in 0..60 {
        assert_eq!(live.follow(&connection, 1, 1).await["type"], "current");
    }
    assert!(live.send(&connection, &json!({"action": "follow", "order": order_id(1)})).await.is_empty());
    assert_eq!((live.sockets.closed(), live.keys()), (vec!["c1".to_owned()], vec![]));
}

#[tokio::test]
async fn a_frame_each_second_is_never_too_much() {
    let live = Live::with_order().await;
    let connection = live.of_customer("c1").await;
    for _ in 0..200 {
        assert_eq!(live.follow(&connection, 1, 1).await["type"], "current");
        live.world.wait(Duration::from_secs(1));
    }
}

#[tokio::test]
async fn a_frame_after_the_tokens_expiry_closes_the_connection() {
    let live = Live::with_order().await;
    let connection = live.of_customer("c1").await;
    live.follow(&connection, 1, 0).await;
    live.world.wait(Duration::from_hours(1));
    assert!(live.send(&connection, &json!({"action": "follow", "order": order_id(1)})).await.is_empty());
    assert_eq!((live.sockets.closed(), live.keys()), (vec!["c1".to_owned()], vec![]));
}

#[tokio::test]
async fn a_caller_has_at_most_five_connections() {
    let live = Live::with_order().await;
    for n in 1..=MOST_CONNECTIONS {
        live.of_customer(&format!("c{n}")).await;
    }
    let sixth = Connection { id: "c6".to_owned(), holder: live.holder(&customer(), false) };
    assert!(!live.follow.open(&sixth).await.unwrap());
    assert!(!live.keys().iter().any(|key| key.contains("c6")), "a refused one is not counted");
    live.of_admin("another caller's").await;
    live.follow.closed(&Connection { id: "c1".to_owned(), ..sixth.clone() }).await.unwrap();
    assert!(live.follow.open(&sixth).await.unwrap());
}

/// The gateway does not promise to report the end of a connection.
#[tokio::test]
async fn a_connection_that_ended_unreported_is_not_counted_for_long() {
    let live = Live::with_order().await;
    for n in 1..=MOST_CONNECTIONS {
        live.of_customer(&format!("c{n}")).await;
    }
    live.world.wait(Duration::from_mins(12));
    live.of_customer("c6").await;
}

#[tokio::test]
async fn a_heartbeat_keeps_its_connection_counted() {
    let live = Live::with_order().await;
    for n in 1..=MOST_CONNECTIONS {
        let connection = live.of_customer(&format!("c{n}")).await;
        live.follow(&connection, 1, 0).await;
    }
    live.world.wait(Duration::from_mins(6));
    for n in 1..=MOST_CONNECTIONS {
        let connection = Connection { id: format!("c{n}"), holder: live.holder(&customer(), false) };
        live.follow(&connection, 1, 0).await;
    }
    live.world.wait(Duration::from_mins(6));
    let sixth = Connection { id: "c6".to_owned(), holder: live.holder(&customer(), false) };
    assert!(!live.follow.open(&sixth).await.unwrap());
}

#[tokio::test]
async fn a_connection_that_is_closed_or_gone_leaves_nothing_behind() {
    let live = Live::with_order().await;
    live.world.place(2).await;
    let closed = live.of_customer("c1").await;
    live.follow(&closed, 1, 0).await;
    live.follow(&closed, 2, 0).await;
    live.follow.closed(&closed).await.unwrap();
    assert_eq!(live.keys(), Vec::<String>::new());

    let gone = live.of_customer("c2").await;
    live.follow(&gone, 1, 0).await;
    live.sockets.leave("c2");
    live.follow.receive(&gone, &json!({"action": "follow", "order": order_id(2)}).to_string()).await.unwrap();
    assert_eq!(live.keys(), Vec::<String>::new());
}

/// Before the call with this number, an event is appended and pushed.
struct EventBefore {
    call: usize,
    calls: AtomicUsize,
    live: Arc<Live>,
}

#[async_trait]
impl Gate for EventBefore {
    async fn before(&self, _name: &'static str, _effect: Effect) -> GateDecision {
        if self.calls.fetch_add(1, Ordering::SeqCst) == self.call {
            self.live.world.deliver::<PaymentsEvent>(order_paid()).await;
            self.live.push_last().await.unwrap();
        }
        GateDecision::Pass
    }

    async fn after(&self, _name: &'static str, _effect: Effect) {}
}

/// A follower is one before its order is read, so an event is either in what is read or is pushed.
#[tokio::test]
async fn an_event_at_any_moment_of_a_follow_reaches_the_follower() {
    let mut call = 0;
    loop {
        let live = Arc::new(Live::with_order().await);
        let connection = live.of_customer("c1").await;
        let gate = Arc::new(EventBefore { call, calls: AtomicUsize::default(), live: live.clone() });
        let follow = FollowOrders {
            store: Gated::new(gate.clone(), live.world.table.clone()),
            followers: Followers::new(Gated::new(gate.clone(), live.table.clone())),
            frames: live.table.clone(),
            sockets: Gated::new(gate.clone(), live.sockets.clone()),
            clock: live.world.clock.clone(),
        };
        let frame = json!({"action": "follow", "order": order_id(1)}).to_string();
        follow.receive(&connection, &frame).await.unwrap();
        if gate.calls.load(Ordering::SeqCst) <= call {
            assert!(call >= 4, "a follow makes only {call} calls");
            return;
        }
        let newest = live.got("c1").iter().filter_map(|frame| frame["sequence"].as_u64()).max();
        assert_eq!(newest, Some(2), "an event before call {call} is missing");
        call += 1;
    }
}

/// While one handshake consumes a ticket, another does.
struct OtherHandshake(Arc<Live>, String, AtomicUsize);

#[async_trait]
impl Gate for OtherHandshake {
    async fn before(&self, name: &'static str, _effect: Effect) -> GateDecision {
        if name == "documents.put_newer" {
            let admitted = self.0.follow.admit(&self.1).await.unwrap();
            self.2.fetch_add(usize::from(admitted.is_some()), Ordering::SeqCst);
        }
        GateDecision::Pass
    }

    async fn after(&self, _name: &'static str, _effect: Effect) {}
}

#[tokio::test]
async fn of_two_handshakes_at_once_with_one_ticket_one_is_admitted() {
    let live = Arc::new(Live::default());
    let holder = live.holder(&customer(), false);
    live.issue.followers.issue("t1", &holder, testkit::now()).await.unwrap();
    let gate = Arc::new(OtherHandshake(live.clone(), "t1".to_owned(), AtomicUsize::default()));
    let followers = Followers::new(Gated::new(gate.clone(), live.table.clone()));
    let admitted = followers.consume("t1", testkit::now()).await.unwrap();
    assert_eq!((gate.2.load(Ordering::SeqCst), admitted), (1, None));
}
