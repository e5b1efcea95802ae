//! How an order ended, as everybody sees it who looks: its customer, the warehouse, the payment provider, and the one
//! who reads the mail. One comparison of all of it, so that no test forgets a side.

use crate::emulator::Emulator;
use crate::shop::{Checkout, Goods, Shop};
use crate::wait::{pause, until};
use serde_json::{Value, json};
use std::time::Duration;

/// Subjects of the messages to customers, without the shop's name.
pub(crate) mod mail {
    pub(crate) const PAID: &str = "we have your payment";
    pub(crate) const PAYMENT_FAILED: &str = "your payment did not go through";
    pub(crate) const ACTION_REQUIRED: &str = "please confirm your payment";
    pub(crate) const REFUNDED: &str = "your money is on its way back";
    pub(crate) const OUT_OF_STOCK: &str = "sorry, your order is out of stock";
    pub(crate) const SHIPPED: &str = "your order is on its way";
    pub(crate) const SHIPPING_FAILED: &str = "sorry, we cannot send your order";
    pub(crate) const DELIVERED: &str = "your order has arrived";
    pub(crate) const CANCELLED: &str = "your order is cancelled";
}

/// The facts of an order that is paid, allocated and with the warehouse: what most ends begin with.
pub(crate) const ALLOCATED: [&str; 5] =
    ["order_placed", "payment_requested", "order_paid", "inventory_updated", "shipment_requested"];

/// And of one that was handed over.
pub(crate) const LEFT: [&str; 2] = ["shipped", "stock_committed"];

/// What a refund adds.
pub(crate) const REFUND: [&str; 2] = ["refund_requested", "payment_refunded"];

/// An order, and the address that nobody else's mail goes to.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) email: String,
}

impl Order {
    pub(crate) fn place(shop: &Shop, checkout: &Checkout) -> Self {
        Self { id: shop.place(checkout), email: checkout.email.clone() }
    }

    /// Placed, and on the warehouse's list.
    pub(crate) fn allocated(shop: &Shop, checkout: &Checkout) -> Self {
        let order = Self::place(shop, checkout);
        shop.await_shipment(&order.id);
        order
    }
}

/// What is to be seen of an order that has ended, or that waits for somebody. Amounts are minor units.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End<'a> {
    pub(crate) status: &'a str,
    pub(crate) attention: &'a [&'a str],
    /// By one charge, at the provider and on the page.
    pub(crate) captured: u64,
    pub(crate) refunded: u64,
    /// On hand, available, allocated.
    pub(crate) stock: &'a [(&'a Goods, (u64, u64, u64))],
    /// Every fact of the timeline, as often as it is told. Some may arrive in any order, so the order is not compared.
    pub(crate) timeline: &'a [&'a [&'a str]],
    /// Each message to the customer, once: a message may be repeated only after a crash, and the tests that let
    /// functions crash have the stack to themselves.
    pub(crate) mails: &'a [&'a str],
}

impl End<'_> {
    /// Waits until all of it is to be seen, and until nothing is under way that could change it.
    pub(crate) fn is_seen(&self, shop: &Shop, order: &Order) {
        let wanted = self.wanted();
        let look = || {
            let seen = self.seen(shop, order);
            if seen == wanted { Ok(()) } else { Err(format!("{seen}, and not {wanted}")) }
        };
        until(format!("order {} to end as {}", order.id, self.status), look);
        settle(shop, &[&order.id]);
        look().unwrap_or_else(|difference| panic!("order {} did not stay so: {difference}", order.id));
        until("the list of open orders to agree", || {
            let is_listed = shop.open_orders().iter().any(|open| open["order_id"] == *order.id);
            if is_listed == self.is_open() { Ok(()) } else { Err(format!("listed: {is_listed}")) }
        });
        no_letter_is_dead(shop, &[order.id.as_str()]);
    }

    /// It has not ended, or owes something.
    fn is_open(&self) -> bool {
        let owes = self.attention.iter().any(|attention| ["disputed", "refund_failed"].contains(attention));
        owes || ["placed", "payment_action_required", "paid", "allocated", "cancelling"]
            .contains(&self.status)
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

    fn seen(&self, shop: &Shop, order: &Order) -> Value {
        let page = shop.order(&order.id);
        let moved = shop.stripe.moved(&order.id);
        json!({
            "status": page["status"],
            "attention": page["attention"],
            "page": {"captured": page["payment"]["captured"], "refunded": page["payment"]["refunded"]},
            "provider": {"captured": moved.captured, "refunded": moved.refunded},
            "charges": moved.charges,
            "stock": self.stock.iter().map(|(goods, _)| json!(shop.stock(goods))).collect::<Vec<_>>(),
            "timeline": sorted(facts(&page)),
            "mails": sorted(mails(&shop.emulator, &order.email)),
        })
    }
}

/// The timeline's facts, in its order.
pub(crate) fn facts(page: &Value) -> Vec<String> {
    let timeline = page["timeline"].as_array().expect("a timeline");
    timeline.iter().map(|entry| entry["type"].as_str().expect("a type").to_owned()).collect()
}

/// Whether the timeline tells this.
pub(crate) fn tells(page: &Value, fact: &str) -> bool {
    facts(page).iter().any(|told| told == fact)
}

/// What the customer was told, without the shop's name.
fn mails(emulator: &Emulator, address: &str) -> Vec<String> {
    let subjects = emulator.mail_to(address);
    subjects.iter().map(|subject| subject.rsplit(": ").next().unwrap_or_default().to_owned()).collect()
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts
}

/// Waits until no queue speaks of these orders any more. An event takes a moment from its table to a queue, so one empty
/// look is not enough.
pub(crate) fn settle(shop: &Shop, orders: &[&str]) {
    for _ in 0..2 {
        until("all messages about the orders to be worked off", || {
            let busy = tests::stack_names("_QUEUE_URL").into_iter().find(|(_, url)| {
                shop.emulator.queued(url).iter().any(|message| {
                    let text = message.to_string();
                    orders.iter().any(|order| text.contains(order))
                })
            });
            busy.map_or(Ok(()), |(name, _)| Err(name))
        });
        pause(Duration::from_millis(400));
    }
}

/// I6 as a test wants it: no step gave up on any of these (orders, webhooks).
pub(crate) fn no_letter_is_dead(shop: &Shop, ids: &[&str]) {
    let queues = tests::stack_names("_DEAD_LETTERS_URL");
    assert!(!queues.is_empty(), "the environment names no dead letters");
    for (name, url) in queues {
        for letter in shop.emulator.queued(&url) {
            let text = letter.to_string();
            assert!(!ids.iter().any(|id| text.contains(id)), "{name} holds {text}");
        }
    }
}
