//! The test harness: `notify-customer` on an in-memory table, with the messages that it receives.

use crate::NotifyCustomer;
use async_trait::async_trait;
use event_store::Memory;
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

/// A mail and SMS service that records what it sent, and fails every email with `error` while one is set.
#[derive(Default)]
pub(crate) struct Sender {
    pub(crate) mails: Mutex<Vec<Mail>>,
    texts: Mutex<Vec<Text>>,
    pub(crate) error: Mutex<Option<MailError>>,
}

impl Sender {
    fn answer(&self) -> Result<String, MailError> {
        self.error.lock().unwrap().clone().map_or_else(|| Ok("m-1".to_owned()), Err)
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

/// The step on an in-memory table and sender.
pub(crate) struct World {
    pub(crate) table: Arc<Memory>,
    pub(crate) sender: Arc<Sender>,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) step: NotifyCustomer,
}

impl World {
    /// Sends text messages to these countries, for example `CH,DE`.
    pub(crate) fn new(sms_countries: &str) -> Self {
        let (table, sender) = (Arc::new(Memory::default()), Arc::new(Sender::default()));
        let clock = Arc::new(FixedClock::at(Timestamp::UNIX_EPOCH));
        let step = NotifyCustomer {
            documents: table.clone(),
            mailer: Some(sender.clone()),
            texter: sender.clone(),
            clock: clock.clone(),
            shop: "Tea House".to_owned(),
            sms_countries: sms_countries.parse().unwrap(),
        };
        Self { table, sender, clock, step }
    }

    pub(crate) async fn receive(&self, message: &Message) -> Result<(), Failure> {
        self.step.consume(message).await
    }

    pub(crate) fn subjects(&self) -> Vec<String> {
        self.sender.mails.lock().unwrap().iter().map(|mail| mail.subject.clone()).collect()
    }

    pub(crate) fn bodies(&self) -> Vec<String> {
        self.sender.mails.lock().unwrap().iter().map(|mail| mail.body.clone()).collect()
    }

    pub(crate) fn texts(&self) -> Vec<String> {
        self.sender.texts.lock().unwrap().iter().map(|text| text.body.clone()).collect()
    }
}

pub(crate) fn order() -> OrderId {
    OrderId::try_from("0123456789abcdef0123456789abcdef").unwrap()
}

fn currency() -> Currency {
    Currency::try_from("EUR").unwrap()
}

pub(crate) fn message<E: ServiceEvent>(sequence: u32, event: impl Into<E>) -> Message {
    let cause = Cause { id: EventId::outside("test", "1"), traceparent: None, actor: None };
    let at = Sequence::after(sequence - 1);
    let envelope = Envelope::wrap(order().as_str(), at, Timestamp::UNIX_EPOCH, &cause, &event.into());
    Message::read(&serde_json::to_string(&envelope).unwrap(), 1).unwrap()
}

pub(crate) fn placed() -> Message {
    placed_with("+41790000000")
}

/// To Switzerland, with this phone number.
pub(crate) fn placed_with(phone: &str) -> Message {
    let sku = Sku::try_from("TEA").unwrap();
    message::<OrdersEvent>(
        1,
        OrderPlaced {
            customer: Customer { issuer: "https://issuer".to_owned(), subject: "s1".to_owned() },
            lines: vec![OrderLine { sku, quantity: 2, unit_price: Amount::minor(1250), weight_grams: 0 }],
            total: Amount::minor(2500),
            currency: currency(),
            pay_by: Timestamp::UNIX_EPOCH,
            contact: Contact { email: "ada@shop.example".to_owned(), phone: Some(phone.to_owned()) },
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

pub(crate) fn paid() -> Message {
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

pub(crate) fn refunded(sequence: u32, amount: u64) -> Message {
    message::<PaymentsEvent>(
        sequence,
        events::PaymentRefunded {
            refund_id: RefundId::try_from("r1").unwrap(),
            provider_refund_id: None,
            amount: Amount::minor(amount),
            foreign_in_full: false,
        },
    )
}

pub(crate) fn shipped() -> Message {
    message::<ShippingEvent>(
        2,
        events::Shipped { carrier: "post".to_owned(), tracking_code: "T-42".to_owned() },
    )
}

pub(crate) fn updated(sequence: u32, status: OrderStatus, paid: bool) -> Message {
    message::<OrdersEvent>(
        sequence,
        OrderUpdated {
            because: Because::StockReleased,
            status,
            attention: Vec::new(),
            detail: Detail::default(),
            paid,
            quiet: false,
        },
    )
}

/// One message for each occasion, with words of the subject that it leads to.
pub(crate) fn every_occasion() -> Vec<(Message, &'static str)> {
    vec![
        (paid(), "we have your payment"),
        (refunded(5, 2500), "on its way back"),
        (message::<events::InventoryEvent>(1, events::OutOfStock { missing: Vec::new() }), "out of stock"),
        (shipped(), "on its way"),
        (message::<ShippingEvent>(3, events::ShippingFailed { reason: "x".to_owned() }), "cannot send"),
        (message::<ShippingEvent>(4, events::Delivered {}), "has arrived"),
        (updated(6, OrderStatus::Cancelled, true), "cancelled"),
    ]
}

/// The messages about an order that is not paid.
pub(crate) fn before_payment() -> Vec<Message> {
    vec![
        message::<PaymentsEvent>(3, events::PaymentFailed { code: "stolen_card".to_owned() }),
        message::<PaymentsEvent>(4, events::PaymentActionRequired { intent_id: "pi_1".to_owned() }),
        updated(6, OrderStatus::Cancelled, false),
        updated(7, OrderStatus::Expired, false),
        updated(8, OrderStatus::PaymentFailed, false),
    ]
}
