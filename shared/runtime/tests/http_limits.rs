//! The limits of a caller: what they admit, what they cost, what an answer says of them, and that a refused request has no
//! effect.

#![expect(clippy::unwrap_used, reason = "a test may be blunt outside of its test functions too")]

use async_trait::async_trait;
use event_store::{Advance, Key, MarkMove, Memory, RateMarks, StoreError};
use jiff::{SignedDuration, Timestamp};
use lambda_http::Body;
use lambda_http::http::HeaderMap;
use resilience::{FixedClock, HourlyLimit};
use runtime::http::{
    Access, Counted, Endpoint, Limit, Limiter, Problem, Reply, Request, Server, parse_sample,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use testkit::{bearer, now};
use tokio::sync::Notify;

/// A limits' table that counts its writes and can be out, slow or wait for a signal.
#[derive(Default)]
struct Table {
    marks: Memory,
    writes: AtomicU32,
    state: Mutex<State>,
}

#[derive(Default, Clone)]
enum State {
    #[default]
    Up,
    Out,
    Hangs,
    WaitsFor(Arc<Notify>),
}

impl Table {
    fn becomes(&self, state: State) {
        *self.state.lock().unwrap() = state;
    }

    fn writes(&self) -> u32 {
        self.writes.swap(0, Ordering::SeqCst)
    }
}

#[async_trait]
impl RateMarks for Table {
    async fn advance(
        &self,
        key: &Key,
        now: i64,
        moves: &[MarkMove],
        expires_at: Timestamp,
    ) -> Result<Advance, StoreError> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        let state = self.state.lock().unwrap().clone();
        match state {
            // Lets other requests go on in between.
            State::Up => tokio::task::yield_now().await,
            State::Out => return Err(StoreError::Unavailable("throttled".to_owned())),
            State::Hangs => std::future::pending().await,
            State::WaitsFor(signal) => signal.notified().await,
        }
        self.marks.advance(key, now, moves, expires_at).await
    }
}

/// Answers by the route, counts its answers, and signals that it has begun.
#[derive(Default)]
struct Shop {
    answers: AtomicU32,
    begun: Arc<Notify>,
}

impl Shop {
    fn answers(&self) -> u32 {
        self.answers.swap(0, Ordering::SeqCst)
    }
}

struct Door(Arc<Shop>);

/// A route on which the endpoint itself waits for its admission.
const WAITS: &str = "POST /waits";

#[async_trait]
impl Endpoint for Door {
    fn awaits_admission(&self, route: &str) -> bool {
        route.starts_with(WAITS)
    }

    #[expect(clippy::panic, reason = "a handler that panics")]
    async fn answer(&self, request: Request) -> Result<Reply, Problem> {
        self.0.begun.notify_one();
        if request.route == WAITS {
            request.admission.granted().await?;
        }
        self.0.answers.fetch_add(1, Ordering::SeqCst);
        match request.route.as_str() {
            "GET /missing" => Err(Problem::not_found("no such thing")),
            "GET /panics" | "PUT /panics" => panic!("a defect"),
            _ => Ok(Reply::json(200, &json!({}))),
        }
    }
}

struct World {
    table: Arc<Table>,
    clock: Arc<FixedClock>,
    shop: Arc<Shop>,
    per_hour: [u64; 3],
}

const ORDERS: &str = "POST /orders";

impl World {
    /// Limits of customers, admins and the route of orders.
    fn of(requests: u64, admins: u64, orders: u64) -> Self {
        let clock = Arc::new(FixedClock::at(now()));
        let per_hour = [requests, admins, orders];
        Self { table: Arc::default(), clock, shop: Arc::default(), per_hour }
    }

    /// A process of the function, with a memory of its own.
    fn server(&self) -> Server {
        let counted = [
            ("requests", Counted::OfCustomers),
            ("admin-requests", Counted::OfShop),
            ("orders", Counted::Route(ORDERS)),
        ];
        let limits = counted.into_iter().zip(self.per_hour);
        let limits = limits.map(|((name, counted), per_hour)| {
            let rate = HourlyLimit::of(per_hour);
            Limit { name, counted, rate }
        });
        let limiter = Limiter::new(self.table.clone(), self.clock.clone(), limits.collect());
        let access = Access { groups_claim: "groups".to_owned(), token_use: None, ..testkit::access() };
        Server { access: Some(access), limiter: Some(limiter), endpoint: Arc::new(Door(self.shop.clone())) }
    }
}

async fn call(server: &Server, route: &str, subject: &str) -> (u16, HeaderMap) {
    let groups = if subject == "admin" { json!(["admin"]) } else { json!([]) };
    let claims = json!({"iss": "https://issuer", "sub": subject});
    let mut token = claims.clone();
    token["groups"] = groups;
    let event = json!({
        "headers": {"authorization": bearer(&token)},
        "requestContext": {"routeKey": route, "authorizer": {"jwt": {"claims": claims}}},
    });
    let response = server.serve(parse_sample(&event.to_string()).unwrap()).await;
    let (parts, body) = response.into_parts();
    if parts.status == 429 {
        let Body::Text(body) = body else { unreachable!("a problem is a text") };
        let problem: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(problem["type"], "urn:conveyor:problem:too-many-requests");
    }
    (parts.status.as_u16(), parts.headers)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).unwrap_or_else(|| unreachable!("{name} is missing: {headers:?}")).to_str().unwrap()
}

fn seconds(headers: &HeaderMap) -> u64 {
    text(headers, "retry-after").parse().unwrap()
}

#[tokio::test]
async fn over_the_limit_the_answer_is_429_with_retry_after() {
    let world = World::of(6, 6, 6);
    let server = world.server();
    for _ in 0..3 {
        assert_eq!(call(&server, "GET /", "s-1").await.0, 200);
    }
    let (status, headers) = call(&server, "GET /", "s-1").await;
    assert_eq!((status, seconds(&headers)), (429, 1200));
    assert_eq!(call(&server, "GET /", "s-2").await.0, 200, "each caller has its own limit");
    world.clock.advance(Duration::from_secs(1199));
    assert_eq!(call(&server, "GET /", "s-1").await.0, 429);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(call(&server, "GET /", "s-1").await.0, 200);
    assert_eq!(call(&server, "GET /", "s-1").await.0, 429);
}

#[tokio::test]
async fn every_answer_of_a_limited_route_carries_the_limits_and_what_is_left() {
    let world = World::of(1000, 1000, 30);
    let server = world.server();
    let policy = "\"requests\";q=1000;w=3600";
    for (nth, (route, status)) in
        [("GET /", 200), ("GET /missing", 404), ("GET /panics", 500), ("PUT /panics", 500), ("PUT /", 200)]
            .into_iter()
            .enumerate()
    {
        let (answered, headers) = call(&server, route, "s-1").await;
        assert_eq!(answered, status, "{route}");
        assert_eq!(text(&headers, "ratelimit-policy"), policy, "{route}");
        let wait = 36 * (nth + 1) / 5;
        let left = format!("\"requests\";r={};t=", 499 - nth);
        assert!(text(&headers, "ratelimit").starts_with(&left), "{route}, about {wait} s: {headers:?}");
        assert!(!headers.contains_key("retry-after"));
    }
    let both = format!("{policy}, \"orders\";q=30;w=3600");
    for left in (0..15).rev() {
        let (status, headers) = call(&server, ORDERS, "s-2").await;
        assert_eq!((status, text(&headers, "ratelimit-policy")), (200, both.as_str()));
        assert!(text(&headers, "ratelimit").contains(&format!(", \"orders\";r={left};t=240")), "{headers:?}");
    }
    let (status, headers) = call(&server, ORDERS, "s-2").await;
    assert_eq!((status, seconds(&headers), text(&headers, "ratelimit-policy")), (429, 240, both.as_str()));
    assert_eq!(text(&headers, "ratelimit"), "\"requests\";r=485;t=8, \"orders\";r=0;t=240");
}

#[tokio::test]
async fn a_request_over_the_limit_of_its_route_does_not_count_for_the_others() {
    let world = World::of(40, 40, 2);
    let server = world.server();
    assert_eq!(call(&server, ORDERS, "s-1").await.0, 200);
    for _ in 0..30 {
        assert_eq!(call(&server, ORDERS, "s-1").await.0, 429);
    }
    assert_eq!(call(&server, "GET /", "s-1").await.0, 200);
}

#[tokio::test]
async fn an_endpoint_that_waits_for_its_admission_reads_meanwhile() {
    let world = World::of(2, 2, 2);
    let (server, may_count) = (world.server(), Arc::new(Notify::new()));
    world.table.becomes(State::WaitsFor(may_count.clone()));
    let shop = world.shop.clone();
    let meanwhile = async {
        shop.begun.notified().await;
        assert_eq!(shop.answers(), 0, "it has begun, and has no effect yet");
        may_count.notify_one();
    };
    let ((status, headers), ()) = tokio::join!(call(&server, WAITS, "s-1"), meanwhile);
    assert_eq!((status, shop.answers()), (200, 1));
    assert!(headers.contains_key("ratelimit"));

    world.table.becomes(State::Up);
    assert_eq!(call(&server, WAITS, "s-1").await.0, 429);
    assert_eq!(shop.answers(), 0, "a refused request has no effect");
    assert_eq!(call(&server, "POST /waits-not", "s-1").await.0, 429, "whatever the endpoint answers");
}

#[tokio::test]
async fn admins_have_a_limit_of_their_own() {
    let world = World::of(2, 8, 8);
    let server = world.server();
    for expected in [200, 200, 200, 200, 429] {
        let (status, headers) = call(&server, "GET /", "admin").await;
        assert_eq!((status, text(&headers, "ratelimit-policy")), (expected, "\"admin-requests\";q=8;w=3600"));
    }
    assert_eq!(call(&server, "GET /", "s-1").await.0, 200);
    assert_eq!(call(&server, "GET /", "s-1").await.0, 429);
}

#[tokio::test]
async fn a_caller_within_its_limits_costs_one_write_and_one_over_them_none() {
    let world = World::of(40, 40, 20);
    let server = world.server();
    for route in [ORDERS, ORDERS, "GET /", ORDERS] {
        assert_eq!((call(&server, route, "s-1").await.0, world.table.writes()), (200, 1), "{route}");
    }
    for _ in 0..7 {
        assert_eq!(call(&server, ORDERS, "s-1").await.0, 200);
    }
    assert_eq!((call(&server, ORDERS, "s-1").await.0, world.table.writes()), (429, 7));
    assert_eq!((call(&server, ORDERS, "s-1").await.0, world.table.writes()), (429, 0));
}

#[tokio::test]
async fn a_caller_that_another_process_served_costs_one_write_more() {
    let world = World::of(40, 40, 20);
    let (first, second) = (world.server(), world.server());
    assert_eq!((call(&first, ORDERS, "s-1").await.0, world.table.writes()), (200, 1));
    assert_eq!((call(&second, ORDERS, "s-1").await.0, world.table.writes()), (200, 2));
    // What the first one remembers is old, and still ahead.
    assert_eq!((call(&first, ORDERS, "s-1").await.0, world.table.writes()), (200, 1));
    world.clock.advance(Duration::from_hours(2));
    assert_eq!((call(&first, ORDERS, "s-1").await.0, world.table.writes()), (200, 1));
}

#[tokio::test]
async fn a_process_that_has_seen_many_callers_still_counts_each() {
    let world = World::of(2, 2, 2);
    let server = world.server();
    for caller in 0..1100 {
        assert_eq!(call(&server, "GET /", &format!("s-{caller}")).await.0, 200);
    }
    assert_eq!(call(&server, "GET /", "s-5").await.0, 429);
}

#[tokio::test]
async fn a_request_over_the_limit_has_no_effect() {
    let world = World::of(2, 2, 2);
    assert_eq!(call(&world.server(), "PUT /", "s-1").await.0, 200);
    assert_eq!(world.shop.answers(), 1);
    for _ in 0..3 {
        // Another process each time, which has to ask the table.
        assert_eq!(call(&world.server(), "PUT /", "s-1").await.0, 429);
    }
    assert_eq!(world.shop.answers(), 0);
}

/// The table answers only when the endpoint has begun, so a request that waits for the table would never be answered in time.
#[tokio::test]
async fn reads_are_answered_while_the_limit_is_checked_and_writes_after_it() {
    let world = World::of(100, 100, 100);
    world.table.becomes(State::WaitsFor(world.shop.begun.clone()));
    let (status, headers) = call(&world.server(), "GET /", "s-1").await;
    assert_eq!((status, headers.contains_key("ratelimit")), (200, true), "the check ended with the read");
    let write = world.server();
    let waiting = call(&write, "PUT /", "s-1");
    let none = tokio::time::timeout(Duration::from_millis(200), waiting).await;
    assert!(none.is_err() && world.shop.answers() == 1, "the write waits for the check");
}

#[tokio::test]
async fn a_limits_table_that_is_out_or_slow_stops_no_request() {
    for state in [State::Out, State::Hangs] {
        let world = World::of(2, 2, 2);
        world.table.becomes(state);
        let began = std::time::Instant::now();
        let (status, headers) = call(&world.server(), "PUT /", "s-1").await;
        assert_eq!((status, text(&headers, "ratelimit-policy")), (200, "\"requests\";q=2;w=3600"));
        assert!(!headers.contains_key("ratelimit"), "what is left is not known");
        assert!(began.elapsed() < Duration::from_secs(3));
    }
}

/// Several processes serve one caller at the same time, at any moment, for some hours.
#[tokio::test]
async fn no_60_minutes_admit_more_than_the_limits_through_all_processes() {
    let mut random = fastrand::Rng::with_seed(7);
    for (requests, orders) in [(1, 1), (2, 3), (9, 4), (30, 7)] {
        let world = World::of(requests, 1, orders);
        let servers: Vec<Server> = (0..3).map(|_| world.server()).collect();
        let mut admitted: BTreeMap<&str, Vec<Timestamp>> = BTreeMap::new();
        let mut at = now();
        for _ in 0..300 {
            let gap = [0, random.u64(0..60), random.u64(0..900), random.u64(3598..3602)][random.usize(0..4)];
            world.clock.advance(Duration::from_secs(gap));
            at = at.saturating_add(SignedDuration::from_secs(i64::try_from(gap).unwrap())).unwrap();
            let routes: Vec<&str> =
                (0..random.usize(1..8)).map(|_| [ORDERS, "GET /"][random.usize(0..2)]).collect();
            let calls = routes.iter().enumerate().map(|(nth, route)| call(&servers[nth % 3], route, "s-1"));
            let answers = futures_util::future::join_all(calls).await;
            for (route, (status, _)) in routes.iter().zip(answers) {
                assert!(status == 200 || status == 429, "{status}");
                if status == 200 {
                    admitted.entry("all").or_default().push(at);
                    admitted.entry(route).or_default().push(at);
                }
            }
        }
        let most = |name: &str| {
            let moments = admitted.get(name).map_or(&[][..], Vec::as_slice);
            let from = |first: &Timestamp| {
                let end = first.saturating_add(SignedDuration::from_hours(1)).unwrap();
                moments.iter().filter(|moment| (*first..=end).contains(*moment)).count()
            };
            u64::try_from(moments.iter().map(from).max().unwrap_or(0)).unwrap()
        };
        assert!(most("all") <= requests && most(ORDERS) <= orders, "{} {}", most("all"), most(ORDERS));
        assert!(most("all") > requests / 2, "the limit is used: {} of {requests}", most("all"));
    }
}
