//! The end of an order, as its customer, the warehouse, the payment provider and the mailbox show it. One comparison covers
//! all of these, so that no test forgets a side.

use crate::emulator::Emulator;
use crate::stack::{Checkout, Goods, Stack};
use crate::wait::{pause, until};
use serde_json::{Value, json};
use std::time::Duration;

/// Subjects of the messages to customers, without the shop's name.
pub(crate) mod mail {
    pub(crate) const PAID: &str = "we have your payment";
    pub(crate) const REFUNDED: &str = "your money is on its way back";
    pub(crate) const OUT_OF_STOCK: &str = "sorry, your order is out of stock";
    pub(crate) const SHIPPED: &str = "your order is on its way";
    pub(crate) const SHIPPING_FAILED: &str = "sorry, we cannot send your order";
    pub(crate) const DELIVERED: &str = "your order has arrived";
    pub(crate) const CANCELLED: &str = "your order is cancelled";
}

/// The facts of an order that is paid, allocated and requested from the warehouse: most ends begin with them.
pub(crate) const ALLOCATED: [&str; 5] =
    ["order_placed", "payment_requested", "order_paid", "inventory_updated", "shipment_requested"];

/// The facts of a dispatch.
pub(crate) const DISPATCHED: [&str; 2] = ["shipped", "stock_committed"];

/// The facts of a refund.
pub(crate) const REFUND: [&str; 2] = ["refund_requested", "payment_refunded"];

/// An order, and an address that gets no other mail.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) email: String,
}

impl Order {
    pub(crate) fn place(stack: &Stack, checkout: &Checkout) -> Self {
        Self { id: stack.place(checkout), email: checkout.email.clone() }
    }

    /// Places an order, and waits until it is on the warehouse's list.
    pub(crate) fn allocated(stack: &Stack, checkout: &Checkout) -> Self {
        let order = Self::place(stack, checkout);
        stack.await_shipment(&order.id);
        order
    }
}

/// The expected state of an order that has ended or waits for an operator. Amounts are minor units.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End<'a> {
    pub(crate) status: &'a str,
    pub(crate) attention: &'a [&'a str],
    /// Captured by one charge, at the provider and on the page.
    pub(crate) captured: u64,
    pub(crate) refunded: u64,
    /// On hand, available, allocated.
    pub(crate) stock: &'a [(&'a Goods, (u64, u64, u64))],
    /// Every fact of the timeline, as often as it is shown. Some arrive in any order, so the order is not compared.
    pub(crate) timeline: &'a [&'a [&'a str]],
    /// Each message to the customer, once. Only a crash duplicates a message, and the tests with crashes run alone.
    pub(crate) mails: &'a [&'a str],
}

impl End<'_> {
    /// Waits until the order is in this state, and until no message is under way that could change it.
    pub(crate) fn await_seen(&self, stack: &Stack, order: &Order) {
        let wanted = self.wanted();
        let look = || {
            let seen = self.seen(stack, order);
            if seen == wanted { Ok(()) } else { Err(format!("{seen} instead of {wanted}")) }
        };
        until(format!("order {} to end as {}", order.id, self.status), look);
        settle(stack, &[&order.id]);
        look().unwrap_or_else(|difference| panic!("order {} did not stay so: {difference}", order.id));
        until("the list of open orders to agree", || {
            let attention = json!({"attention": "any", "cursor": null});
            let is_found = found(stack, &attention).contains(&order.id);
            if is_found == self.attention.is_empty() {
                return Err(format!("found by attention: {is_found}"));
            }
            let is_listed = stack.open_orders().iter().any(|open| open["order_id"] == *order.id);
            if is_listed == self.is_open() { Ok(()) } else { Err(format!("listed: {is_listed}")) }
        });
        assert_no_dead_letters(stack, &[order.id.as_str()]);
    }

    /// The order has not ended, owes something, or needs a person.
    fn is_open(&self) -> bool {
        !self.attention.is_empty()
            || ["placed", "payment_action_required", "paid", "allocated", "cancelling"].contains(&self.status)
    }

    fn wanted(&self) -> Value {
        let moved = json!({"captured": self.captured, "refunded": self.refunded});
        json!({
            "status": self.status,
            "attention": self.attention,
            "page": moved,
            "provider": moved,
            "charges": usize::from(self.captured > 0),
            "stock": self.stock.iter().map(|(_, numbers)| json!(numbers)).collect::<Vec<_>>(),
            "timeline": sorted(self.timeline.concat().into_iter().map(str::to_owned).collect()),
            "mails": sorted(self.mails.iter().map(|subject| (*subject).to_owned()).collect()),
        })
    }

    fn seen(&self, stack: &Stack, order: &Order) -> Value {
        let page = stack.order(&order.id);
        let moved = stack.stripe.moved(&order.id);
        json!({
            "status": page["status"],
            "attention": page["attention"],
            "page": {"captured": page["payment"]["captured"], "refunded": page["payment"]["refunded"]},
            "provider": {"captured": moved.captured, "refunded": moved.refunded},
            "charges": moved.charges,
            "stock": self.stock.iter().map(|(goods, _)| json!(stack.stock(goods))).collect::<Vec<_>>(),
            "timeline": sorted(facts(&page)),
            "mails": sorted(mails(&stack.emulator, &order.email)),
        })
    }
}

/// The ids of every order that a search finds, on all of its pages.
pub(crate) fn found(stack: &Stack, criterion: &Value) -> Vec<String> {
    let (mut criterion, mut ids) = (criterion.clone(), Vec::new());
    loop {
        let page = stack.admin.post("/orders/search", &criterion).expect(200);
        let items = page["items"].as_array().into_iter().flatten();
        ids.extend(items.filter_map(|item| item["order_id"].as_str().map(str::to_owned)));
        if page["next"].is_null() {
            return ids;
        }
        criterion["cursor"] = page["next"].clone();
    }
}

/// The timeline's facts, in its order.
pub(crate) fn facts(page: &Value) -> Vec<String> {
    let timeline = page["timeline"].as_array().expect("a timeline");
    timeline.iter().map(|entry| entry["type"].as_str().expect("a type").to_owned()).collect()
}

/// Whether the timeline has this fact.
pub(crate) fn has_fact(page: &Value, fact: &str) -> bool {
    facts(page).iter().any(|shown| shown == fact)
}

/// The subjects of the messages to the customer, without the shop's name.
fn mails(emulator: &Emulator, address: &str) -> Vec<String> {
    let subjects = emulator.mail_to(address);
    subjects.iter().map(|subject| subject.rsplit(": ").next().unwrap_or_default().to_owned()).collect()
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts
}

/// Waits until no queue has messages about these orders. An event takes a moment from its table to a queue, so one look is
/// not enough.
pub(crate) fn settle(stack: &Stack, orders: &[&str]) {
    for _ in 0..2 {
        until("all messages about the orders to be handled", || {
            let busy = tests::variables_ending("_QUEUE_URL").into_iter().find(|(_, url)| {
                stack.emulator.queued(url).iter().any(|message| {
                    let text = message.to_string();
                    orders.iter().any(|order| text.contains(order))
                })
            });
            busy.map_or(Ok(()), |(name, _)| Err(name))
        });
        pause(Duration::from_millis(400));
    }
}

/// I6: no message about these orders or webhooks was dead-lettered.
pub(crate) fn assert_no_dead_letters(stack: &Stack, ids: &[&str]) {
    let queues = tests::variables_ending("_DEAD_LETTERS_URL");
    assert!(!queues.is_empty(), "the environment names no dead-letter queue");
    for (name, url) in queues {
        for letter in stack.emulator.queued(&url) {
            let text = letter.to_string();
            assert!(!ids.iter().any(|id| text.contains(id)), "{name} holds {text}");
        }
    }
}
