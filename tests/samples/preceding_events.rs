//! The events that other steps have emitted before a sample.

use crate::world::SampleWorld;
use event_store::{Document, Documents as _, EventStore as _, Key, StreamId};
use events::{
    Amount, Customer, Envelope, OrderId, OrderPaid, OrderPlaced, OrdersEvent, PaymentRequested,
    PaymentsEvent, RefundCause, RefundFailed, RefundId, RefundRequested,
};
use testkit::now;

impl SampleWorld {
    /// Appends the event of a sample to its stream, as if another step had emitted it. The map of a tracking code is
    /// written too, as that step does.
    pub(crate) async fn append_event_of(&self, sample: &str) {
        let text: serde_json::Value = serde_json::from_str(&crate::text_of(sample)).expect("JSON");
        let record = &text["Records"][0];
        let event = record["body"].as_str().or(record["dynamodb"]["NewImage"]["event"]["S"].as_str());
        let envelope: Envelope = serde_json::from_str(event.expect("an event")).expect("an envelope");
        let order = OrderId::try_from(envelope.subject.as_str()).expect("an order id");
        if let (Some(carrier), Some(code)) =
            (envelope.data["carrier"].as_str(), envelope.data["tracking_code"].as_str())
        {
            let map = Document::of(&serde_json::json!({ "order_id": order }));
            let key = Key::new(format!("tracking#{carrier}#{code}"), "order");
            self.table.put(&key, &map).await.expect("a map");
        }
        self.table.append(&StreamId::order(&order), &envelope).await.expect("the next place of the stream");
    }

    /// Places the order of the samples, for the customer in their tokens.
    pub(crate) async fn place_order(&self) {
        let id = OrderId::try_from("0123456789abcdef0123456789abcdef").expect("an order id");
        let customer = Customer {
            issuer: "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_example".to_owned(),
            subject: "customer-1".to_owned(),
        };
        let placed = OrdersEvent::from(OrderPlaced { customer, ..testkit::placed() });
        let envelope = testkit::envelope(&id, 1, &placed);
        self.table.append(&StreamId::order(&id), &envelope).await.expect("an empty stream");
    }

    /// Pays the order, and lets the goodwill refund of the samples fail.
    pub(crate) async fn fail_goodwill_refund(&self) {
        let id = OrderId::try_from("0123456789abcdef0123456789abcdef").expect("an order id");
        let (amount, currency) = (Amount::minor(1900), testkit::eur());
        let (intent_id, lines) = ("pi_1".to_owned(), testkit::lines());
        let refund_id = RefundId::try_from("goodwill.0123456789abcdef").expect("a refund id");
        let requested = PaymentRequested {
            intent_id: intent_id.clone(),
            amount,
            currency,
            lines: lines.clone(),
            customer: testkit::customer(),
            pay_by: now(),
            confirm: events::Confirm::Server,
        };
        let refund = RefundRequested {
            refund_id: refund_id.clone(),
            cause: RefundCause::Goodwill,
            amount,
            captured: None,
            reference: None,
            instead_of: None,
            reason: Some("it came late".to_owned()),
        };
        let events: [PaymentsEvent; 4] = [
            requested.into(),
            OrderPaid { intent_id, amount, currency, lines, reference: None }.into(),
            refund.into(),
            RefundFailed {
                refund_id,
                amount,
                code: "insufficient_funds".to_owned(),
                refused: true,
                again: false,
            }
            .into(),
        ];
        for (sequence, event) in (1..).zip(&events) {
            let envelope = testkit::envelope(&id, sequence, event);
            self.table.append(&StreamId::order(&id), &envelope).await.expect("the next event");
        }
    }
}
