//! Any body that Stripe may sign is stored unchanged or refused, has its effect once, and never pays more than was
//! requested.

use crate::{SECRET, clock, inbox_item, is_stored, read_new, run, tables};
use event_store::{EventStore, StreamId};
use outbound::Secret;
use payments::{ApplyStripeEvent, Payment, StripeWebhook};
use runtime::http::Endpoint as _;
use std::sync::Arc;
use testkit::{FixedSecrets, RequestBuilder as _, order_id, placed, request};

/// The bytes are the body of a webhook with a valid signature.
pub fn stripe_events(data: &[u8]) -> bool {
    run(async {
        let table = Arc::new(tables::payment_requested().await);
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
        if !is_stored(answer, item, data) {
            return false;
        }
        let reader = ApplyStripeEvent {
            store: table.clone(),
            documents: table.clone(),
            clock: clock(),
            stack: "fuzz".to_owned(),
        };
        // A refund that was made at Stripe is recorded by the first delivery, and settled by the next one or by the
        // message of `RefundRequested`. After that a repeat has no further effect.
        for _ in 0..2 {
            read_new(&reader, &table, before).await;
        }
        let once = table.all_events();
        read_new(&reader, &table, before).await;
        assert_eq!(table.all_events(), once, "a repeat has a further effect");
        let stream = StreamId::order(&order_id(1));
        let payment = <dyn EventStore>::history::<Payment>(&*table, &stream)
            .await
            .expect("a written stream can be read back")
            .state;
        let captured = payment.ledger.captured();
        assert!(captured <= placed().total, "more is captured than was requested");
        once.len() > 1
    })
}
