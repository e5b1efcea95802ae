//! An order over the caller's limit is priced, and not placed.

use crate::testing::{World, tea};
use resilience::HourlyLimit;
use runtime::http::{Access, Counted, Limit, Limiter, Server, parse_sample};
use serde_json::json;
use testkit::customer;

#[tokio::test]
async fn an_order_over_the_limit_is_not_placed() {
    let world = World::with_tea().await;
    let limit = Limit { name: "orders", counted: Counted::Route("POST /orders"), rate: HourlyLimit::of(2) };
    let server = Server {
        access: Some(Access { groups_claim: "groups".to_owned(), token_use: None, ..testkit::access() }),
        limiter: Some(Limiter::new(world.table.clone(), world.clock.clone(), vec![limit])),
        endpoint: world.place.clone(),
    };
    let claims = json!({"iss": customer().issuer, "sub": customer().subject});
    let mut statuses = Vec::new();
    for key in ["k1", "k2"] {
        let event = json!({
            "headers": {"content-type": "application/json", "idempotency-key": key},
            "requestContext": {"routeKey": "POST /orders", "authorizer": {"jwt": {"claims": claims}}},
            "body": tea().to_string(),
        });
        let event = parse_sample(&event.to_string()).unwrap();
        statuses.push(server.serve(event).await.status().as_u16());
    }
    assert_eq!(statuses, [202, 429]);
    assert_eq!(world.events(), 1);
}
