//! Any body that Stripe might sign: kept as it came or refused, applied once, and no more is paid than was asked for.

use crate::{SECRET, clock, inbox_item, is_kept, records, scene, wait};
use event_store::{EventStore, StreamId};
use outbound::Secret;
use payments::{ApplyStripeEvent, Payment, StripeWebhook};
use runtime::http::Endpoint as _;
use runtime::stream::Reader as _;
use std::sync::Arc;
use testkit::{FixedSecrets, RequestBuilder as _, order_id, placed, request};

/// The bytes are the body of a webhook, well signed.
pub fn stripe_events(data: &[u8]) -> bool {
    wait(async {
        let table = Arc::new(scene::asked().await);
        let before = table.stream_length();
        let receiver = StripeWebhook {
            documents: table.clone(),
            clock: clock(),
            secrets: Arc::new(FixedSecrets::one(SECRET)),
            secret: "stripe".to_owned(),
            livemode: false,
        };
        let signature = webhooks::Stripe::sign(data, &Secret::new(SECRET), testkit::now());
        let mut webhook = request("POST /webhooks/stripe").header("stripe-signature", &signature);
        webhook.body = data.to_vec();
        let answer = receiver.answer(webhook.clone()).await;
        let item = inbox_item(&table);
        if !is_kept(answer, item, data) {
            return false;
        }
        let reader = ApplyStripeEvent {
            store: table.clone(),
            documents: table.clone(),
            clock: clock(),
            stack: "fuzz".to_owned(),
        };
        // A refund made elsewhere is asked for by the first delivery and settled by the next, or by the message of the
        // request. After that there is nothing left to say.
        for _ in 0..2 {
            reader.read(records(&table, before)).await.expect("a table in memory does not fail");
        }
        let told = table.all_events();
        reader.read(records(&table, before)).await.expect("a table in memory does not fail");
        assert_eq!(table.all_events(), told, "applied again, it says more");
        let stream = StreamId::order(&order_id(1));
        let payment = <dyn EventStore>::history::<Payment>(&*table, &stream)
            .await
            .expect("what was written reads back")
            .state;
        let captured = payment.ledger.captured();
        assert!(captured <= placed().total, "more counts as paid than was asked for");
        told.len() > 1
    })
}
