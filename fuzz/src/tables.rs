//! The tables of the services before the input: each holds the order that the seeds are about.

use event_store::{Document, Documents as _, EventStore as _, Key, Memory, StreamId};
use events::{
    OrderLine, OrderPaid, OrdersEvent, PaymentRequested, PaymentsEvent, Provider, ServiceEvent,
    ShipmentRequested, Shipped, ShippingEvent,
};
use orders::Price;
use testkit::{lines, order_id, placed, sku};

/// Stripe's intent for the order.
pub(crate) const INTENT: &str = "pi_1";
/// The carrier of the parcel.
pub(crate) const CARRIER: &str = "USPS";
/// The tracking code of the parcel.
pub(crate) const CODE: &str = "1Z1";

/// Orders' table: the order is placed, and the price of tea is known.
pub(crate) async fn orders() -> Memory {
    let table = Memory::default();
    append(&table, &[OrdersEvent::from(placed())]).await;
    let OrderLine { unit_price: price, weight_grams, .. } = placed().lines.remove(0);
    let price = Price { price, currency: placed().currency, weight_grams, active: true };
    put(&table, Price::key(&sku("TEA-01")), &Document::of(&price)).await;
    table
}

/// Payments' table: the payment is requested.
pub(crate) async fn payment_requested() -> Memory {
    let table = Memory::default();
    append(&table, &[PaymentsEvent::from(payment())]).await;
    let order = Document::of(&serde_json::json!({ "order_id": order_id(1) }));
    put(&table, Key::new(format!("intent#{INTENT}"), "order"), &order).await;
    table
}

/// Payments' table: an offline payment is requested.
pub(crate) async fn offline_payment_requested() -> Memory {
    let table = Memory::default();
    let intent_id = format!("elsewhere:erp:{}", order_id(1));
    let order = Document::of(&serde_json::json!({ "order_id": order_id(1) }));
    put(&table, Key::new(format!("intent#{intent_id}"), "order"), &order).await;
    append(&table, &[PaymentsEvent::from(PaymentRequested { intent_id, ..payment() })]).await;
    table
}

/// Payments' table: the order is paid.
pub(crate) async fn paid() -> Memory {
    let table = Memory::default();
    let PaymentRequested { intent_id, amount, currency, lines, .. } = payment();
    let paid = OrderPaid { intent_id, amount, currency, lines, reference: None };
    append(&table, &[PaymentsEvent::from(payment()), paid.into()]).await;
    table
}

/// Shipping's table: the warehouse's shipment is requested.
pub(crate) async fn shipment_requested() -> Memory {
    let table = Memory::default();
    append(&table, &[ShippingEvent::from(shipment())]).await;
    table
}

/// Shipping's table: the parcel is handed over.
pub(crate) async fn shipped() -> Memory {
    let table = Memory::default();
    let shipped = Shipped { carrier: CARRIER.to_owned(), tracking_code: CODE.to_owned() };
    append(&table, &[ShippingEvent::from(shipment()), shipped.into()]).await;
    let order = Document::of(&serde_json::json!({ "order_id": order_id(1) }));
    put(&table, Key::new(format!("tracking#{CARRIER}#{CODE}"), "order"), &order).await;
    table
}

fn shipment() -> ShipmentRequested {
    ShipmentRequested { provider: Provider::Warehouse, shipment_id: None, lines: lines() }
}

fn payment() -> PaymentRequested {
    let order = placed();
    PaymentRequested {
        intent_id: INTENT.to_owned(),
        amount: order.total,
        currency: order.currency,
        lines: lines(),
        customer: order.customer,
        pay_by: order.pay_by,
        confirm: events::Confirm::Server,
    }
}

async fn append<E: ServiceEvent>(table: &Memory, events: &[E]) {
    for (place, event) in (1..).zip(events) {
        let envelope = testkit::envelope(&order_id(1), place, event);
        table.append(&StreamId::order(&order_id(1)), &envelope).await.expect("the place is free");
    }
}

async fn put(table: &Memory, key: Key, document: &Document) {
    table.put(&key, document).await.expect("a table in memory does not fail");
}
