//! One line of a list of orders. It is also the read model: the table of views holds one for each order, among those of its
//! customer, with the attributes of its indexes.

use crate::order::Due;
use crate::{Deadlines, Order};
use event_store::{Document, History, Key, StoreError};
use events::{Amount, Attention, Currency, Customer, OrderId, OrderNumber, OrderStatus};
use jiff::Timestamp;
use runtime::http::digest_of;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The number of partitions of the index `open-by-deadline`, for open orders and for watched ones each.
pub(crate) const OPEN_SHARDS: u8 = 16;

/// The number of partitions of what many orders have in common: the index `attention`, and the look-up items of a product or a
/// day. A search reads all of them at once.
pub(crate) const SHARDS: u8 = 4;

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

/// What happens to an order at a time, if no person is earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Upcoming {
    what: Happens,
    at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Happens {
    /// The bank takes no more evidence.
    Evidence,
    /// The order expires, unless it is paid.
    Expiry,
    /// It gets the attention `stuck`.
    Stuck,
}

impl Upcoming {
    /// Of an order that needs a person; `None` for any other, whose view is to stay as small as it is.
    fn of(order: &Order, deadlines: &Deadlines) -> Option<Self> {
        if order.attention().is_empty() {
            return None;
        }
        let evidence = order.facts().evidence_due().map(|at| Self { what: Happens::Evidence, at });
        let swept = order.next_deadline(deadlines).map(|(at, due)| {
            let what = match due {
                Due::Expiry => Happens::Expiry,
                Due::Stuck => Happens::Stuck,
            };
            Self { what, at }
        });
        evidence.into_iter().chain(swept).min_by_key(|upcoming| upcoming.at)
    }
}

/// A summary as the table of views holds it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct View {
    #[serde(flatten)]
    pub(crate) summary: Summary,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due: Option<Upcoming>,
}

/// What a view says apart from the time of its deadline, which also depends on the parameters of the stack. When the bank takes no
/// more evidence depends on none.
pub(crate) fn without_deadline(view: &Document) -> Value {
    let mut body = (*view.body).clone();
    if let Some(due) = body.get_mut("due").filter(|due| due["what"] != "evidence") {
        due["at"] = Value::Null;
    }
    body
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
        Some(Key::new(Self::customer_partition(&placed.customer), sort_key(placed_at, id)))
    }

    /// The partitions of the index `attention`.
    pub(crate) fn attention_partitions() -> Vec<String> {
        (0..SHARDS).map(attention_partition).collect()
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

    /// The view as a document, with the attributes of its indexes; `None` before the order is placed.
    ///
    /// `attention` has the orders that need an operator, by time. An order that never needs one writes no entry there.
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
        Self::document_at(history, id, looked_at, deadlines, 0)
    }

    /// The same after a sweep: it stands at its next deadline. It is newer than the view that was swept,
    /// and older than the view of the next event.
    pub fn swept(history: &History<Order>, id: &OrderId, deadlines: &Deadlines) -> Option<Document> {
        let deadline = history.state.next_deadline(deadlines).map(|(deadline, _)| deadline);
        Self::document_at(history, id, deadline, deadlines, 1)
    }

    fn document_at(
        history: &History<Order>,
        id: &OrderId,
        deadline: Option<Timestamp>,
        deadlines: &Deadlines,
        sweeps: u64,
    ) -> Option<Document> {
        let order = &history.state;
        let view = View { summary: Self::of(id, order)?, due: Upcoming::of(order, deadlines) };
        let last = u64::from(history.envelopes.last()?.sequence.number());
        let mut document = Document::of(&view).versioned(2 * last + sweeps);
        if !view.summary.attention.is_empty() {
            document = document.with("attention", attention_partition(shard_of(id)));
        }
        let shard = first_digit(id);
        let (partition, deadline) = match (order.facts().is_open(), deadline) {
            (true, deadline) => (Self::open_partition(shard), deadline.unwrap_or(Timestamp::MAX)),
            (false, Some(deadline)) => (Self::watched_partition(shard), deadline),
            (false, None) => return Some(document),
        };
        Some(document.with("open_shard", partition).with("deadline", deadline.to_string()))
    }
}

/// The sort key of a view, and of its look-up items: text, in which a whole second sorts after its fractions, so each time has nine
/// digits of them.
fn sort_key(placed_at: Timestamp, id: &OrderId) -> String {
    format!("{placed_at:.9}#{id}")
}

/// Whether a text is the sort key of some view. A client can forge a cursor.
pub(crate) fn is_sort_key(text: &str) -> bool {
    let parts = text
        .split_once('#')
        .and_then(|(placed_at, id)| Some(sort_key(placed_at.parse().ok()?, &OrderId::try_from(id).ok()?)));
    parts.is_some_and(|key| key == text)
}

fn attention_partition(shard: u8) -> String {
    format!("attention#{shard}")
}

/// The shard of an order where there are [`SHARDS`] of them.
pub(crate) fn shard_of(id: &OrderId) -> u8 {
    first_digit(id) % SHARDS
}

/// Ids are digests, so the first of their hexadecimal digits spreads evenly.
fn first_digit(id: &OrderId) -> u8 {
    u8::from_str_radix(&id.as_str()[..1], 16).unwrap_or(0)
}

/// One line of a list as clients get it. The number follows from the id, so the table does not hold it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Listed {
    number: OrderNumber,
    #[serde(flatten)]
    view: View,
}

/// A line of a customer's own list: what is due concerns the shop alone.
pub(crate) fn listed_for_customer((key, document): &(Key, Document)) -> Result<Listed, StoreError> {
    document.read::<Summary>(key).map(Listed::from)
}

/// A line of a list from its view.
pub(crate) fn listed((key, document): &(Key, Document)) -> Result<Listed, StoreError> {
    document.read::<View>(key).map(Listed::from)
}

impl From<View> for Listed {
    fn from(view: View) -> Self {
        Self { number: OrderNumber::of(&view.summary.order_id), view }
    }
}

impl From<Summary> for Listed {
    fn from(summary: Summary) -> Self {
        Self::from(View { summary, due: None })
    }
}
