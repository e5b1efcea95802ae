//! What stands in a service's table before a stranger's bytes come: the order that the seeds speak of.

use event_store::{Document, Documents as _, EventStore as _, Key, Memory, StreamId};
use events::{
    OrderLine, OrderPaid, OrdersEvent, PaymentRequested, PaymentsEvent, Provider, ServiceEvent,
    ShipmentRequested, Shipped, ShippingEvent,
};
use orders::Price;
use testkit::{lines, order_id, placed, sku};

/// The provider's intent for the order.
pub(crate) const INTENT: &str = "pi_1";
/// The carrier and the code of its parcel.
pub(crate) const CARRIER: &str = "USPS";
pub(crate) const CODE: &str = "1Z1";

/// Orders know the order and the price of tea.
pub(crate) async fn orders() -> Memory {
    let table = Memory::default();
    say(&table, &[OrdersEvent::from(placed())]).await;
    let OrderLine { unit_price: price, weight_grams, .. } = placed().lines.remove(0);
    let price = Price { price, currency: placed().currency, weight_grams, active: true };
    put(&table, Price::key(&sku("TEA-01")), &Document::of(&price)).await;
    table
}

/// Payments have asked for the money.
pub(crate) async fn asked() -> Memory {
    let table = Memory::default();
    say(&table, &[PaymentsEvent::from(request())]).await;
    let order = Document::of(&serde_json::json!({ "order_id": order_id(1) }));
    put(&table, Key::new(format!("intent#{INTENT}"), "order"), &order).await;
    table
}

/// Payments wait for money that comes by way of another system.
pub(crate) async fn asked_elsewhere() -> Memory {
    let table = Memory::default();
    let intent_id = format!("elsewhere:erp:{}", order_id(1));
    let order = Document::of(&serde_json::json!({ "order_id": order_id(1) }));
    put(&table, Key::new(format!("intent#{intent_id}"), "order"), &order).await;
    say(&table, &[PaymentsEvent::from(PaymentRequested { intent_id, ..request() })]).await;
    table
}

/// Payments have the money.
pub(crate) async fn paid() -> Memory {
    let table = Memory::default();
    let PaymentRequested { intent_id, amount, currency, lines, .. } = request();
    let paid = OrderPaid { intent_id, amount, currency, lines, reference: None };
    say(&table, &[PaymentsEvent::from(request()), paid.into()]).await;
    table
}

/// Shipping has it ready for the warehouse.
pub(crate) async fn packed() -> Memory {
    let table = Memory::default();
    say(&table, &[ShippingEvent::from(packing())]).await;
    table
}

/// Shipping has handed the parcel over.
pub(crate) async fn sent() -> Memory {
    let table = Memory::default();
    let shipped = Shipped { carrier: CARRIER.to_owned(), tracking_code: CODE.to_owned() };
    say(&table, &[ShippingEvent::from(packing()), shipped.into()]).await;
    let order = Document::of(&serde_json::json!({ "order_id": order_id(1) }));
    put(&table, Key::new(format!("tracking#{CARRIER}#{CODE}"), "order"), &order).await;
    table
}

fn packing() -> ShipmentRequested {
    ShipmentRequested { provider: Provider::Warehouse, shipment_id: None, lines: lines() }
}

fn request() -> PaymentRequested {
    let order = placed();
    PaymentRequested {
        intent_id: INTENT.to_owned(),
        amount: order.total,
        currency: order.currency,
        lines: lines(),
        customer: order.customer,
        pay_by: order.pay_by,
    }
}

async fn say<E: ServiceEvent>(table: &Memory, said: &[E]) {
    for (place, event) in (1..).zip(said) {
        let envelope = testkit::envelope(&order_id(1), place, event);
        table.append(&StreamId::order(&order_id(1)), &envelope).await.expect("the place is free");
    }
}

async fn put(table: &Memory, key: Key, document: &Document) {
    table.put(&key, document).await.expect("a table in memory does not fail");
}
