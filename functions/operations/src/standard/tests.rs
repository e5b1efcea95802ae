//! Which webhooks are kept, in which inbox, and which are refused.

use crate::testing::World;
use event_store::Memory;
use outbound::Secret;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
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

/// Asks the inbox of the senders of payments.
async fn ask(world: &World, request: Request) -> Value {
    let inbox = world.inbox_of(&[("standard-payments", &world.payments)]);
    serde_json::from_str(&inbox.answer(request.by_admin()).await.unwrap().body).unwrap()
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

/// Every form of id that Standard Webhooks allows is kept, listed, shown and replayed, also if a client encodes it.
#[tokio::test]
async fn an_id_of_any_form_is_kept_and_found_again() {
    let long = "x".repeat(255);
    for id in [
        "urn:uuid:1b4e28ba-2fa1-11d2-883f-0016d3cca427",
        "a/b+c==",
        "https://bank.example/e?id=1&n=2",
        "a%2Fb",
        "100%",
        "~!@$^*(){}[]|;'\"<>,`\\",
        ".",
        &long,
    ] {
        let world = World::new();
        for _ in 0..2 {
            assert_eq!(
                receive(&world, signed("bank", id, &body("payment.received"))).await.unwrap().status,
                200,
                "{id}"
            );
        }
        assert_eq!(kept(&world).0, [format!("webhook#standard-payments#bank.{id}")]);
        let shown = format!("standard-payments:bank.{id}");
        let list = ask(&world, request("GET /webhooks/inbox")).await;
        assert_eq!(list["items"][0]["id"], shown);
        let encoded = utf8_percent_encode(&shown, NON_ALPHANUMERIC).to_string();
        for sent in [&shown, &encoded] {
            let one = |route: &str| request(route).path("id", sent);
            let page = ask(&world, one("GET /webhooks/inbox/{id}")).await;
            assert_eq!((&page["id"], &page["headers"]["webhook-id"]), (&json!(shown), &json!(id)), "{sent}");
            assert_eq!(ask(&world, one("POST /webhooks/inbox/{id}/replay")).await["id"], shown, "{sent}");
        }
    }
}

#[tokio::test]
async fn two_ids_that_differ_only_in_their_encoding_are_two_webhooks() {
    let world = World::new();
    for id in ["a/b", "a%2Fb"] {
        receive(&world, signed("bank", id, &body("payment.received"))).await.unwrap();
    }
    for id in ["standard-payments:bank.a/b", "standard-payments:bank.a%2Fb"] {
        let page = ask(&world, request("GET /webhooks/inbox/{id}").path("id", id)).await;
        assert_eq!(page["id"], id);
    }
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
        (signed("bank", "msg 1", &body("payment.received")), 400, "bad-request"),
        (signed("bank", &"x".repeat(256), &body("payment.received")), 400, "bad-request"),
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
