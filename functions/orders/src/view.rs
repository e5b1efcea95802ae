//! The whole page of an order, and its events, as a client sees them.

use crate::Order;
use crate::facts::{PaymentState, ShipmentState};
use event_store::History;
use events::{
    Amount, Attention, Because, Currency, Detail, Envelope, OrderId, OrderLine, OrderNumber, OrderStatus,
    OrdersEvent, Sequence, ServiceEvent as _, Sku, public_code, public_refund_code,
};
use jiff::Timestamp;
use serde::Serialize;

/// The whole page of an order.
#[derive(Debug, Clone, Serialize)]
pub struct OrderPage {
    order_id: OrderId,
    number: OrderNumber,
    /// The place of the last event: of two pages of an order the one with the larger is newer.
    sequence: Sequence,
    status: OrderStatus,
    attention: Vec<Attention>,
    items: Vec<Item>,
    total: Amount,
    currency: Currency,
    placed_at: Timestamp,
    pay_by: Timestamp,
    updated_at: Timestamp,
    payment: PaymentPart,
    shipment: ShipmentPart,
    /// The erasure of its personal data.
    #[serde(skip_serializing_if = "Option::is_none")]
    erasure: Option<ErasurePart>,
    timeline: Vec<TimelineEntry>,
    links: Links,
}

/// One line of an order.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Item {
    sku: Sku,
    quantity: u32,
    unit_price: Amount,
}

impl From<&OrderLine> for Item {
    fn from(line: &OrderLine) -> Self {
        Self { sku: line.sku.clone(), quantity: line.quantity, unit_price: line.unit_price }
    }
}

#[derive(Debug, Clone, Serialize)]
struct PaymentPart {
    status: PaymentState,
    captured: Amount,
    refunded: Amount,
}

#[derive(Debug, Clone, Serialize)]
struct ShipmentPart {
    status: ShipmentState,
    #[serde(skip_serializing_if = "Option::is_none")]
    carrier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracking_code: Option<String>,
}

/// The erasure of an order: which services have reported that their data is erased.
#[derive(Debug, Clone, Serialize)]
struct ErasurePart {
    requested_at: Timestamp,
    orders: bool,
    payments: bool,
    shipping: bool,
}

#[derive(Debug, Clone, Serialize)]
struct TimelineEntry {
    time: Timestamp,
    r#type: String,
    status: OrderStatus,
    #[serde(skip_serializing_if = "is_empty")]
    detail: Detail,
}

fn is_empty(detail: &Detail) -> bool {
    *detail == Detail::default()
}

/// The paths of an order's resources.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Links {
    #[serde(rename = "self")]
    order: String,
    payment: String,
    events: String,
    cancel: String,
}

impl Links {
    pub(crate) fn to(id: &OrderId) -> Self {
        let order = format!("/orders/{id}");
        Self {
            payment: format!("{order}/payment"),
            events: format!("{order}/events"),
            cancel: format!("{order}/cancel"),
            order,
        }
    }
}

impl OrderPage {
    /// The page of an order; `None` before it is placed.
    pub(crate) fn of(id: &OrderId, history: &History<Order>, seen_by: SeenBy) -> Option<Self> {
        let order = &history.state;
        let (placed, placed_at) = order.placed()?;
        let facts = order.facts();
        let carrier = facts.carrier();
        Some(Self {
            order_id: id.clone(),
            number: OrderNumber::of(id),
            sequence: history.envelopes.last()?.sequence,
            status: order.status(),
            attention: order.attention(),
            items: placed.lines.iter().map(Item::from).collect(),
            total: placed.total,
            currency: placed.currency,
            placed_at,
            pay_by: placed.pay_by,
            updated_at: order.updated_at()?,
            payment: PaymentPart {
                status: facts.payment(),
                captured: facts.captured(),
                refunded: facts.refunded(),
            },
            shipment: ShipmentPart {
                status: facts.shipment(),
                carrier: carrier.map(|(carrier, _)| carrier.to_owned()),
                tracking_code: carrier.map(|(_, code)| code.to_owned()),
            },
            erasure: order.erasure().map(|(requested_at, [orders, payments, shipping])| ErasurePart {
                requested_at,
                orders,
                payments,
                shipping,
            }),
            timeline: timeline(order, &history.envelopes, seen_by),
            links: Links::to(id),
        })
    }
}

/// Who reads an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SeenBy {
    /// An admin, who sees the provider's codes.
    Admin,
    /// Its customer, who sees public words for them.
    Customer,
}

fn code_for(because: Because, code: String, seen_by: SeenBy) -> String {
    match (seen_by, because) {
        (SeenBy::Admin, _) => code,
        (SeenBy::Customer, Because::RefundFailed) => public_refund_code(&code).to_owned(),
        (SeenBy::Customer, _) => public_code(&code).to_owned(),
    }
}

/// An event of the order as this reader may see it. Customers do not see which admin acted.
pub(crate) fn shown(mut envelope: Envelope, seen_by: SeenBy) -> Envelope {
    if seen_by == SeenBy::Customer {
        envelope.actor = None;
    }
    let Ok(OrdersEvent::OrderUpdated(updated)) = OrdersEvent::read(&envelope) else { return envelope };
    let (SeenBy::Customer, Some(code)) = (seen_by, updated.detail.code) else { return envelope };
    let mut data = (*envelope.data).clone();
    data["detail"]["code"] = code_for(updated.because, code, seen_by).into();
    Envelope { data: data.into(), ..envelope }
}

fn timeline(order: &Order, envelopes: &[Envelope], seen_by: SeenBy) -> Vec<TimelineEntry> {
    let mut status = OrderStatus::Placed;
    envelopes
        .iter()
        .filter_map(|envelope| {
            let (name, detail) = match OrdersEvent::read(envelope).ok()? {
                OrdersEvent::OrderUpdated(updated) => {
                    status = updated.status;
                    let name = serde_json::to_value(updated.because).ok()?;
                    // Events that were recorded before they had a currency get it here.
                    let mut detail = order.with_currency(updated.detail);
                    detail.code = detail.code.map(|code| code_for(updated.because, code, seen_by));
                    (snake_case(name.as_str()?), detail)
                }
                OrdersEvent::OrderCancellationRequested(request) => {
                    (snake_case(&envelope.event_type), Detail { reason: request.reason, ..Detail::default() })
                }
                OrdersEvent::OrderPlaced(_)
                | OrdersEvent::OrderExpired(_)
                | OrdersEvent::CustomerErasureRequested(_)
                | OrdersEvent::OrderDataErased(_) => (snake_case(&envelope.event_type), Detail::default()),
            };
            Some(TimelineEntry { time: envelope.time, r#type: name, status, detail })
        })
        .collect()
}

fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for (place, letter) in name.chars().enumerate() {
        if letter.is_ascii_uppercase() && place > 0 {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}
