//! The outgoing messages: which events of an order become webhooks, with their types and bodies.
//!
//! A body is `{"type", "timestamp", "data"}` as in Standard Webhooks. Of personal data it holds only a parcel's tracking code and
//! texts that carriers wrote. The id is derived from the
//! event's id, so that it is the same for every duplicate of the event and for every endpoint.

use events::{
    Amount, Attention, Because, Currency, Detail, Envelope, Event, EventId, Fields, OrderId, OrderLine,
    OrderNumber, OrderStatus, OrderUpdated, OrdersEvent, Sequence, Service, Sku, Traceparent,
};
use jiff::Timestamp;
use resilience::Failure;
use runtime::queue::ignored;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use webhooks::outgoing::{ENDS, of_end, webhook_id};

/// The event type with which an endpoint subscribes to every type.
pub(crate) const ALL: &str = "*";

/// The type of a test event. Only an admin sends it, whatever the endpoint subscribes to.
pub(crate) const TEST: &str = "webhook.test";

/// Every type that an endpoint can subscribe to.
pub const TYPES: [&str; 38] = [
    "order.placed",
    "order.payment_requested",
    "order.payment_action_required",
    "order.paid",
    "order.payment_failed",
    "order.payment_cancellation_requested",
    "order.payment_cancelled",
    "order.refund_requested",
    "order.refunded",
    "order.refund_failed",
    "order.payment_disputed",
    "order.allocated",
    "order.out_of_stock",
    "order.stock_released",
    "order.stock_committed",
    "order.stock_returned",
    "order.shipment_requested",
    "order.label_purchased",
    "order.shipped",
    "order.shipping_failed",
    "order.shipment_cancelled",
    "order.cancellation_rejected",
    "order.label_voided",
    "order.label_void_failed",
    "order.label_void_requested",
    "order.tracked",
    "order.delivered",
    "order.returned_to_sender",
    "order.returned",
    "order.tracking_corrected",
    "order.shipment_held",
    "order.shipment_released",
    "order.stray_parcel_settled",
    "order.payment_data_erased",
    "order.shipment_data_erased",
    "order.stuck",
    "order.cancelled",
    "order.expired",
];

/// One message, the same for every endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outgoing {
    /// `webhook-id`: by it a receiver recognizes duplicates.
    pub(crate) id: String,
    /// One of [`TYPES`], or [`TEST`].
    pub(crate) kind: &'static str,
    /// The exact bytes that are signed and sent.
    pub(crate) body: String,
    /// The event that it is about; `None` of a test event.
    pub(crate) of: Option<OfEvent>,
}

/// The event of a message, for the log lines of its delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OfEvent {
    pub(crate) id: EventId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) traceparent: Option<Traceparent>,
}

#[derive(Serialize)]
struct Body<D> {
    r#type: &'static str,
    timestamp: Timestamp,
    data: D,
}

impl Outgoing {
    fn new(source: &str, kind: &'static str, timestamp: Timestamp, data: &impl Serialize) -> Self {
        // Our own texts and numbers always serialize.
        let body = serde_json::to_string(&Body { r#type: kind, timestamp, data }).unwrap_or_default();
        Self { id: webhook_id(source), kind, body, of: None }
    }

    fn of(self, envelope: &Envelope) -> Self {
        let of = OfEvent { id: envelope.id.clone(), traceparent: envelope.traceparent.clone() };
        Self { of: Some(of), ..self }
    }

    /// A test event. Its id is derived from `source`, the digest of the request.
    pub(crate) fn test(source: &str, endpoint: &str, now: Timestamp) -> Self {
        #[derive(Serialize)]
        struct Data<'a> {
            endpoint_id: &'a str,
        }
        Self::new(source, TEST, now, &Data { endpoint_id: endpoint })
    }
}

/// A body without the order's personal data; `None` if it has none, or none any more.
pub(crate) fn erased(body: &str) -> Option<String> {
    let before: Value = serde_json::from_str(body).ok()?;
    let mut after = before.clone();
    Fields::of_type(Service::Orders, "OrderUpdated")?.erase(after.get_mut("data")?);
    (after != before).then(|| after.to_string())
}

/// The ids of all messages that the events of an order can have led to, up to this place in its stream.
pub(crate) fn ids_up_to(order: &OrderId, last: Sequence) -> Vec<String> {
    let of_events = (1..=last.number())
        .map(|number| EventId::of(Service::Orders, order.as_str(), Sequence::after(number - 1)).to_string());
    let of_ends = ENDS.iter().map(|kind| of_end(order, kind));
    of_events.chain(of_ends).map(|source| webhook_id(&source)).collect()
}

#[derive(Serialize)]
struct Placed<'a> {
    order_id: &'a OrderId,
    number: OrderNumber,
    status: OrderStatus,
    attention: [Attention; 0],
    because: &'static str,
    detail: PlacedDetail<'a>,
    sequence: u32,
}

#[derive(Serialize)]
struct PlacedDetail<'a> {
    items: Vec<Item<'a>>,
    total: Amount,
    currency: Currency,
    pay_by: Timestamp,
}

#[derive(Serialize)]
struct Item<'a> {
    sku: &'a Sku,
    quantity: u32,
    unit_price: Amount,
}

impl<'a> From<&'a OrderLine> for Item<'a> {
    fn from(line: &'a OrderLine) -> Self {
        Self { sku: &line.sku, quantity: line.quantity, unit_price: line.unit_price }
    }
}

#[derive(Serialize)]
struct Updated<'a> {
    order_id: &'a OrderId,
    number: OrderNumber,
    status: OrderStatus,
    attention: &'a [Attention],
    because: Because,
    detail: &'a Detail,
    sequence: u32,
}

/// The messages of an event. None of an event that `plan-deliveries` does not handle.
pub(crate) fn outgoing(envelope: &Envelope, event: &Event) -> Result<Vec<Outgoing>, Failure> {
    let sequence = envelope.sequence.number();
    match event {
        Event::Orders(OrdersEvent::OrderPlaced(placed)) => {
            let (order_id, number) = order_of(envelope)?;
            let detail = PlacedDetail {
                items: placed.lines.iter().map(Item::from).collect(),
                total: placed.total,
                currency: placed.currency,
                pay_by: placed.pay_by,
            };
            let (status, because) = (OrderStatus::Placed, "OrderPlaced");
            let data =
                Placed { order_id: &order_id, number, status, attention: [], because, detail, sequence };
            Ok(vec![Outgoing::new(envelope.id.as_str(), "order.placed", envelope.time, &data).of(envelope)])
        }
        Event::Orders(OrdersEvent::OrderUpdated(updated)) => {
            let OrderUpdated { because, status, attention, detail, paid: _, quiet: _ } = updated;
            let (order_id, number) = order_of(envelope)?;
            let (status, because) = (*status, *because);
            let data = Updated { order_id: &order_id, number, status, attention, because, detail, sequence };
            let fact = Outgoing::new(envelope.id.as_str(), kind_of(because), envelope.time, &data);
            let end = end_of(status)
                .map(|kind| Outgoing::new(&of_end(&order_id, kind), kind, envelope.time, &data));
            Ok(std::iter::once(fact).chain(end).map(|message| message.of(envelope)).collect())
        }
        Event::Orders(
            OrdersEvent::OrderCancellationRequested(_)
            | OrdersEvent::OrderExpired(_)
            | OrdersEvent::CustomerErasureRequested(_)
            | OrdersEvent::OrderDataErased(_),
        )
        | Event::Catalog(_)
        | Event::Payments(_)
        | Event::Inventory(_)
        | Event::Shipping(_) => ignored(event).map(|()| Vec::new()),
    }
}

fn order_of(envelope: &Envelope) -> Result<(OrderId, OrderNumber), Failure> {
    let order = OrderId::try_from(envelope.subject.as_str()).map_err(Failure::reject)?;
    let number = OrderNumber::of(&order);
    Ok((order, number))
}

/// The type of an end that several facts complete together, in any order. The message is sent once per order, under an id
/// of its own: every event with this status makes the same message.
const fn end_of(status: OrderStatus) -> Option<&'static str> {
    match status {
        OrderStatus::Cancelled => Some("order.cancelled"),
        OrderStatus::Expired => Some("order.expired"),
        OrderStatus::Placed
        | OrderStatus::PaymentActionRequired
        | OrderStatus::Paid
        | OrderStatus::Allocated
        | OrderStatus::Shipped
        | OrderStatus::Delivered
        | OrderStatus::Returned
        | OrderStatus::PaymentFailed
        | OrderStatus::OutOfStock
        | OrderStatus::ShippingFailed
        | OrderStatus::Cancelling => None,
    }
}

const fn kind_of(because: Because) -> &'static str {
    match because {
        Because::PaymentRequested => "order.payment_requested",
        Because::PaymentActionRequired => "order.payment_action_required",
        Because::OrderPaid => "order.paid",
        Because::PaymentFailed => "order.payment_failed",
        Because::PaymentCancellationRequested => "order.payment_cancellation_requested",
        Because::PaymentCancelled => "order.payment_cancelled",
        Because::RefundRequested => "order.refund_requested",
        Because::PaymentRefunded => "order.refunded",
        Because::RefundFailed => "order.refund_failed",
        Because::PaymentDisputed => "order.payment_disputed",
        Because::InventoryUpdated => "order.allocated",
        Because::OutOfStock => "order.out_of_stock",
        Because::StockReleased => "order.stock_released",
        Because::StockCommitted => "order.stock_committed",
        Because::StockReturned => "order.stock_returned",
        Because::ShipmentRequested => "order.shipment_requested",
        Because::LabelPurchased => "order.label_purchased",
        Because::Shipped => "order.shipped",
        Because::ShippingFailed => "order.shipping_failed",
        Because::ShipmentCancelled => "order.shipment_cancelled",
        Because::CancellationRejected => "order.cancellation_rejected",
        Because::LabelVoided => "order.label_voided",
        Because::LabelVoidFailed => "order.label_void_failed",
        Because::LabelVoidRequested => "order.label_void_requested",
        Because::ShipmentTracked => "order.tracked",
        Because::Delivered => "order.delivered",
        Because::ReturnedToSender => "order.returned_to_sender",
        Because::ReturnReceived => "order.returned",
        Because::TrackingCorrected => "order.tracking_corrected",
        Because::ShipmentHeld => "order.shipment_held",
        Because::ShipmentReleased => "order.shipment_released",
        Because::StrayParcelSettled => "order.stray_parcel_settled",
        Because::PaymentDataErased => "order.payment_data_erased",
        Because::ShipmentDataErased => "order.shipment_data_erased",
        Because::Deadline => "order.stuck",
    }
}

#[cfg(test)]
mod tests;
