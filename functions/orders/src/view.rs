//! What a client sees of an order: one line of a list ([`Summary`]), or the whole page ([`OrderPage`]).
//!
//! The summary is also the read model: the table of views holds one for each order, among those of its customer, with the
//! attributes of its index.

use crate::facts::{PaymentState, ShipmentState};
use crate::{Deadlines, Order};
use event_store::{Document, History, Key};
use events::{
    Amount, Attention, Because, Currency, Customer, Detail, Envelope, OrderId, OrderLine, OrderStatus,
    OrdersEvent, ServiceEvent as _, Sku, public_code, public_refund_code,
};
use jiff::Timestamp;
use runtime::http::digest_of;
use serde::{Deserialize, Serialize};

/// The number of partitions of the index `open-by-deadline`, for open orders and for watched ones each.
pub(crate) const OPEN_SHARDS: u8 = 16;

/// One line of a list, as the table of views holds it. It equals the fold of the order's stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Which order.
    pub order_id: OrderId,
    /// The status.
    pub status: OrderStatus,
    /// What an operator must act on.
    pub attention: Vec<Attention>,
    /// The sum, in minor units.
    pub total: Amount,
    /// Its currency.
    pub currency: Currency,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// When its status, an attention or what is due changed last.
    pub updated_at: Timestamp,
}

impl Summary {
    /// The summary of an order; `None` before it is placed.
    pub fn of(id: &OrderId, order: &Order) -> Option<Self> {
        let (placed, placed_at) = order.placed()?;
        Some(Self {
            order_id: id.clone(),
            status: order.status(),
            attention: order.attention(),
            total: placed.total,
            currency: placed.currency,
            placed_at,
            updated_at: order.updated_at()?,
        })
    }

    /// The key of an order's view: among those of its customer, in the order of time. `None` before it is placed.
    pub fn key(id: &OrderId, order: &Order) -> Option<Key> {
        let (placed, placed_at) = order.placed()?;
        // The sort key compares text, in which a whole second sorts after its fractions, so each has nine digits of them.
        Some(Key::new(Self::customer_partition(&placed.customer), format!("{placed_at:.9}#{id}")))
    }

    /// The order of a view. The view of an older build has a partition of its own, `order#<id>` / `view`.
    pub(crate) fn order_of(key: &Key) -> Option<OrderId> {
        let id = match (key.pk.strip_prefix("order#"), key.pk.strip_prefix("customer#")) {
            (Some(id), _) => id,
            (None, Some(_)) => key.sk.rsplit_once('#')?.1,
            (None, None) => return None,
        };
        OrderId::try_from(id).ok()
    }

    /// The partition of a customer's views: a digest, because keys are in cursors and in the errors of logs.
    pub fn customer_partition(customer: &Customer) -> String {
        format!("customer#{:032x}", digest_of(&[&customer.issuer, &customer.subject]))
    }

    /// A partition of the index `open-by-deadline`: open orders, which are listed and swept.
    pub fn open_partition(shard: u8) -> String {
        format!("open#{shard:02}")
    }

    /// A partition of the same index: orders that are swept but not listed. They are on their way to the customer, and our
    /// services have nothing left to do.
    pub fn watched_partition(shard: u8) -> String {
        format!("watched#{shard:02}")
    }

    /// The view as a document, with the attributes of its index; `None` before the order is placed.
    ///
    /// An order that is neither open nor watched has no attributes for `open-by-deadline`, and so leaves that index. Its
    /// deadline there is the next time at which the sweep looks at it. An order that waits for an operator or a bank has no
    /// deadline: it stays at the end of the index, where it is listed and not swept.
    ///
    /// Within the time to pay, an order's place in the index stays at the end of that time, unless something is due sooner:
    /// most orders pass through three deadlines by then, and each would move the entry. [`Self::swept`] moves it afterwards.
    pub fn document(history: &History<Order>, id: &OrderId, deadlines: &Deadlines) -> Option<Document> {
        let (placed, _) = history.state.placed()?;
        let is_early = history.state.updated_at()? < placed.pay_by;
        let deadline = history.state.next_deadline(deadlines).map(|(deadline, _)| deadline);
        let looked_at =
            deadline.map(|deadline| if is_early { deadline.min(placed.pay_by) } else { deadline });
        Self::document_at(history, id, looked_at, 0)
    }

    /// The same after a sweep: it stands at its next deadline. It is newer than the view that was swept,
    /// and older than the view of the next event.
    pub fn swept(history: &History<Order>, id: &OrderId, deadlines: &Deadlines) -> Option<Document> {
        let deadline = history.state.next_deadline(deadlines).map(|(deadline, _)| deadline);
        Self::document_at(history, id, deadline, 1)
    }

    fn document_at(
        history: &History<Order>,
        id: &OrderId,
        deadline: Option<Timestamp>,
        sweeps: u64,
    ) -> Option<Document> {
        let order = &history.state;
        let summary = Self::of(id, order)?;
        let last = u64::from(history.envelopes.last()?.sequence.number());
        let document = Document::of(&summary).versioned(2 * last + sweeps);
        let shard = u8::from_str_radix(&id.as_str()[..1], 16).unwrap_or(0);
        let (partition, deadline) = match (order.facts().is_open(), deadline) {
            (true, deadline) => (Self::open_partition(shard), deadline.unwrap_or(Timestamp::MAX)),
            (false, Some(deadline)) => (Self::watched_partition(shard), deadline),
            (false, None) => return Some(document),
        };
        Some(document.with("open_shard", partition).with("deadline", deadline.to_string()))
    }
}

/// The whole page of an order.
#[derive(Debug, Clone, Serialize)]
pub struct OrderPage {
    order_id: OrderId,
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

/// An event of the order as this reader may see it.
pub(crate) fn shown(envelope: Envelope, seen_by: SeenBy) -> Envelope {
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
                OrdersEvent::OrderPlaced(_) | OrdersEvent::OrderExpired(_) => {
                    (snake_case(&envelope.event_type), Detail::default())
                }
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
