//! One message for each order and occasion, whatever comes twice, early or without a contact.

mod crashes;

use super::NotifyCustomer;
use crate::contact;
use async_trait::async_trait;
use event_store::{Documents as _, Memory};
use events::{
    Amount, Because, Cause, Contact, Currency, Customer, Detail, Envelope, EventId, Line, OrderId, OrderLine,
    OrderPlaced, OrderStatus, OrderUpdated, OrdersEvent, PaymentsEvent, RefundId, Sequence, ServiceEvent,
    ShippingAddress, ShippingEvent, Sku,
};
use jiff::Timestamp;
use outbound::{Mail, MailError, Mailer, Text, Texter};
use resilience::{Failure, FixedClock};
use runtime::queue::{Consumer as _, Message};
use std::sync::{Arc, Mutex};

/// A sender that remembers what it sent, and refuses or fails when told to.
#[derive(Default)]
struct Sender {
    mails: Mutex<Vec<Mail>>,
    texts: Mutex<Vec<Text>>,
    mood: Mutex<Option<MailError>>,
}

impl Sender {
    fn answer(&self) -> Result<String, MailError> {
        self.mood.lock().unwrap().clone().map_or_else(|| Ok("m-1".to_owned()), Err)
    }
}

#[async_trait]
impl Mailer for Sender {
    async fn send_mail(&self, mail: &Mail) -> Result<String, MailError> {
        let answer = self.answer()?;
        self.mails.lock().unwrap().push(mail.clone());
        Ok(answer)
    }
}

#[async_trait]
impl Texter for Sender {
    async fn send_text(&self, text: &Text) -> Result<String, MailError> {
        self.texts.lock().unwrap().push(text.clone());
        Ok("t-1".to_owned())
    }
}

struct World {
    table: Arc<Memory>,
    sender: Arc<Sender>,
    step: NotifyCustomer,
}

fn world(sms_countries: &str) -> World {
    let (table, sender) = (Arc::new(Memory::default()), Arc::new(Sender::default()));
    let step = NotifyCustomer {
        documents: table.clone(),
        mailer: sender.clone(),
        texter: sender.clone(),
        clock: Arc::new(FixedClock::at(Timestamp::UNIX_EPOCH)),
        shop: "Tea House".to_owned(),
        sms_countries: sms_countries.parse().unwrap(),
    };
    World { table, sender, step }
}

fn order() -> OrderId {
    OrderId::try_from("0123456789abcdef0123456789abcdef").unwrap()
}

fn currency() -> Currency {
    Currency::try_from("EUR").unwrap()
}

fn message<E: ServiceEvent>(sequence: u32, event: impl Into<E>) -> Message {
    let cause = Cause { id: EventId::outside("test", "1"), traceparent: None };
    let at = Sequence::after(sequence - 1);
    let envelope = Envelope::wrap(order().as_str(), at, Timestamp::UNIX_EPOCH, &cause, &event.into());
    Message::read(&serde_json::to_string(&envelope).unwrap(), 1).unwrap()
}

fn placed() -> Message {
    let sku = Sku::try_from("TEA").unwrap();
    message::<OrdersEvent>(
        1,
        OrderPlaced {
            customer: Customer { issuer: "https://issuer".to_owned(), subject: "s1".to_owned() },
            lines: vec![OrderLine { sku, quantity: 2, unit_price: Amount::minor(1250), weight_grams: 0 }],
            total: Amount::minor(2500),
            currency: currency(),
            pay_by: Timestamp::UNIX_EPOCH,
            contact: Contact { email: "ada@shop.example".to_owned(), phone: Some("+41790000000".to_owned()) },
            shipping_address: ShippingAddress {
                name: "Ada".to_owned(),
                line1: "Street 1".to_owned(),
                line2: None,
                city: "Town".to_owned(),
                postal_code: None,
                region: None,
                country: "CH".to_owned(),
            },
            payment_method: "pm_card_visa".to_owned(),
            request_digest: String::new(),
        },
    )
}

fn paid() -> Message {
    let line = Line { sku: Sku::try_from("TEA").unwrap(), quantity: 2, weight_grams: 0 };
    message::<PaymentsEvent>(
        2,
        events::OrderPaid {
            intent_id: "pi_1".to_owned(),
            amount: Amount::minor(2500),
            currency: currency(),
            lines: vec![line],
            reference: None,
        },
    )
}

fn refunded(sequence: u32, amount: u64) -> Message {
    message::<PaymentsEvent>(
        sequence,
        events::PaymentRefunded {
            refund_id: RefundId::try_from("r1").unwrap(),
            provider_refund_id: None,
            amount: Amount::minor(amount),
        },
    )
}

fn shipped() -> Message {
    message::<ShippingEvent>(
        2,
        events::Shipped { carrier: "post".to_owned(), tracking_code: "T-42".to_owned() },
    )
}

fn updated(sequence: u32, status: OrderStatus) -> Message {
    message::<OrdersEvent>(
        sequence,
        OrderUpdated {
            because: Because::StockReleased,
            status,
            attention: Vec::new(),
            detail: Detail::default(),
        },
    )
}

fn every_occasion() -> Vec<(Message, &'static str)> {
    vec![
        (paid(), "we have your payment"),
        (
            message::<PaymentsEvent>(3, events::PaymentFailed { code: "stolen_card".to_owned() }),
            "did not go through",
        ),
        (
            message::<PaymentsEvent>(4, events::PaymentActionRequired { intent_id: "pi_1".to_owned() }),
            "confirm",
        ),
        (refunded(5, 2500), "on its way back"),
        (message::<events::InventoryEvent>(1, events::OutOfStock { missing: Vec::new() }), "out of stock"),
        (shipped(), "on its way"),
        (message::<ShippingEvent>(3, events::ShippingFailed { reason: "x".to_owned() }), "cannot send"),
        (message::<ShippingEvent>(4, events::Delivered {}), "has arrived"),
        (updated(6, OrderStatus::Cancelled), "cancelled"),
        (updated(7, OrderStatus::Expired), "expired"),
    ]
}

impl World {
    fn subjects(&self) -> Vec<String> {
        self.sender.mails.lock().unwrap().iter().map(|mail| mail.subject.clone()).collect()
    }

    fn bodies(&self) -> Vec<String> {
        self.sender.mails.lock().unwrap().iter().map(|mail| mail.body.clone()).collect()
    }

    fn texts(&self) -> Vec<String> {
        self.sender.texts.lock().unwrap().iter().map(|text| text.body.clone()).collect()
    }
}

#[tokio::test]
async fn every_occasion_is_told_once_however_often_it_is_heard() {
    let world = world("");
    world.step.consume(&placed()).await.unwrap();
    assert_eq!(world.subjects().len(), 0, "placing an order is no occasion");
    for (told, (message, words)) in every_occasion().into_iter().enumerate() {
        for _ in 0..2 {
            world.step.consume(&message).await.unwrap();
        }
        let subjects = world.subjects();
        assert_eq!(subjects.len(), told + 1, "{words}");
        assert!(
            subjects[told].starts_with("Tea House: ") && subjects[told].contains(words),
            "{}",
            subjects[told]
        );
        assert!(world.bodies()[told].contains(order().as_str()));
        assert_eq!(world.sender.mails.lock().unwrap()[told].to, "ada@shop.example");
    }
    assert_eq!(world.texts().len(), 0, "no country is listed");
}

#[tokio::test]
async fn texts_carry_the_facts_and_no_secret_of_a_payment() {
    let world = world("");
    world.step.consume(&placed()).await.unwrap();
    for (message, _) in every_occasion() {
        world.step.consume(&message).await.unwrap();
    }
    let all = world.bodies().join("\n");
    assert!(
        all.contains("25.00 EUR") && all.contains("Tracking code: T-42") && all.contains("Carrier: post")
    );
    assert!(!all.contains("pi_1") && !all.contains("stolen_card") && !all.contains("pm_card_visa"), "{all}");
}

#[tokio::test]
async fn an_occasion_that_comes_before_the_contact_waits_for_it() {
    let world = world("");
    let early = world.step.consume(&paid()).await;
    assert!(matches!(early, Err(Failure::Retry { .. })), "{early:?}");
    world.step.consume(&placed()).await.unwrap();
    world.step.consume(&paid()).await.unwrap();
    assert_eq!(world.subjects().len(), 1);
}

#[tokio::test]
async fn a_status_is_told_once_whichever_event_reaches_it() {
    let world = world("");
    world.step.consume(&placed()).await.unwrap();
    for sequence in 5..8 {
        world.step.consume(&updated(sequence, OrderStatus::Cancelled)).await.unwrap();
    }
    world.step.consume(&updated(8, OrderStatus::Shipped)).await.unwrap();
    assert_eq!(world.subjects(), ["Tea House: your order is cancelled"]);
}

#[tokio::test]
async fn two_refunds_are_two_occasions_and_a_refund_of_nothing_is_none() {
    let world = world("");
    world.step.consume(&placed()).await.unwrap();
    for message in [refunded(5, 1000), refunded(6, 1500), refunded(7, 0)] {
        world.step.consume(&message).await.unwrap();
    }
    let bodies = world.bodies();
    assert_eq!(bodies.len(), 2);
    assert!(bodies[0].contains("10.00 EUR") && bodies[1].contains("15.00 EUR"));
}

#[tokio::test]
async fn text_messages_go_only_after_payment_and_only_to_listed_countries() {
    for (countries, expected) in [("DE", 0), ("CH", 5)] {
        let world = world(countries);
        world.step.consume(&placed()).await.unwrap();
        for (message, _) in every_occasion() {
            for _ in 0..2 {
                world.step.consume(&message).await.unwrap();
            }
        }
        let texts = world.texts();
        assert_eq!(texts.len(), expected, "{texts:?}");
        assert!(texts.iter().all(|text| text.contains(order().as_str()) && text.len() <= 160), "{texts:?}");
        assert_eq!(texts.iter().filter(|text| text.contains("T-42")).count(), expected / 5);
    }
}

#[tokio::test]
async fn a_sender_that_is_out_is_asked_again() {
    let world = world("");
    world.step.consume(&placed()).await.unwrap();
    *world.sender.mood.lock().unwrap() = Some(MailError::Unavailable("throttled".to_owned()));
    let outcome = world.step.consume(&paid()).await;
    assert!(matches!(outcome, Err(Failure::Retry { .. })), "{outcome:?}");
    *world.sender.mood.lock().unwrap() = None;
    world.step.consume(&paid()).await.unwrap();
    assert_eq!(world.subjects().len(), 1);
}

#[tokio::test]
async fn a_refused_address_is_recorded_and_not_asked_again() {
    let world = world("");
    world.step.consume(&placed()).await.unwrap();
    let refusal = MailError::Refused("ada@shop.example is suppressed".to_owned());
    *world.sender.mood.lock().unwrap() = Some(refusal);
    world.step.consume(&paid()).await.unwrap();
    *world.sender.mood.lock().unwrap() = None;
    world.step.consume(&paid()).await.unwrap();
    assert_eq!(world.subjects().len(), 0);
    let notices = world.table.list(&contact::partition(&order()), "notice#").await.unwrap();
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].0.sk, format!("notice#payments/{}/2#email", order()));
    assert_eq!(notices[0].1.body["outcome"], "refused");
    assert!(!notices[0].1.body.to_string().contains("ada@"));
}

#[tokio::test]
async fn an_order_placed_again_does_not_undo_an_erasure() {
    let world = world("");
    world.step.consume(&placed()).await.unwrap();
    let key = contact::key(&order());
    let mut erased = world.table.get(&key).await.unwrap().unwrap();
    erased.body["email"] = "erased@invalid".into();
    world.table.put(&key, &erased).await.unwrap();
    world.step.consume(&placed()).await.unwrap();
    assert_eq!(world.table.get(&key).await.unwrap(), Some(erased));
}

#[tokio::test]
async fn an_event_of_another_subscription_is_rejected() {
    let world = world("");
    let outcome = world.step.consume(&message::<ShippingEvent>(1, events::ShipmentCancelled {})).await;
    assert!(matches!(outcome, Err(Failure::Reject { .. })), "{outcome:?}");
}

#[tokio::test]
async fn every_sample_is_one_that_the_function_handles() {
    let world = world("CH");
    for text in [
        include_str!("../../../../events/notify-customer/order-placed.json"),
        include_str!("../../../../events/notify-customer/order-paid.json"),
        include_str!("../../../../events/notify-customer/out-of-stock.json"),
        include_str!("../../../../events/notify-customer/shipped.json"),
        include_str!("../../../../events/notify-customer/payment-refunded.json"),
        include_str!("../../../../events/notify-customer/order-cancelled.json"),
    ] {
        let batch: serde_json::Value = serde_json::from_str(text).unwrap();
        for record in batch["Records"].as_array().unwrap() {
            let message = Message::read(record["body"].as_str().unwrap(), 1).unwrap();
            world.step.consume(&message).await.unwrap();
        }
    }
    assert_eq!((world.subjects().len(), world.texts().len()), (5, 3));
}
