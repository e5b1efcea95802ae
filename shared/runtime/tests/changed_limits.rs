//! Limits that an operator changes while the shop runs: in force within a minute, for a while, and never at the price of a sale.

#![expect(clippy::unwrap_used, reason = "a test may be blunt outside of its test functions too")]

use async_trait::async_trait;
use event_store::{Document, Documents as _, Memory};
use jiff::SignedDuration;
use resilience::{Clock as _, FixedClock, HourlyLimit};
use runtime::http::{
    Access, ChangedLimits, Counted, Endpoint, Limit, Limiter, Problem, Reply, Request, Server, parse_sample,
};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use testkit::{Effect, Gate, GateDecision, Gated, bearer, now};

struct Door;

#[async_trait]
impl Endpoint for Door {
    async fn answer(&self, _: Request) -> Result<Reply, Problem> {
        Ok(Reply::json(200, &json!({})))
    }
}

/// Counts the reads of the changed limits, and can be out.
#[derive(Default)]
struct Reads {
    seen: AtomicU32,
    are_out: AtomicBool,
}

#[async_trait]
impl Gate for Reads {
    async fn before(&self, _: &'static str, _: Effect) -> GateDecision {
        self.seen.fetch_add(1, Ordering::SeqCst);
        if self.are_out.load(Ordering::SeqCst) { GateDecision::Fail } else { GateDecision::Pass }
    }

    async fn after(&self, _: &'static str, _: Effect) {}
}

struct Shop {
    table: Arc<Memory>,
    clock: Arc<FixedClock>,
    reads: Arc<Reads>,
    server: Server,
}

/// A shop that admits 40 orders an hour, 20 of them at once.
fn shop() -> Shop {
    let (table, clock, reads) =
        (Arc::new(Memory::default()), Arc::new(FixedClock::at(now())), Arc::<Reads>::default());
    let orders = Limit { name: "orders", counted: Counted::Route("POST /orders"), rate: HourlyLimit::of(40) };
    let changed = ChangedLimits::of(Gated::new(reads.clone(), table.clone()));
    let limiter = Limiter::new(table.clone(), clock.clone(), vec![orders]).with_changes(changed);
    let access = Access { groups_claim: "groups".to_owned(), token_use: None, ..testkit::access() };
    let server = Server { access: Some(access), limiter: Some(limiter), endpoint: Arc::new(Door) };
    Shop { table, clock, reads, server }
}

impl Shop {
    async fn change(&self, body: &Value) {
        let until = self.clock.now().saturating_add(SignedDuration::from_hours(2)).unwrap();
        self.table.put(&ChangedLimits::key(), &Document::of(body).until(until)).await.unwrap();
    }

    /// The status, and how many orders an hour the answer says are admitted.
    async fn order(&self, subject: &str) -> (u16, String) {
        let claims = json!({"iss": "https://issuer", "sub": subject});
        let mut token = claims.clone();
        token["groups"] = json!([]);
        let event = json!({
            "headers": {"authorization": bearer(&token)},
            "requestContext": {"routeKey": "POST /orders", "authorizer": {"jwt": {"claims": claims}}},
        });
        let response = self.server.serve(parse_sample(&event.to_string()).unwrap()).await;
        let policy = response.headers()["ratelimit-policy"].to_str().unwrap().to_owned();
        (response.status().as_u16(), policy)
    }
}

const AS_DEPLOYED: &str = "\"orders\";q=40;w=3600";
const CHANGED: &str = "\"orders\";q=4;w=3600";

#[tokio::test]
async fn a_change_is_in_force_within_a_minute_and_ends_by_itself() {
    let shop = shop();
    assert_eq!(shop.order("s-1").await, (200, AS_DEPLOYED.to_owned()));
    shop.change(&json!({"per_hour": {"orders": 4}})).await;
    assert_eq!(shop.order("s-2").await.1, AS_DEPLOYED, "it is known for a minute");
    shop.clock.advance(Duration::from_mins(1));
    assert_eq!(shop.order("s-3").await, (200, CHANGED.to_owned()));
    assert_eq!(shop.order("s-3").await.0, 200);
    assert_eq!(shop.order("s-3").await.0, 429);
    shop.clock.advance(Duration::from_hours(2));
    assert_eq!(shop.order("s-4").await.1, AS_DEPLOYED);
}

#[tokio::test]
async fn a_change_that_is_cleared_ends_within_a_minute() {
    let shop = shop();
    shop.change(&json!({"per_hour": {"orders": 4}})).await;
    assert_eq!(shop.order("s-1").await.1, CHANGED);
    shop.table.delete(&ChangedLimits::key()).await.unwrap();
    shop.clock.advance(Duration::from_mins(1));
    assert_eq!(shop.order("s-1").await.1, AS_DEPLOYED);
}

#[tokio::test]
async fn the_item_is_read_once_a_minute_however_many_ask() {
    let shop = shop();
    for subject in ["s-1", "s-2", "s-3", "s-4"] {
        shop.order(subject).await;
    }
    assert_eq!(shop.reads.seen.load(Ordering::SeqCst), 1);
    shop.clock.advance(Duration::from_mins(1));
    shop.order("s-1").await;
    assert_eq!(shop.reads.seen.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn what_cannot_be_read_or_is_not_valid_changes_nothing() {
    let shop = shop();
    shop.change(&json!({"per_hour": {"orders": 4}})).await;
    assert_eq!(shop.order("s-1").await.1, CHANGED);
    shop.reads.are_out.store(true, Ordering::SeqCst);
    shop.clock.advance(Duration::from_mins(1));
    assert_eq!(shop.order("s-2").await, (200, CHANGED.to_owned()), "what is known stays");
    shop.reads.are_out.store(false, Ordering::SeqCst);
    for wrong in [json!({"per_hour": {"orders": -4}}), json!({"orders": 4}), json!([])] {
        shop.change(&wrong).await;
        shop.clock.advance(Duration::from_mins(1));
        assert_eq!(shop.order("s-3").await.1, CHANGED, "{wrong}");
    }
    shop.change(&json!({"per_hour": {"unknown": 1}})).await;
    shop.clock.advance(Duration::from_mins(1));
    assert_eq!(shop.order("s-4").await.1, AS_DEPLOYED);
}
