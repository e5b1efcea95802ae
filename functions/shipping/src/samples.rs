//! The sample invocations under `events/` are what they say: each is accepted by its function.

use crate::scene::{Scene, WEBHOOK_SECRET, cancel};
use async_trait::async_trait;
use events::{OrderId, Provider};
use outbound::{DeadLetter, Queue, QueueError};
use runtime::http::{Access, Server, parse_sample};
use runtime::queue::Worker;
use runtime::stream::StreamWorker;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The order that the samples speak of.
fn order() -> OrderId {
    OrderId::try_from("0123456789abcdef0123456789abcdef").unwrap()
}

/// The samples of a function, by case.
fn samples(function: &str) -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events").join(function);
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let case = path.file_stem().unwrap().to_string_lossy().into_owned();
            (case, std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

/// A queue into which nothing may be put.
struct Unused;

#[async_trait]
impl Queue for Unused {
    async fn put_off(&self, _: &str, _: Duration) -> Result<(), QueueError> {
        panic!("a sample is not put off");
    }

    async fn set_aside(&self, letter: &DeadLetter) -> Result<(), QueueError> {
        panic!("a sample is not set aside: {}", letter.reason);
    }
}

async fn status(server: &Server, sample: &str) -> u16 {
    server.serve(parse_sample(sample).unwrap()).await.status().as_u16()
}

#[tokio::test]
async fn ship_order_handles_its_samples() {
    let samples = samples("ship-order");
    assert_eq!(samples.len(), 8, "one for each event that it is subscribed to");
    for case in samples.keys() {
        let scene = Scene::with(Provider::Easypost);
        let worker = Worker {
            function: "ship-order",
            queue: Arc::new(Unused),
            clock: scene.clock.clone(),
            give_up_after: Duration::from_mins(1),
            consumer: Arc::new(scene.ship()),
        };
        for case in ["order-placed", case] {
            let response = worker.work(serde_json::from_str(&samples[case]).unwrap()).await;
            assert!(response.batch_item_failures.is_empty(), "{case}");
        }
    }
}

#[tokio::test]
async fn manage_shipments_answers_its_samples() {
    let samples = samples("manage-shipments");
    let before = |case: &str| matches!(case, "deliver" | "return").then(|| samples["dispatch"].as_str());
    for (case, sample) in &samples {
        let is_about_a_label = case == "void";
        let scene = Scene::with(if is_about_a_label { Provider::Easypost } else { Provider::Warehouse });
        scene.begin(&order()).await;
        if is_about_a_label {
            scene.carrier.set_rejects_refunds(true);
            scene.consume(&order(), cancel()).await.unwrap();
            scene.run().await;
        }
        let access = Access {
            admin_group: "admin".to_owned(),
            groups_claim: "cognito:groups".to_owned(),
            token_use: Some("access".to_owned()),
        };
        let server = Server { access: Some(access), limiter: None, endpoint: Arc::new(scene.manage()) };
        if let Some(first) = before(case) {
            assert_eq!(status(&server, first).await, 202);
        }
        let expected = if matches!(case.as_str(), "get" | "list") { 200 } else { 202 };
        assert_eq!(status(&server, sample).await, expected, "{case}");
    }
}

/// The sample is signed with `whsec_sample`; `carrier-webhook` takes it where that is the secret.
#[tokio::test]
async fn carrier_webhook_keeps_its_sample() {
    assert_eq!(WEBHOOK_SECRET, "whsec_sample");
    for (case, sample) in samples("carrier-webhook") {
        let server = Server::open(Scene::with(Provider::Easypost).webhook());
        assert_eq!(status(&server, &sample).await, 200, "{case}");
    }
}

#[tokio::test]
async fn apply_carrier_event_reads_its_samples() {
    let scene = Scene::with(Provider::Easypost);
    let worker = StreamWorker {
        function: "apply-carrier-event",
        queue: Arc::new(Unused),
        reader: Arc::new(scene.apply()),
    };
    let server = Server::open(scene.webhook());
    assert_eq!(status(&server, &samples("carrier-webhook")["tracker-updated"]).await, 200);
    scene.begin(&order()).await;
    for (case, sample) in samples("apply-carrier-event") {
        assert_eq!(worker.work(serde_json::from_str(&sample).unwrap()).await, Ok(()), "{case}");
    }
    assert_eq!(scene.said(&order()).await[2..], ["Shipped", "ShipmentTracked", "ShipmentTracked"]);
}
