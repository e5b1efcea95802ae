//! The inbox as an admin meets it.

use crate::{Tray, WebhookInbox};
use async_trait::async_trait;
use event_store::{Documents as _, Memory, Page, Pages, Position, StoreError, Walk};
use events::EventId;
use http::HeaderMap;
use jiff::SignedDuration;
use outbound::Secret;
use resilience::{Clock as _, FixedClock};
use runtime::http::{Access, Endpoint as _, Problem, Request, Server, parse_sample};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use testkit::{RequestBuilder as _, customer, now, request};
use webhooks::inbox::verdict::{Verdict, conclude};
use webhooks::inbox::{self, NewItem, ReceivedBy, replay};
use webhooks::{Name, Stripe, verify};

/// Two services' tables, and what lies in them.
struct World {
    payments: Arc<Memory>,
    shipping: Arc<Memory>,
    clock: Arc<FixedClock>,
    pages_read: Arc<AtomicUsize>,
}

/// An index that keeps keys alone, and counts.
struct KeysOnly {
    table: Arc<Memory>,
    pages_read: Arc<AtomicUsize>,
}

#[async_trait]
impl Pages for KeysOnly {
    async fn page(
        &self,
        partition: &str,
        walk: Walk<'_>,
        limit: u32,
        position: Option<&Position>,
    ) -> Result<Page, StoreError> {
        self.pages_read.fetch_add(1, Ordering::Relaxed);
        let index = self.table.index(inbox::INDEX_ATTRIBUTE, inbox::ORDER_ATTRIBUTE);
        let mut page = index.page(partition, walk, limit, position).await?;
        for (_, document) in &mut page.documents {
            document.body = Value::Null;
        }
        Ok(page)
    }
}

impl World {
    fn new() -> Self {
        Self {
            payments: Arc::default(),
            shipping: Arc::default(),
            clock: Arc::new(FixedClock::at(now())),
            pages_read: Arc::default(),
        }
    }

    fn step(&self) -> WebhookInbox {
        let tray = |source, table: &Arc<Memory>| Tray {
            source,
            documents: table.clone(),
            index: Arc::new(KeysOnly { table: table.clone(), pages_read: self.pages_read.clone() }),
        };
        WebhookInbox {
            trays: vec![tray("stripe", &self.payments), tray("easypost", &self.shipping)],
            clock: self.clock.clone(),
        }
    }

    fn table(&self, source: &str) -> &Memory {
        if source == "stripe" { &self.payments } else { &self.shipping }
    }

    /// A webhook comes, a second after the one before.
    async fn receive(&self, source: &str, event_id: &str, event_type: &str, verdict: Option<Verdict>) {
        self.clock.advance(Duration::from_secs(1));
        let (secret, now) = (Secret::new("whsec"), self.clock.now());
        let body = br#"{"z": 1.0, "a": "b"}"#;
        let mut headers = HeaderMap::new();
        headers.insert("user-agent", "Stripe/1.0".parse().unwrap());
        headers.insert("authorization", "Bearer secret".parse().unwrap());
        headers.insert("stripe-signature", Stripe::sign(body, &secret, now).parse().unwrap());
        let body = verify(&Stripe, &headers, body, &[secret], now).unwrap();
        let name = Name { id: event_id.to_owned(), event_type: event_type.to_owned() };
        let arriving = NewItem {
            source,
            by: ReceivedBy::Delivery,
            name: &name,
            headers: &headers,
            cause: &testkit::cause(),
        };
        inbox::keep(self.table(source), &arriving, &body, now).await.unwrap();
        if let Some(verdict) = verdict {
            self.conclude(source, event_id, verdict).await;
        }
    }

    async fn conclude(&self, source: &str, event_id: &str, verdict: Verdict) {
        let key = inbox::key(source, event_id);
        let document = self.table(source).get(&key).await.unwrap().unwrap();
        let (arrival, _) = inbox::open(&document, &key).unwrap();
        conclude(self.table(source), source, &arrival, verdict).await.unwrap();
    }

    async fn answer(&self, request: Request) -> Result<(u16, Value), Problem> {
        let reply = self.step().answer(request).await?;
        Ok((reply.status, serde_json::from_str(&reply.body).unwrap()))
    }

    async fn list(&self, query: &[(&str, &str)]) -> Value {
        let ask = query
            .iter()
            .fold(request("GET /webhooks/inbox").by_admin(), |ask, (name, value)| ask.query(name, value));
        let (status, list) = self.answer(ask).await.unwrap();
        assert_eq!(status, 200);
        list
    }

    /// The ids of the whole list, a page after the other.
    async fn ids(&self, query: &[(&str, &str)]) -> Vec<String> {
        let (mut ids, mut next) = (Vec::new(), None::<String>);
        for _ in 0..50 {
            let query: Vec<(&str, &str)> =
                query.iter().copied().chain(next.as_deref().map(|cursor| ("cursor", cursor))).collect();
            let list = self.list(&query).await;
            let items = list["items"].as_array().unwrap();
            ids.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
            match list["next"].as_str() {
                Some(cursor) => next = Some(cursor.to_owned()),
                None => return ids,
            }
        }
        panic!("the list has no end: {ids:?}");
    }

    async fn show(&self, id: &str) -> Result<(u16, Value), Problem> {
        self.answer(request("GET /webhooks/inbox/{id}").by_admin().path("id", id)).await
    }

    async fn replay(&self, id: &str) -> Result<(u16, Value), Problem> {
        self.answer(request("POST /webhooks/inbox/{id}/replay").by_admin().path("id", id)).await
    }
}

fn applied() -> Verdict {
    Verdict::Applied { led_to: vec![EventId::try_from("payments/x/2").unwrap()] }
}

fn ignored() -> Verdict {
    Verdict::Ignored { reason: "it says nothing that matters here".to_owned() }
}

/// Of both sources in turns, and of every status.
async fn filled() -> World {
    let world = World::new();
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

#[tokio::test]
async fn the_list_is_of_all_sources_newest_first_and_says_what_became_of_each() {
    let world = filled().await;
    let list = world.list(&[]).await;
    assert_eq!(list["next"], Value::Null);
    let shown: Vec<(&str, &str)> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["id"].as_str().unwrap(), item["status"].as_str().unwrap()))
        .collect();
    let expected = [
        ("stripe:evt_6", "failed"),
        ("stripe:evt_5", "parked"),
        ("easypost:evt_4", "received"),
        ("stripe:evt_3", "ignored"),
        ("easypost:evt_2", "already_known"),
        ("stripe:evt_1", "applied"),
    ];
    assert_eq!(shown, expected);
    assert_eq!(list["items"][0]["reason"], "the amount is another");
    assert_eq!(list["items"][1]["waits_under"], "intent#pi_1");
    assert_eq!(list["items"][5]["led_to"], json!(["payments/x/2"]));
    assert_eq!(list["items"][5]["type"], "payment_intent.succeeded");
}

#[tokio::test]
async fn a_list_is_the_same_however_it_is_cut_into_pages() {
    let world = filled().await;
    let whole = world.ids(&[]).await;
    assert_eq!(whole.len(), 6);
    for limit in ["1", "2", "3", "4", "5", "6", "7"] {
        assert_eq!(world.ids(&[("limit", limit)]).await, whole, "{limit}");
    }
}

#[tokio::test]
async fn it_can_be_narrowed_by_status_type_and_source() {
    let world = filled().await;
    for (query, expected) in [
        (vec![("status", "applied")], vec!["stripe:evt_1"]),
        (vec![("status", "received")], vec!["easypost:evt_4"]),
        (vec![("status", "already_known")], vec!["easypost:evt_2"]),
        (vec![("type", "customer.created")], vec!["stripe:evt_3"]),
        (vec![("source", "easypost")], vec!["easypost:evt_4", "easypost:evt_2"]),
        (vec![("source", "stripe"), ("status", "failed")], vec!["stripe:evt_6"]),
        (vec![("source", "easypost"), ("status", "failed")], vec![]),
    ] {
        for limit in ["1", "20"] {
            let query: Vec<_> = query.iter().copied().chain([("limit", limit)]).collect();
            assert_eq!(world.ids(&query).await, expected, "{query:?}");
        }
    }
}

#[tokio::test]
async fn one_that_was_parked_and_is_applied_changes_its_list() {
    let world = filled().await;
    world.conclude("stripe", "evt_5", applied()).await;
    assert_eq!(world.ids(&[("status", "parked")]).await, Vec::<String>::new());
    assert_eq!(world.ids(&[("status", "applied")]).await, ["stripe:evt_5", "stripe:evt_1"]);
}

/// A search for what is rare reads a bounded part of the index for one request, and its cursor goes on.
#[tokio::test]
async fn a_request_reads_a_bounded_number_of_pages_and_the_next_goes_on() {
    let world = World::new();
    world.receive("stripe", "evt_rare", "radar.early", Some(ignored())).await;
    for n in 0..40 {
        world.receive("stripe", &format!("evt_{n}"), "customer.created", Some(ignored())).await;
    }
    let query = [("type", "radar.early"), ("limit", "2")];
    let first = world.list(&query).await;
    assert_eq!(first["items"], json!([]));
    assert!(first["next"].is_string());
    assert!(world.pages_read.load(Ordering::Relaxed) <= 10);
    assert_eq!(world.ids(&query).await, ["stripe:evt_rare"]);
}

#[tokio::test]
async fn a_question_or_a_cursor_that_makes_no_sense_is_refused() {
    let world = filled().await;
    let cursor = world.list(&[("limit", "1")]).await["next"].as_str().unwrap().to_owned();
    for query in [
        vec![("status", "lost")],
        vec![("type", "a#b")],
        vec![("source", "github")],
        vec![("limit", "0")],
        vec![("limit", "101")],
        vec![("cursor", "nonsense")],
        vec![("cursor", cursor.as_str()), ("status", "applied")],
    ] {
        let ask = query
            .iter()
            .fold(request("GET /webhooks/inbox").by_admin(), |ask, (name, value)| ask.query(name, value));
        assert_eq!(world.answer(ask).await.unwrap_err().status, 400, "{query:?}");
    }
}

#[tokio::test]
async fn a_webhook_is_shown_as_it_came_without_what_proves_it() {
    let world = filled().await;
    let ask = request("GET /webhooks/inbox/{id}").by_admin().path("id", "stripe:evt_1");
    let reply = world.step().answer(ask).await.unwrap();
    assert!(reply.body.contains(r#""body":{"z": 1.0, "a": "b"}"#), "byte for byte: {}", reply.body);
    for secret in ["v1=", "Bearer"] {
        assert!(!reply.body.contains(secret), "{}", reply.body);
    }
    let (_, page) = world.show("stripe:evt_1").await.unwrap();
    assert_eq!(page["came_by"], "delivery");
    assert_eq!(page["headers"], json!({"user-agent": "Stripe/1.0"}));
    assert_eq!((&page["status"], &page["led_to"]), (&json!("applied"), &json!(["payments/x/2"])));
    assert_eq!(page["replays"], json!([]));
    assert_eq!(world.show("easypost%3Aevt_4").await.unwrap().1["status"], "received");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let world = filled().await;
    let long = format!("stripe:{}", "x".repeat(201));
    for id in
        ["stripe:evt_2", "easypost:evt_1", "github:evt_1", "evt_1", "stripe:", "", "stripe:evt_1#x", &long]
    {
        assert_eq!(world.show(id).await.unwrap_err().status, 404, "{id}");
        assert_eq!(world.replay(id).await.unwrap_err().status, 404, "{id}");
    }
}

#[tokio::test]
async fn a_replay_is_durable_and_says_who_asked_for_it_and_when() {
    let world = filled().await;
    let (status, asked) = world.replay("stripe:evt_6").await.unwrap();
    assert_eq!((status, &asked["id"]), (202, &json!("stripe:evt_6")));
    assert_eq!(world.replay("stripe:evt_6").await.unwrap().0, 202, "at the same moment: one wish");
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.replay("stripe:evt_6").await.unwrap().0, 202);
    let (_, page) = world.show("stripe:evt_6").await.unwrap();
    let times: Vec<&Value> =
        page["replays"].as_array().unwrap().iter().map(|replay| &replay["asked_at"]).collect();
    let at = |seconds| json!(now() + SignedDuration::from_secs(seconds));
    assert_eq!(times, [&at(6), &at(7)]);
    assert!(page["replays"][0]["asked_by"]["subject"].is_string());
    let wishes: Vec<_> = world.payments.all_documents().into_iter().map(|(key, _)| key).collect();
    let wishes: Vec<_> =
        wishes.iter().filter_map(|key| replay::asks_for(key, "stripe").filter(|it| it != key)).collect();
    assert_eq!(wishes, [inbox::key("stripe", "evt_6"), inbox::key("stripe", "evt_6")]);
}

#[tokio::test]
async fn nobody_but_the_admin_group_sees_or_does_anything() {
    let world = filled().await;
    for route in ["GET /webhooks/inbox", "GET /webhooks/inbox/{id}", "POST /webhooks/inbox/{id}/replay"] {
        let ask = request(route).path("id", "stripe:evt_1");
        assert_eq!(world.answer(ask.clone()).await.unwrap_err().status, 401);
        assert_eq!(world.answer(ask.by(customer())).await.unwrap_err().status, 403);
    }
}

#[tokio::test]
async fn it_answers_its_samples() {
    let world = World::new();
    world
        .receive("stripe", "evt_3MtwBwLkdIwHu7ix0H2aVXqF", "payment_intent.succeeded", Some(applied()))
        .await;
    let access = Access {
        admin_group: "admin".to_owned(),
        groups_claim: "cognito:groups".to_owned(),
        token_use: Some("access".to_owned()),
    };
    let server = Server { access: Some(access), limiter: None, endpoint: Arc::new(world.step()) };
    for (sample, status) in [
        (include_str!("../../../../events/webhook-inbox/list.json"), 200),
        (include_str!("../../../../events/webhook-inbox/get.json"), 200),
        (include_str!("../../../../events/webhook-inbox/replay.json"), 202),
    ] {
        assert_eq!(server.serve(parse_sample(sample).unwrap()).await.status(), status);
    }
}
