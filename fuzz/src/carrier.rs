//! Any body that the carrier may sign is stored unchanged or refused, and has its effect once.

use crate::{SECRET, clock, inbox_item, is_stored, read_new, run, tables};
use outbound::Secret;
use runtime::http::Endpoint as _;
use shipping::{ApplyCarrierEvent, CarrierWebhook};
use std::sync::Arc;
use testkit::{FixedSecrets, RequestBuilder as _, request};

/// The bytes are the body of a webhook with a valid signature.
pub fn carrier_events(data: &[u8]) -> bool {
    run(async {
        let table = Arc::new(tables::shipped().await);
        let before = table.stream_length();
        let receiver = CarrierWebhook {
            documents: table.clone(),
            secrets: Arc::new(FixedSecrets::one(SECRET)),
            secret_name: "easypost".to_owned(),
            clock: clock(),
        };
        let signature = webhooks::EasyPost::sign(data, &Secret::new(SECRET));
        let mut webhook = request("POST /webhooks/easypost").header("x-hmac-signature", &signature);
        webhook.body = data.to_vec();
        let answer = receiver.answer(webhook).await;
        let item = inbox_item(&table);
        if !is_stored(answer, item, data) {
            return false;
        }
        let reader = ApplyCarrierEvent { store: table.clone(), documents: table.clone(), clock: clock() };
        read_new(&reader, &table, before).await;
        let once = table.all_events();
        read_new(&reader, &table, before).await;
        assert_eq!(table.all_events(), once, "a repeat has a further effect");
        once.len() > 2
    })
}
