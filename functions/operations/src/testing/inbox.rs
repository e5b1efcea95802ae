//! Webhooks in the inbox, and requests to `webhook-inbox`.

use super::World;
use event_store::{Documents as _, Memory};
use events::EventId;
use http::HeaderMap;
use outbound::Secret;
use resilience::Clock as _;
use runtime::http::{Endpoint as _, Problem, Request};
use serde_json::Value;
use std::time::Duration;
use testkit::{RequestBuilder as _, request};
use webhooks::inbox::verdict::{Verdict, conclude};
use webhooks::inbox::{self, NewItem, ReceivedBy};
use webhooks::{EventName, Stripe, verify};

impl World {
    /// Six webhooks of both sources, at least one of each status.
    pub(crate) async fn with_webhooks() -> Self {
        let world = Self::new();
        let failed = || Verdict::Failed { reason: "the amount is another".to_owned() };
        world.receive("stripe", "evt_1", "payment_intent.succeeded", Some(applied())).await;
        world.receive("easypost", "evt_2", "tracker.updated", Some(Verdict::AlreadyKnown)).await;
        world.receive("stripe", "evt_3", "customer.created", Some(ignored())).await;
        world.receive("easypost", "evt_4", "tracker.updated", None).await;
        let parked = Verdict::Parked { key: "intent#pi_1".to_owned() };
        world.receive("stripe", "evt_5", "payment_intent.succeeded", Some(parked)).await;
        world.receive("stripe", "evt_6", "payment_intent.succeeded", Some(failed())).await;
        world
    }

    fn table(&self, source: &str) -> &Memory {
        if source == "stripe" { &self.payments } else { &self.shipping }
    }

    /// Receives a webhook, one second after the one before.
    pub(crate) async fn receive(
        &self,
        source: &str,
        event_id: &str,
        event_type: &str,
        verdict: Option<Verdict>,
    ) {
        self.receive_bytes(source, event_id, event_type, br#"{"z": 1.0, "a": "b"}"#).await;
        if let Some(verdict) = verdict {
            self.conclude(source, event_id, verdict).await;
        }
    }

    /// Receives a webhook with this body, one second after the one before.
    pub(crate) async fn receive_body(&self, source: &str, event_id: &str, body: &str) {
        self.receive_bytes(source, event_id, "any", body.as_bytes()).await;
    }

    async fn receive_bytes(&self, source: &str, event_id: &str, event_type: &str, body: &[u8]) {
        self.clock.advance(Duration::from_secs(1));
        let (secret, now) = (Secret::new("whsec"), self.clock.now());
        let mut headers = HeaderMap::new();
        headers.insert("user-agent", "Stripe/1.0".parse().unwrap());
        headers.insert("authorization", "Bearer secret".parse().unwrap());
        headers.insert("stripe-signature", Stripe::sign(body, &secret, now).parse().unwrap());
        let body = verify(&Stripe, &headers, body, &[secret], now).unwrap();
        let name = EventName { id: event_id.to_owned(), event_type: event_type.to_owned() };
        let item = NewItem {
            source,
            by: ReceivedBy::Delivery,
            name: &name,
            headers: &headers,
            cause: &testkit::cause(),
        };
        inbox::keep(self.table(source), &item, &body, now).await.unwrap();
    }

    pub(crate) async fn conclude(&self, source: &str, event_id: &str, verdict: Verdict) {
        let key = inbox::key(source, event_id);
        let document = self.table(source).get(&key).await.unwrap().unwrap();
        let (arrival, _) = inbox::open(&document, &key).unwrap();
        conclude(self.table(source), source, &arrival, verdict).await.unwrap();
    }

    pub(crate) async fn ask_inbox(&self, request: Request) -> Result<(u16, Value), Problem> {
        let reply = self.inbox().answer(request).await?;
        Ok((reply.status, serde_json::from_str(&reply.body).unwrap()))
    }

    pub(crate) async fn webhooks(&self, query: &[(&str, &str)]) -> Value {
        let ask = query
            .iter()
            .fold(request("GET /webhooks/inbox").by_admin(), |ask, (name, value)| ask.query(name, value));
        let (status, list) = self.ask_inbox(ask).await.unwrap();
        assert_eq!(status, 200);
        list
    }

    /// The ids of the whole list, read page by page.
    pub(crate) async fn webhook_ids(&self, query: &[(&str, &str)]) -> Vec<String> {
        let (mut ids, mut next) = (Vec::new(), None::<String>);
        for _ in 0..50 {
            let query: Vec<(&str, &str)> =
                query.iter().copied().chain(next.as_deref().map(|cursor| ("cursor", cursor))).collect();
            let list = self.webhooks(&query).await;
            let items = list["items"].as_array().unwrap();
            ids.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
            match list["next"].as_str() {
                Some(cursor) => next = Some(cursor.to_owned()),
                None => return ids,
            }
        }
        panic!("the list has no end: {ids:?}");
    }

    pub(crate) async fn show(&self, id: &str) -> Result<(u16, Value), Problem> {
        self.ask_inbox(request("GET /webhooks/inbox/{id}").by_admin().path("id", id)).await
    }

    pub(crate) async fn replay(&self, id: &str) -> Result<(u16, Value), Problem> {
        self.ask_inbox(request("POST /webhooks/inbox/{id}/replay").by_admin().path("id", id)).await
    }
}

pub(crate) fn applied() -> Verdict {
    Verdict::Applied { led_to: vec![EventId::try_from("payments/x/2").unwrap()] }
}

pub(crate) fn ignored() -> Verdict {
    Verdict::Ignored { reason: "it says nothing that matters here".to_owned() }
}
