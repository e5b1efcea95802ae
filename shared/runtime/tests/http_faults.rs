//! A request whose code panics or hangs is answered all the same, and the log says where.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may be blunt outside of its test functions too"
)]

use lambda_http::{Body, Response};
use resilience::Deadline;
use runtime::http::{Endpoint, Problem, Reply, Request, Server, parse_sample};
use serde_json::{Value, json};
use std::time::Duration;
use testkit::Log;

/// Panics, hangs or answers, by the route.
struct Faulty;

#[async_trait::async_trait]
impl Endpoint for Faulty {
    async fn answer(&self, request: Request) -> Result<Reply, Problem> {
        match request.route.as_str() {
            "GET /panics" => panic!("no such customer: ada@shop.example"),
            "GET /hangs" => std::future::pending().await,
            _ => Ok(Reply::json(200, &json!({}))),
        }
    }
}

async fn answer(route: &str) -> Response<Body> {
    let event = parse_sample(&json!({"routeKey": route, "requestContext": {}}).to_string()).unwrap();
    Deadline::of_invocation(Duration::from_millis(1_050)).scope(Server::open(Faulty).serve(event)).await
}

fn problem(response: &Response<Body>) -> (u16, Value) {
    let Body::Text(text) = response.body() else { panic!("a problem is a text") };
    let body: Value = serde_json::from_str(text).unwrap();
    (response.status().as_u16(), body["type"].clone())
}

#[tokio::test]
async fn a_panic_is_answered_with_500_and_logged_by_its_location_alone() {
    runtime::panics::log_locations();
    let log = Log::of("get-order", "info");
    let response = answer("GET /panics").await;
    assert_eq!(problem(&response), (500, json!("urn:conveyor:problem:internal")));
    let lines = log.lines();
    let here = lines[0]["location"].as_str().unwrap();
    assert!(here.starts_with("shared/runtime/tests/http_faults.rs:"), "{here}");
    assert_eq!((&lines[0]["Panicked"], &lines[0]["function"]), (&json!(1), &json!("get-order")));
    assert_eq!(lines[0]["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["stack"]]));
    assert_eq!(lines[1]["cause"], json!(format!("the code panicked at {here}")));
    assert!(!log.text().contains("ada@shop.example"), "{}", log.text());
}

#[tokio::test]
async fn the_next_request_after_a_panic_is_answered() {
    assert_eq!(answer("GET /panics").await.status(), 500);
    assert_eq!(answer("GET /").await.status(), 200);
}

#[tokio::test]
async fn a_request_that_hangs_is_answered_with_504_before_the_invocation_ends() {
    let began = std::time::Instant::now();
    let response = answer("GET /hangs").await;
    assert_eq!(problem(&response), (504, json!("urn:conveyor:problem:timed-out")));
    assert_eq!(response.headers()["retry-after"], "2");
    assert!(began.elapsed() < Duration::from_millis(900), "{:?}", began.elapsed());
}
