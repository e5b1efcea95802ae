//! Which parked webhooks are counted and replayed, and how often.

use super::SweepInbox;
use crate::testing::World;
use runtime::schedule::Task as _;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use testkit::Log;

#[tokio::test]
async fn a_webhook_that_is_parked_for_over_an_hour_is_counted_and_replayed_once() {
    let world = World::with_webhooks().await;
    let sweep = || SweepInbox { sources: world.inbox().sources, clock: Arc::clone(&world.inbox().clock) };
    let log = Log::of("sweep-inbox", "error");
    world.clock.advance(Duration::from_mins(59));
    assert_eq!(sweep().run().await.unwrap(), json!({"parked": 0}));
    world.clock.advance(Duration::from_mins(2));
    for _ in 0..2 {
        assert_eq!(sweep().run().await.unwrap(), json!({"parked": 1}));
    }
    let lines = log.lines();
    assert_eq!(lines.len(), 2);
    for line in lines {
        assert_eq!(
            (&line["WebhookParked"], &line["source"], &line["webhook.id"]),
            (&1.into(), &"stripe".into(), &"evt_5".into())
        );
    }
    let (_, page) = world.show("stripe:evt_5").await.unwrap();
    assert_eq!(page["replays"].as_array().unwrap().len(), 1);
}
