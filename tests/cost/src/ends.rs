//! The ends of an order that cost something, each played alone in a fresh shop.

use crate::meter::Tally;
use crate::shop::{By, SECRET, Shop};
use events::Provider;
use outbound::Secret;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use testkit::tracker_event;

/// What every function did for one order.
pub type ByFunction = BTreeMap<String, Tally>;

/// An end, and what leads to it.
#[derive(Debug, Clone, Copy)]
pub struct End {
    /// The status of the order at its end.
    pub name: &'static str,
    /// What happens, in a few words.
    pub what: &'static str,
    run: fn() -> (Shop, String),
}

/// The end that the budget is for: a card, one product, dispatched by the shop's warehouse, delivered by a carrier that reports
/// by webhook.
pub const DELIVERED: End = End {
    name: "delivered",
    what: "paid by card, one product, dispatched by the warehouse, the carrier reports the delivery",
    run: || {
        let mut shop = Shop::open(Provider::Warehouse, 100);
        let order = deliver(&mut shop, FIRST);
        (shop, order)
    },
};

/// The number of the order of a shop that has one.
const FIRST: u64 = 123_456_789;

/// All ends.
pub const ENDS: [End; 7] = [
    DELIVERED,
    End {
        name: "payment_failed",
        what: "the card is declined",
        run: || placed("pm_card_chargeCustomerFail"),
    },
    End {
        name: "expired",
        what: "3-D Secure is never completed",
        run: || {
            let (mut shop, order) = placed("pm_card_threeDSecure");
            shop.later(Duration::from_mins(31), "sweep-orders");
            shop.settle();
            (shop, order)
        },
    },
    End {
        name: "out_of_stock",
        what: "paid, and the stock is gone: refunded",
        run: || {
            let mut shop = Shop::open(Provider::Warehouse, 1);
            let order = place(&mut shop, FIRST, "pm_card_visa", &["TEA-01"]);
            (shop, order)
        },
    },
    End {
        name: "cancelled",
        what: "cancelled by the customer once it is allocated: released and refunded",
        run: || {
            let (mut shop, order) = placed("pm_card_visa");
            let path = [("order_id", order.as_str())];
            shop.ask("cancel-order", "POST /orders/{order_id}/cancel", By::Customer, &path, &[], &json!({}));
            shop.settle();
            (shop, order)
        },
    },
    End {
        name: "shipping_failed",
        what: "the warehouse cannot pack it: released and refunded",
        run: || {
            let (mut shop, order) = placed("pm_card_visa");
            act(&mut shop, &order, "fail", &json!({"reason": "broken"}));
            (shop, order)
        },
    },
    End {
        name: "returned",
        what: "delivered, sent back, restocked and refunded",
        run: || {
            let mut shop = Shop::open(Provider::Warehouse, 100);
            let order = deliver(&mut shop, FIRST);
            act(&mut shop, &order, "return", &json!({"restock": true}));
            (shop, order)
        },
    },
];

impl End {
    /// Plays it and returns what every function did.
    ///
    /// # Panics
    /// If the order does not end so.
    pub fn play(self) -> ByFunction {
        let (shop, order) = (self.run)();
        assert_eq!(shop.status(&order), self.name, "the order's end");
        shop.counted()
    }
}

/// The id of a delivered order, and the log lines of all functions for it.
///
/// # Panics
/// On a line that is not JSON.
pub fn log_of_a_delivered_order() -> (String, Vec<Value>) {
    let (shop, order) = (DELIVERED.run)();
    let lines = shop.meter.lines();
    (order, lines.iter().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect())
}

/// How many metrics a delivered order writes: each with each set of values of its dimensions is one, as `CloudWatch` counts.
pub(crate) fn metrics_of_a_delivered_order() -> usize {
    let mut found = BTreeSet::new();
    for line in log_of_a_delivered_order().1 {
        for directive in line["_aws"]["CloudWatchMetrics"].as_array().into_iter().flatten() {
            let dimensions = directive["Dimensions"][0].as_array().into_iter().flatten();
            let dimensions = dimensions.map(|name| line[name.as_str().unwrap_or_default()].to_string());
            let dimensions: Vec<String> = dimensions.collect();
            let metrics = directive["Metrics"].as_array().into_iter().flatten();
            found.extend(metrics.map(|metric| (metric["Name"].to_string(), dimensions.clone())));
        }
    }
    found.len()
}

/// The bytes that a delivered order leaves in the tables.
pub(crate) fn left() -> usize {
    let opened = Shop::open(Provider::Warehouse, 100).stored();
    (DELIVERED.run)().0.stored() - opened
}

/// Plays the order of this number in the shop, from placed to delivered, and returns its id.
pub(crate) fn deliver(shop: &mut Shop, number: u64) -> String {
    let order = place(shop, number, "pm_card_visa", &["TEA-01"]);
    dispatch(shop, &order, number);
    report_delivery(shop, number);
    order
}

/// Places the order of this number, two pieces of each product, and lets follow what follows.
pub(crate) fn place(shop: &mut Shop, number: u64, payment_method: &str, skus: &[&str]) -> String {
    let items: Vec<Value> = skus.iter().map(|sku| json!({"sku": sku, "quantity": 2})).collect();
    let body = json!({
        "items": items,
        "currency": "EUR",
        "payment_method": payment_method,
        "contact": {"email": "ada@customer.example"},
        "shipping_address": {
            "name": "Ada Example", "line1": "Bahnhofstrasse 1", "city": "Zürich", "postal_code": "8001", "country": "CH",
        },
    });
    let key = format!("{number:032}");
    let headers = [("idempotency-key", key.as_str())];
    let answer: Value = shop.ask("place-order", "POST /orders", By::Customer, &[], &headers, &body);
    shop.settle();
    answer["order_id"].as_str().expect("an order id").to_owned()
}

fn placed(payment_method: &str) -> (Shop, String) {
    let mut shop = Shop::open(Provider::Warehouse, 100);
    let order = place(&mut shop, FIRST, payment_method, &["TEA-01"]);
    (shop, order)
}

fn act(shop: &mut Shop, order: &str, what: &str, body: &Value) {
    let route = format!("POST /shipments/{{order_id}}/{what}");
    shop.ask("manage-shipments", &route, By::Admin, &[("order_id", order)], &[], body);
    shop.settle();
}

pub(crate) fn dispatch(shop: &mut Shop, order: &str, number: u64) {
    act(
        shop,
        order,
        "dispatch",
        &json!({"carrier": "Alpine Parcel", "tracking_code": tracking_code(number)}),
    );
}

pub(crate) fn report_delivery(shop: &mut Shop, number: u64) {
    let arrived = shop.now().to_string();
    let scans = [("delivered", "arrived_at_destination", arrived.as_str())];
    let event = tracker_event(&format!("evt_{number:032}"), "Alpine Parcel", &tracking_code(number), &scans);
    let signature = webhooks::EasyPost::sign(event.to_string().as_bytes(), &Secret::new(SECRET));
    let headers = [("x-hmac-signature", signature.as_str())];
    shop.ask("carrier-webhook", "POST /webhooks/easypost", By::Provider, &[], &headers, &event);
    shop.settle();
}

fn tracking_code(number: u64) -> String {
    format!("AP{number:010}")
}
