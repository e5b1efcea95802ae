//! Which webhooks are kept, in which inbox, and which are refused.

use crate::testing::World;
use event_store::Memory;
use outbound::Secret;
use runtime::http::{Endpoint as _, Problem, Reply, Request};
use serde_json::{Value, json};
use testkit::{RequestBuilder as _, SENDER_SECRET, now, request};
use webhooks::StandardWebhooks;

async fn receive(world: &World, request: Request) -> Result<Reply, Problem> {
    world.standard_webhook().answer(request).await
}

/// The partition keys in the tables of payments and shipping.
fn kept(world: &World) -> (Vec<String>, Vec<String>) {
    let keys = |table: &Memory| table.all_documents().into_iter().map(|(key, _)| key.pk).collect();
    (keys(&world.payments), keys(&world.shipping))
}

fn signed(source: &str, id: &str, body: &[u8]) -> Request {
    let signature = StandardWebhooks::sign(id, body, &Secret::new(SENDER_SECRET), now()).unwrap();
    let mut request = request("POST /webhooks/standard/{source}")
        .path("source", source)
        .header("webhook-id", id)
        .header("webhook-timestamp", &now().as_second().to_string())
        .header("webhook-signature", &signature);
    request.body = body.to_vec();
    request
}

fn body(event_type: &str) -> Vec<u8> {
    let body: Value = json!({"type": event_type, "timestamp": "2026-01-02T03:04:05Z", "data": {}});
    body.to_string().into_bytes()
}

#[tokio::test]
async fn each_type_is_kept_once_in_the_inbox_of_its_service() {
    let world = World::new();
    for (source, id, event_type) in [
        ("bank", "msg_1", "payment.received"),
        ("bank", "msg_1", "payment.received"),
        ("courier", "msg_1", "parcel.tracked"),
        ("erp", "msg_2", "parcel.delivered"),
        ("courier", "msg_3", "invoice.created"),
    ] {
        let reply = receive(&world, signed(source, id, &body(event_type))).await.unwrap();
        assert_eq!((reply.status, reply.body.as_str()), (200, r#"{"received":true}"#));
    }
    let payments = vec!["webhook#standard-payments#bank.msg_1".to_owned()];
    let parcels = ["courier.msg_1", "courier.msg_3", "erp.msg_2"];
    let parcels = parcels.map(|event| format!("webhook#standard-parcels#{event}")).to_vec();
    assert_eq!(kept(&world), (payments, parcels));
}

#[tokio::test]
async fn a_refused_webhook_writes_nothing() {
    let world = World::new();
    let mut tampered = signed("bank", "msg_1", &body("payment.received"));
    tampered.body.push(b' ');
    let mut unsigned = request("POST /webhooks/standard/{source}").path("source", "bank");
    unsigned.body = body("payment.received");
    for (request, status, kind) in [
        (signed("unknown", "msg_1", &body("payment.received")), 404, "not-found"),
        (signed("courier", "msg_1", &body("payment.received")), 403, "forbidden"),
        (tampered, 400, "bad-signature"),
        (unsigned, 400, "bad-signature"),
        (signed("bank", "msg#1", &body("payment.received")), 400, "bad-request"),
        (signed("bank", "msg_1", b"[]"), 400, "bad-request"),
        (signed("bank", "msg_1", b"{\"data\":{}}"), 400, "bad-request"),
        (signed("bank", "msg_1", &vec![b' '; 262_145]), 413, "too-large"),
    ] {
        let problem = receive(&world, request).await.unwrap_err();
        assert_eq!((problem.status, problem.kind), (status, kind));
    }
    assert_eq!(kept(&world), (Vec::new(), Vec::new()));
}

#[tokio::test]
async fn a_couriers_report_on_another_carriers_parcel_is_refused() {
    let world = World::new();
    let scan = |carrier: &str| {
        let data = json!({"carrier": carrier, "tracking_code": "1", "status": "in_transit"});
        json!({"type": "parcel.tracked", "timestamp": "2026-01-02T03:04:05Z", "data": data})
            .to_string()
            .into_bytes()
    };
    for (id, source, carrier, status) in [
        ("m1", "courier", "DHLExpress", 200),
        ("m2", "courier", "ALPINE PARCEL", 200),
        ("m3", "courier", "UPS", 403),
        ("m4", "courier", "courier", 403),
        ("m5", "courier", "", 403),
        ("m6", "erp", "ERP", 200),
        ("m7", "erp", "DHL", 403),
    ] {
        let answer = receive(&world, signed(source, id, &scan(carrier))).await;
        let got = answer.map_or_else(|problem| problem.status, |reply| reply.status);
        assert_eq!(got, status, "{source} {carrier}");
    }
    assert_eq!(kept(&world).1.len(), 3);
}
