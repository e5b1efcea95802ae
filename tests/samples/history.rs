//! What other steps have said before a sample comes.

use crate::functions::Stage;
use event_store::{Document, Documents as _, EventStore as _, Key, StreamId};
use events::{
    Amount, Customer, Envelope, OrderId, OrderPaid, OrderPlaced, OrdersEvent, PaymentRequested,
    PaymentsEvent, RefundCause, RefundFailed, RefundId, RefundRequested,
};
use testkit::now;

impl Stage {
    /// The event that a sample carries stands in its stream, as when another step has said it; and so does the map of a
    /// tracking code, which that step puts first.
    pub(crate) async fn say(&self, sample: &str) {
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

    /// The order that the samples of orders speak of, placed by the customer whose token they carry.
    pub(crate) async fn place_the_order(&self) {
        let id = OrderId::try_from("0123456789abcdef0123456789abcdef").expect("an order id");
        let customer = Customer {
            issuer: "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_example".to_owned(),
            subject: "customer-1".to_owned(),
        };
        let placed = OrdersEvent::from(OrderPlaced { customer, ..testkit::placed() });
        let envelope = testkit::envelope(&id, 1, &placed);
        self.table.append(&StreamId::order(&id), &envelope).await.expect("an empty stream");
    }

    /// The order is paid, and a goodwill refund that its samples speak of failed.
    pub(crate) async fn pay_and_fail_to_refund(&self) {
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
