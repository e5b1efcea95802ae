//! Every event is published to its service's topic with the attributes for the filters, or the batch is retried.

use event_store::{Document, Key};
use events::{
    Because, CatalogEvent, Delivered, Detail, Envelope, OrderStatus, OrderUpdated, OrdersEvent,
    ProductChanged, Sequence, Service, ShippingEvent,
};
use outbound::Topic;
use outbox::PublishEvents;
use resilience::Failure;
use runtime::stream::{Item, Reader as _, Record};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use testkit::{MemoryTopic, cause, envelope, eur, letter_of, now, order_id, placed, read_batch, record, sku};

struct Topics(BTreeMap<Service, Arc<MemoryTopic>>);

impl Topics {
    fn open() -> Self {
        Self(Service::ALL.map(|service| (service, Arc::default())).into())
    }

    fn step(&self) -> PublishEvents {
        let topics = self.0.iter().map(|(service, topic)| (*service, topic.clone() as Arc<dyn Topic>));
        PublishEvents { topics: topics.collect() }
    }
}

fn updated(status: OrderStatus) -> OrdersEvent {
    let because = Because::OrderPaid;
    OrderUpdated { because, status, attention: vec![], detail: Detail::default(), paid: false, quiet: false }
        .into()
}

fn product_changed() -> Envelope {
    let product = ProductChanged::new(sku("TEA-01"), "Sencha".to_owned(), events::Amount::minor(950), eur());
    Envelope::wrap("TEA-01", Sequence::FIRST, now(), &cause(), &CatalogEvent::ProductChanged(product))
}

#[tokio::test]
async fn i6_every_event_reaches_its_own_services_topic_byte_for_byte() {
    let topics = Topics::open();
    let placed = envelope(&order_id(1), 1, &OrdersEvent::from(placed()));
    let delivered = envelope(&order_id(1), 5, &ShippingEvent::from(Delivered {}));
    let records = [&placed, &delivered, &product_changed()].map(record).to_vec();
    topics.step().read(&records).await.unwrap();
    for (service, event) in [(Service::Orders, &placed), (Service::Shipping, &delivered)] {
        let published = topics.0[&service].published();
        assert_eq!(published.len(), 1, "{service}");
        assert_eq!(published[0].body, serde_json::to_string(event).unwrap());
        assert_eq!(published[0].event_type, event.event_type);
        assert_eq!(published[0].status, None);
    }
    assert_eq!(topics.0[&Service::Catalog].published().len(), 1);
    assert_eq!(topics.0[&Service::Payments].published(), []);
}

#[tokio::test]
async fn an_update_carries_its_status_for_the_filters() {
    let topics = Topics::open();
    let update = envelope(&order_id(1), 2, &updated(OrderStatus::Cancelled));
    topics.step().read(&[record(&update)]).await.unwrap();
    assert_eq!(topics.0[&Service::Orders].published()[0].status.as_deref(), Some("cancelled"));
}

#[tokio::test]
async fn i6_an_unavailable_topic_fails_the_batch_until_it_recovers() {
    let topics = Topics::open();
    let records = [record(&envelope(&order_id(1), 1, &OrdersEvent::from(placed())))];
    topics.0[&Service::Orders].is_out.store(true, Ordering::SeqCst);
    assert!(matches!(topics.step().read(&records).await, Err(Failure::Retry { .. })));
    topics.0[&Service::Orders].is_out.store(false, Ordering::SeqCst);
    topics.step().read(&records).await.unwrap();
    assert_eq!(topics.0[&Service::Orders].published().len(), 1);
}

#[tokio::test]
async fn i6_an_event_that_no_topic_accepts_is_dead_lettered_and_the_rest_is_published() {
    let topics = Topics::open();
    let mut unknown = record(&envelope(&order_id(1), 1, &OrdersEvent::from(placed())));
    if let Item::Event(envelope) = &mut unknown.item {
        envelope.source = "conveyor/unknown".to_owned();
    }
    let document = Record { key: Key::new("sku#TEA-01", "price"), item: Item::Document(Document::of(&1)) };
    let altered = |n: u64, alter: &dyn Fn(&mut Envelope)| {
        let mut envelope = envelope(&order_id(n), 1, &OrdersEvent::from(placed()));
        alter(&mut envelope);
        record(&envelope)
    };
    let oversize = altered(3, &|envelope| envelope.subject = "x".repeat(300_000));
    let odd_type = altered(4, &|envelope| envelope.event_type = "Order\u{ffff}".to_owned());
    let untyped = altered(5, &|envelope| envelope.event_type = String::new());
    let good = [2, 6].map(|n| altered(n, &|_| ()));
    let bad = vec![unknown, document, oversize, odd_type, untyped];
    let mut expected: Vec<String> = bad.iter().map(|record| letter_of(&record.key)).collect();
    let letters = read_batch(topics.step(), [bad, good.to_vec()].concat()).await.unwrap();
    let mut found: Vec<String> = letters.iter().map(|letter| letter.body.clone()).collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    assert!(letters.iter().any(|letter| letter.reason.contains("a topic carries")), "{letters:?}");
    assert_eq!(topics.0[&Service::Orders].published().len(), 2);
}

#[tokio::test]
async fn events_of_a_newer_writer_are_published_unchanged() {
    let topics = Topics::open();
    let mut newer = envelope(&order_id(1), 1, &OrdersEvent::from(placed()));
    newer.dataversion = 99;
    let mut unknown = envelope(&order_id(1), 2, &OrdersEvent::from(placed()));
    unknown.event_type = "UnknownType".to_owned();
    topics.step().read(&[record(&newer), record(&unknown)]).await.unwrap();
    assert_eq!(topics.0[&Service::Orders].published().len(), 2);
}

/// SNS refuses a message with such a character. New requests are refused with them; an older event or a webhook may have one.
#[tokio::test]
async fn a_character_that_no_topic_accepts_is_escaped() {
    let topics = Topics::open();
    let mut odd = envelope(&order_id(1), 1, &OrdersEvent::from(placed()));
    let text = serde_json::to_string(&odd).unwrap().replace("Bern", "Bern \u{fffe}\u{ffff}\u{10ffff}");
    odd = serde_json::from_str(&text).unwrap();
    topics.step().read(&[record(&odd)]).await.unwrap();
    let body = topics.0[&Service::Orders].published().pop().unwrap().body;
    assert!(!body.contains(['\u{fffe}', '\u{ffff}']) && body.contains(r"Bern \ufffe\uffff"), "{body}");
    assert_eq!(serde_json::from_str::<Envelope>(&body).unwrap(), odd, "every reader reads the same event");
}
