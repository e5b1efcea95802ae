//! Any event of the gateway gets an answer or a client error, never a 5xx or a panic.

use crate::{clock, run, tables};
use event_store::Memory;
use runtime::http::{Endpoint, Server, parse_sample};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// The bytes are an event as the platform hands it to a function. The function is that of the event's route.
pub fn requests(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    // The platform hands over nothing but JSON.
    let Ok(event) = parse_sample(text) else { return false };
    let route = serde_json::from_str(text).map(|event: Value| event["requestContext"]["routeKey"].clone());
    let route = route.ok().and_then(|route| route.as_str().map(str::to_owned)).unwrap_or_default();
    let (table, endpoint) = run(endpoint(&route));
    let server = Server { access: Some(testkit::access()), limiter: None, endpoint };
    let status = run(server.serve(event)).status().as_u16();
    assert!((200..500).contains(&status), "{route} answers {status}");
    for event in table.all_events() {
        let text = serde_json::to_string(&event).expect("an event is JSON");
        assert!(!text.contains(['\u{fffe}', '\u{ffff}']), "no topic accepts {text}");
    }
    status < 300
}

/// The function of a route, and the table that it writes. Without a known route it is that of `GET /orders`.
async fn endpoint(route: &str) -> (Arc<Memory>, Arc<dyn Endpoint>) {
    let table = Arc::new(match route {
        "POST /orders/{order_id}/refunds" => tables::paid().await,
        route if route.contains("/shipments") => tables::shipment_requested().await,
        route if route.contains("/stock") || route.contains("/products") => Memory::default(),
        _ => tables::orders().await,
    });
    let (store, documents) = (table.clone(), table.clone());
    let endpoint: Arc<dyn Endpoint> = match route {
        "POST /orders" => {
            let (pay_within, senders) = (Duration::from_mins(30), webhooks::Senders::default());
            let pay_offline_within = pay_within;
            Arc::new(orders::PlaceOrder {
                store,
                documents,
                clock: clock(),
                pay_within,
                pay_offline_within,
                senders,
            })
        }
        "POST /orders/search" => {
            let views = Arc::new(Memory::default());
            let key = Arc::new(testkit::FixedSecrets::one("key"));
            Arc::new(orders::SearchOrders {
                views: views.clone(),
                partitions: Arc::new(views.index("pk", "sk")),
                by_attention: Arc::new(views.index("attention", "sk")),
                email_key: orders::EmailKey::new(key, "search-key".to_owned()),
            })
        }
        "POST /orders/{order_id}/cancel" => Arc::new(orders::CancelOrder { store, clock: clock() }),
        "POST /orders/{order_id}/refunds" => Arc::new(payments::RequestRefund { store, clock: clock() }),
        route if route.contains("/stock") => {
            Arc::new(inventory::ManageStock { counters: store, documents, clock: clock() })
        }
        route if route.contains("/products") => {
            Arc::new(catalog::ManageProducts { store, documents, clock: clock() })
        }
        route if route.contains("/shipments") => {
            Arc::new(shipping::ManageShipments { store, documents, clock: clock() })
        }
        _ => {
            let views = Arc::new(Memory::default());
            Arc::new(orders::GetOrder {
                store,
                by_customer: Arc::new(views.index("pk", "sk")),
                open_by_deadline: Arc::new(views.index("open_shard", "deadline")),
            })
        }
    };
    (table, endpoint)
}
