//! The sample invocations under `events/` are what the platform sends, and every function accepts its own.

use crate::testing::{SECRET, STACK, World};
use crate::{ApplyStripeEvent, GetPayment, StripeWebhook, TakePayment};
use event_store::{EventStore, StreamId};
use events::{Envelope, PaymentsEvent, ServiceEvent};
use runtime::http::{Access, Server, parse_sample};
use runtime::queue::Worker;
use runtime::stream::{Batch, StreamWorker};
use std::sync::Arc;
use testkit::{FixedSecrets, MemoryQueue};

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!("../../../events/", $name, ".json"))
    };
}

/// Runs one sample of `take-payment`; none of its messages comes back or is set aside.
async fn take(world: &World, sample: &str) {
    let queue = Arc::new(MemoryQueue::default());
    let consumer: TakePayment = world.take_payment();
    let worker = Worker {
        function: "take-payment",
        queue: queue.clone(),
        clock: world.clock.clone(),
        give_up_after: std::time::Duration::from_hours(96),
        consumer: Arc::new(consumer),
    };
    let response = worker.work(serde_json::from_str(sample).unwrap()).await;
    assert!(response.batch_item_failures.is_empty());
    assert_eq!(queue.dead_letters(), []);
}

/// Runs one sample of `apply-stripe-event`; nothing is set aside.
async fn apply(world: &World, sample: &str) {
    let queue = Arc::new(MemoryQueue::default());
    let reader: ApplyStripeEvent = world.apply_stripe_event();
    let worker =
        StreamWorker { function: "apply-stripe-event", queue: queue.clone(), reader: Arc::new(reader) };
    let batch: Batch = serde_json::from_str(sample).unwrap();
    worker.work(batch).await.unwrap();
    assert_eq!(queue.dead_letters(), []);
}

/// Puts the event of a stream's sample into the table, as if it had been appended there.
async fn write(world: &World, sample: &str) {
    let records: serde_json::Value = serde_json::from_str(sample).unwrap();
    let event = records["Records"][0]["dynamodb"]["NewImage"]["event"]["S"].as_str().unwrap();
    let envelope: Envelope = serde_json::from_str(event).unwrap();
    PaymentsEvent::read(&envelope).unwrap();
    world.table.append(&StreamId::of(&envelope).unwrap(), &envelope).await.unwrap();
}

#[tokio::test]
async fn take_payment_accepts_its_samples() {
    let world = World::new();
    take(&world, sample!("take-payment/order-placed")).await;
    world.work().await;
    for sample in [
        sample!("take-payment/payment-requested"),
        sample!("take-payment/out-of-stock"),
        sample!("take-payment/refund-requested"),
        sample!("take-payment/shipment-cancelled"),
        sample!("take-payment/payment-cancellation-requested"),
        sample!("take-payment/order-expired"),
    ] {
        take(&world, sample).await;
    }
    let expected = ["PaymentRequested", "OrderPaid", "RefundRequested", "PaymentRefunded", "RefundRequested"];
    assert_eq!(world.types(), expected);
}

#[tokio::test]
async fn apply_stripe_event_accepts_its_samples_in_either_order() {
    let world = World::new();
    write(&world, sample!("apply-stripe-event/payment-requested")).await;
    apply(&world, sample!("apply-stripe-event/payment-intent-succeeded")).await;
    apply(&world, sample!("apply-stripe-event/payment-requested")).await;
    assert_eq!(world.types(), ["PaymentRequested", "OrderPaid"]);
}

#[tokio::test]
async fn stripe_webhook_accepts_its_samples() {
    let world = World::new();
    let endpoint: StripeWebhook = world.stripe_webhook(Arc::new(FixedSecrets::one(SECRET)));
    let server = Server::open(endpoint);
    for sample in
        [sample!("stripe-webhook/payment-intent-succeeded"), sample!("stripe-webhook/base64-encoded")]
    {
        assert_eq!(server.serve(parse_sample(sample).unwrap()).await.status(), 200);
    }
    assert_eq!(world.table.all_documents().len(), 1, "the same event twice");
}

#[tokio::test]
async fn request_refund_accepts_its_samples() {
    let world = World::new();
    take(&world, sample!("take-payment/order-placed")).await;
    world.work().await;
    let access = Access {
        admin_group: "admin".to_owned(),
        groups_claim: "cognito:groups".to_owned(),
        token_use: Some("access".to_owned()),
    };
    let server = Server { access: Some(access), limiter: None, endpoint: Arc::new(world.request_refund()) };
    let status = async |sample| server.serve(parse_sample(sample).unwrap()).await.status();
    assert_eq!(status(sample!("request-refund/goodwill")).await, 202);
    assert_eq!(status(sample!("request-refund/retry")).await, 404, "that one was never asked for here");
}

#[tokio::test]
async fn get_payment_accepts_its_sample() {
    let world = World::new();
    write(&world, sample!("apply-stripe-event/payment-requested")).await;
    let access = Access {
        admin_group: "admin".to_owned(),
        groups_claim: "cognito:groups".to_owned(),
        token_use: Some("access".to_owned()),
    };
    let endpoint: GetPayment = world.get_payment();
    let server = Server { access: Some(access), limiter: None, endpoint: Arc::new(endpoint) };
    assert_eq!(server.serve(parse_sample(sample!("get-payment/owner")).unwrap()).await.status(), 200);
    assert_eq!(STACK, "conveyor", "the samples' metadata name it");
}
