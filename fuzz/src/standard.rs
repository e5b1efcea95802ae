//! Any body that a sender of Standard Webhooks may sign is stored unchanged or refused, has its effect once, and never pays
//! more than was requested.

use crate::{SECRET, clock, inbox_item, is_stored, read_new, run, tables};
use event_store::{EventStore, Memory, StreamId};
use operations::StandardWebhook;
use outbound::Secret;
use payments::{ApplyStripeEvent, Payment};
use runtime::http::Endpoint as _;
use runtime::stream::Reader;
use shipping::ApplyCarrierEvent;
use std::sync::Arc;
use testkit::{FixedSecrets, RequestBuilder as _, order_id, placed, request};

/// The bytes are the body of a webhook with a valid signature of a sender for all topics.
pub fn standard_events(data: &[u8]) -> bool {
    run(async {
        let (payments, parcels) =
            (Arc::new(tables::offline_payment_requested().await), Arc::new(tables::shipped().await));
        let before = (payments.stream_length(), parcels.stream_length());
        let receiver = StandardWebhook {
            senders: "erp:payments+parcels=*".parse().expect("a list of senders"),
            payments: payments.clone(),
            parcels: parcels.clone(),
            secrets: Arc::new(FixedSecrets::one(SECRET)),
            secret_prefix: String::new(),
            clock: clock(),
        };
        let now = testkit::now();
        let signature = webhooks::StandardWebhooks::sign("msg_1", data, &Secret::new(SECRET), now);
        let mut webhook = request("POST /webhooks/standard/{source}")
            .path("source", "erp")
            .header("webhook-id", "msg_1")
            .header("webhook-timestamp", &now.as_second().to_string())
            .header("webhook-signature", &signature.expect("the secret is valid"));
        webhook.body = data.to_vec();
        let answer = receiver.answer(webhook).await;
        let item = inbox_item(&payments).or_else(|| inbox_item(&parcels));
        if !is_stored(answer, item, data) {
            return false;
        }
        let money = ApplyStripeEvent {
            store: payments.clone(),
            documents: payments.clone(),
            clock: clock(),
            stack: "fuzz".to_owned(),
        };
        let tracking =
            ApplyCarrierEvent { store: parcels.clone(), documents: parcels.clone(), clock: clock() };
        let emitted =
            apply_twice(&money, &payments, before.0).await + apply_twice(&tracking, &parcels, before.1).await;
        let store: &dyn EventStore = &*payments;
        let payment = store.history::<Payment>(&StreamId::order(&order_id(1))).await;
        let payment = payment.expect("a written stream can be read back").state;
        assert!(payment.ledger.captured() <= placed().total, "more is captured than was requested");
        emitted > 0
    })
}

/// Applies the new records twice. Returns how many events the first time emitted.
async fn apply_twice(reader: &dyn Reader, table: &Memory, before: usize) -> usize {
    let known = table.all_events().len();
    read_new(reader, table, before).await;
    let once = table.all_events();
    read_new(reader, table, before).await;
    assert_eq!(table.all_events(), once, "a repeat has a further effect");
    once.len() - known
}
