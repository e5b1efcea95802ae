//! Whose word is kept, where, and whose is not.

use crate::StandardWebhook;
use event_store::Memory;
use outbound::Secret;
use resilience::FixedClock;
use runtime::http::{Endpoint as _, Problem, Reply, Request};
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::{FixedSecrets, RequestBuilder as _, SENDER_SECRET, now, request};
use webhooks::StandardWebhooks;

struct World {
    payments: Arc<Memory>,
    parcels: Arc<Memory>,
}

impl World {
    fn new() -> Self {
        Self { payments: Arc::default(), parcels: Arc::default() }
    }

    async fn receive(&self, request: Request) -> Result<Reply, Problem> {
        let step = StandardWebhook {
            senders: "bank:payments,courier:parcels,erp:payments+parcels".parse().unwrap(),
            payments: self.payments.clone(),
            parcels: self.parcels.clone(),
            secrets: Arc::new(FixedSecrets::one(SENDER_SECRET)),
            secret_prefix: "shop/standard-webhook/".to_owned(),
            clock: Arc::new(FixedClock::at(now())),
        };
        step.answer(request).await
    }

    fn kept(&self) -> (Vec<String>, Vec<String>) {
        let names = |table: &Memory| table.all_documents().into_iter().map(|(key, _)| key.pk).collect();
        (names(&self.payments), names(&self.parcels))
    }
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
async fn each_type_goes_once_to_the_inbox_of_the_service_whose_business_it_is() {
    let world = World::new();
    for (source, id, event_type) in [
        ("bank", "msg_1", "payment.received"),
        ("bank", "msg_1", "payment.received"),
        ("courier", "msg_1", "parcel.tracked"),
        ("erp", "msg_2", "parcel.delivered"),
        ("courier", "msg_3", "invoice.created"),
    ] {
        let reply = world.receive(signed(source, id, &body(event_type))).await.unwrap();
        assert_eq!((reply.status, reply.body.as_str()), (200, r#"{"received":true}"#));
    }
    let payments = vec!["webhook#standard-payments#bank.msg_1".to_owned()];
    let parcels = ["courier.msg_1", "courier.msg_3", "erp.msg_2"];
    let parcels = parcels.map(|event| format!("webhook#standard-parcels#{event}")).to_vec();
    assert_eq!(world.kept(), (payments, parcels));
}

#[tokio::test]
async fn what_is_refused_leaves_nothing_behind() {
    let world = World::new();
    let mut tampered = signed("bank", "msg_1", &body("payment.received"));
    tampered.body.push(b' ');
    let mut unsigned = request("POST /webhooks/standard/{source}").path("source", "bank");
    unsigned.body = body("payment.received");
    for (request, status, kind) in [
        (signed("nobody", "msg_1", &body("payment.received")), 404, "not-found"),
        (signed("courier", "msg_1", &body("payment.received")), 403, "forbidden"),
        (tampered, 400, "bad-signature"),
        (unsigned, 400, "bad-signature"),
        (signed("bank", "msg#1", &body("payment.received")), 400, "bad-request"),
        (signed("bank", "msg_1", b"[]"), 400, "bad-request"),
        (signed("bank", "msg_1", b"{\"data\":{}}"), 400, "bad-request"),
        (signed("bank", "msg_1", &vec![b' '; 262_145]), 413, "too-large"),
    ] {
        let problem = world.receive(request).await.unwrap_err();
        assert_eq!((problem.status, problem.kind), (status, kind));
    }
    assert_eq!(world.kept(), (Vec::new(), Vec::new()));
}
