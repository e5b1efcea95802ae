//! Any body that another system might sign: kept as it came or refused, applied once, and never to more than was asked for.

use crate::{SECRET, clock, inbox_item, is_kept, records, scene, wait};
use event_store::{EventStore, Memory, StreamId};
use operations::StandardWebhook;
use outbound::Secret;
use payments::{ApplyStripeEvent, Payment};
use runtime::http::Endpoint as _;
use runtime::stream::Reader;
use shipping::ApplyCarrierEvent;
use std::sync::Arc;
use testkit::{FixedSecrets, RequestBuilder as _, order_id, placed, request};

/// The bytes are the body of a webhook, well signed by a system that is believed about everything.
pub fn standard_events(data: &[u8]) -> bool {
    wait(async {
        let (payments, parcels) = (Arc::new(scene::asked_elsewhere().await), Arc::new(scene::sent().await));
        let before = (payments.stream_length(), parcels.stream_length());
        let receiver = StandardWebhook {
            senders: "erp:payments+parcels".parse().expect("a list of senders"),
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
            .header("webhook-signature", &signature.expect("the secret is sound"));
        webhook.body = data.to_vec();
        let answer = receiver.answer(webhook).await;
        let item = inbox_item(&payments).or_else(|| inbox_item(&parcels));
        if !is_kept(answer, item, data) {
            return false;
        }
        let money = ApplyStripeEvent {
            store: payments.clone(),
            documents: payments.clone(),
            clock: clock(),
            stack: "fuzz".to_owned(),
        };
        let way = ApplyCarrierEvent { store: parcels.clone(), documents: parcels.clone(), clock: clock() };
        let told =
            apply_twice(&money, &payments, before.0).await + apply_twice(&way, &parcels, before.1).await;
        let store: &dyn EventStore = &*payments;
        let payment = store.history::<Payment>(&StreamId::order(&order_id(1))).await;
        let payment = payment.expect("what was written reads back").state;
        assert!(payment.ledger.captured() <= placed().total, "more counts as paid than was asked for");
        told > 0
    })
}

/// How many events it led to.
async fn apply_twice(reader: &dyn Reader, table: &Memory, before: usize) -> usize {
    let known = table.all_events().len();
    reader.read(records(table, before)).await.expect("a table in memory does not fail");
    let once = table.all_events();
    reader.read(records(table, before)).await.expect("a table in memory does not fail");
    assert_eq!(table.all_events(), once, "applied again, it says more");
    once.len() - known
}
