//! What a frame says, and that it fits.

use super::*;
use crate::testing::World;
use event_store::{EventStore, StreamId};
use serde_json::{Value, json};
use testkit::{order_id, placed};

async fn history(world: &World) -> History<Order> {
    let store: &dyn EventStore = &*world.table;
    store.history(&StreamId::order(&order_id(1))).await.unwrap()
}

#[test]
fn a_follow_names_an_order_or_the_board_and_may_say_after_what() {
    let id = order_id(1);
    let read = |frame: Value| Follow::read(&frame.to_string());
    let order = |after| Some(Follow { topic: Topic::Order(order_id(1)), after });
    assert_eq!(read(json!({"action": "follow", "order": id})), order(0));
    assert_eq!(read(json!({"action": "follow", "order": id, "after": 7, "new": true})), order(7));
    let board = Some(Follow { topic: Topic::Board, after: 0 });
    assert_eq!(read(json!({"action": "follow", "order": "board"})), board);
}

#[test]
fn anything_else_is_no_follow() {
    let id = order_id(1);
    for frame in [
        json!({"action": "lead", "order": id}),
        json!({"action": "follow"}),
        json!({"action": "follow", "order": "other"}),
        json!({"action": "follow", "order": 1}),
        json!({"action": "follow", "order": id, "after": -1}),
        json!({"action": "follow", "order": id, "after": "7"}),
        json!([]),
        json!("follow"),
    ] {
        assert_eq!(Follow::read(&frame.to_string()), None, "{frame}");
    }
    assert_eq!(Follow::read("{"), None);
}

#[tokio::test]
async fn an_order_that_does_not_fit_into_a_frame_is_only_announced() {
    let world = World::default();
    let lines = (0..3500).flat_map(|_| placed().lines).collect();
    world.append_only(&order_id(1), events::OrderPlaced { lines, ..placed() }).await;
    let frame = order(&order_id(1), &history(&world).await, SeenBy::Customer).unwrap();
    let frame: Value = serde_json::from_str(&frame).unwrap();
    assert_eq!(frame, json!({"type": "changed", "order": order_id(1), "sequence": 1}));
}

#[tokio::test]
async fn no_frame_is_larger_than_the_gateway_takes() {
    for lines in [1, 2400, 2500, 2600, 2700, 2800, 2900, 3500] {
        let world = World::default();
        let lines = (0..lines).flat_map(|_| placed().lines).collect();
        world.append_only(&order_id(1), events::OrderPlaced { lines, ..placed() }).await;
        let frame = order(&order_id(1), &history(&world).await, SeenBy::Admin).unwrap();
        assert!(frame.len() <= LARGEST_FRAME, "{}", frame.len());
    }
}
