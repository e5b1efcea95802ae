//! Any request of a client gets an answer or a client error, never a 5xx.

use crate::{clock, run, tables};
use event_store::Memory;
use runtime::http::{Access, Endpoint, Server, parse_sample};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;

/// The bytes are a route, lines with headers (`name: value`), path parameters (`@name: value`) and query parameters
/// (`?name: value`), an empty line, and the body.
pub fn requests(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let (route, lines) = head.split_once('\n').unwrap_or((head, ""));
    let (mut headers, mut path, mut query) = (Map::new(), Map::new(), Map::new());
    for (name, value) in lines.lines().filter_map(|line| line.split_once(": ")) {
        let (map, name) = match (name.strip_prefix('@'), name.strip_prefix('?')) {
            (Some(name), _) => (&mut path, name),
            (_, Some(name)) => (&mut query, name),
            (None, None) => (&mut headers, name),
        };
        map.insert(name.to_owned(), Value::from(value));
    }
    let claims = json!({
        "iss": "https://issuer.example", "sub": "customer-1", "token_use": "access", "cognito:groups": "[admin]",
    });
    let raw = json!({
        "version": "2.0", "routeKey": route, "rawPath": "/", "rawQueryString": "", "headers": headers,
        "queryStringParameters": query, "pathParameters": path, "body": body, "isBase64Encoded": false,
        "requestContext": {
            "accountId": "1", "apiId": "a", "domainName": "d", "domainPrefix": "d", "requestId": "r",
            "stage": "$default", "routeKey": route, "time": "02/Jan/2026:03:04:05 +0000", "timeEpoch": 1,
            "http": {"method": "POST", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "u"},
            "authorizer": {"jwt": {"claims": claims, "scopes": null}},
        },
    });
    // The gateway never passes on a header that HTTP does not allow.
    let Ok(sample) = parse_sample(&raw.to_string()) else { return false };
    let Some(endpoint) = run(endpoint(route)) else { return false };
    let access = Access {
        admin_group: "admin".to_owned(),
        groups_claim: "cognito:groups".to_owned(),
        token_use: Some("access".to_owned()),
    };
    let server = Server { access: Some(access), limiter: None, endpoint };
    let status = run(server.serve(sample)).status().as_u16();
    assert!((200..500).contains(&status), "{route} answers {status}");
    status < 300
}

async fn endpoint(route: &str) -> Option<Arc<dyn Endpoint>> {
    Some(match route {
        "POST /orders" => {
            let (table, pay_within) = (Arc::new(tables::orders().await), Duration::from_mins(30));
            Arc::new(orders::PlaceOrder {
                store: table.clone(),
                documents: table,
                clock: clock(),
                pay_within,
                pay_offline_within: pay_within,
                senders: webhooks::Senders::default(),
            })
        }
        "POST /orders/{order_id}/cancel" => {
            Arc::new(orders::CancelOrder { store: Arc::new(tables::orders().await), clock: clock() })
        }
        "POST /orders/{order_id}/refunds" => {
            Arc::new(payments::RequestRefund { store: Arc::new(tables::paid().await), clock: clock() })
        }
        route if route.starts_with("GET /orders") => {
            let (table, views) = (Arc::new(tables::orders().await), Arc::new(Memory::default()));
            Arc::new(orders::GetOrder {
                store: table,
                by_customer: Arc::new(views.index("customer", "placed_at")),
                open_by_deadline: Arc::new(views.index("open_shard", "deadline")),
            })
        }
        route if route.contains("/stock") => {
            let table = Arc::new(Memory::default());
            Arc::new(inventory::ManageStock { counters: table.clone(), documents: table, clock: clock() })
        }
        route if route.contains("/products") => {
            let table = Arc::new(Memory::default());
            Arc::new(catalog::ManageProducts { store: table.clone(), documents: table, clock: clock() })
        }
        route if route.contains("/shipments") => {
            let table = Arc::new(tables::shipment_requested().await);
            Arc::new(shipping::ManageShipments { store: table.clone(), documents: table, clock: clock() })
        }
        _ => return None,
    })
}
