//! From what was counted to a price: `bench/prices.toml`, and how a rate of orders fills batches.

use crate::ends::ByFunction;
use crate::meter::Tally;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Memory of a function, in gigabytes: the template's default.
const MEMORY: f64 = 0.125;
/// What a request to AWS takes, in milliseconds: DynamoDB's published median of a put is 7.6 ms, of a read less.
const REQUEST_MS: f64 = 6.0;
/// What an invocation takes beside its requests, in milliseconds.
const OWN_MS: f64 = 1.0;
/// What a call to a payment provider takes, in milliseconds.
const PROVIDER_MS: f64 = 400.0;
/// The pollers that an event source of a queue keeps at rest, and the seconds that each of their receives waits.
/// [Lambda, "Scaling behavior"](https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html)
const POLLERS: f64 = 5.0;
const RECEIVE_SECONDS: f64 = 20.0;
pub(crate) const MONTH_SECONDS: f64 = 30.0 * 24.0 * 3600.0;

/// The price table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// When the prices were read.
    pub as_of: String,
    /// USD for a million.
    pub per_million: BTreeMap<String, f64>,
    /// USD for one.
    pub each: BTreeMap<String, f64>,
}

impl Prices {
    /// Reads `bench/prices.toml`.
    ///
    /// # Panics
    /// If it cannot be read.
    pub fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bench/prices.toml");
        let text = std::fs::read_to_string(&path).expect("bench/prices.toml");
        toml::from_str(&text).expect("bench/prices.toml is a price table")
    }

    pub(crate) fn million(&self, what: &str) -> f64 {
        *self.per_million.get(what).expect("a price of bench/prices.toml")
    }

    pub(crate) fn one(&self, what: &str) -> f64 {
        *self.each.get(what).expect("a price of bench/prices.toml")
    }
}

/// How many orders come, and how full that makes the batches.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    /// In words.
    pub name: &'static str,
    /// Messages or records of one invocation, where the event source takes several.
    batch: f64,
    /// Orders for each read of a secret, which a process keeps for a minute.
    orders_per_secret: f64,
}

/// An order alone: no batch has two messages.
pub const SLOW: Rate = Rate { name: "one a minute", batch: 1.0, orders_per_secret: 1.0 };
/// Batches of queues and topics hold ten.
pub const FAST: Rate = Rate { name: "50 a second", batch: 10.0, orders_per_secret: 300.0 };

/// Queue functions that take one message at a time. A test compares them with the template.
pub const ONE_AT_A_TIME: [&str; 2] = ["take-payment", "ship-order"];
const READERS: [&str; 4] = ["publish-events", "project-orders", "apply-stripe-event", "apply-carrier-event"];
/// Functions that read a secret: to verify a webhook, to call the payment provider, to hash an email.
const WITH_SECRET: [&str; 4] = ["take-payment", "stripe-webhook", "carrier-webhook", "project-orders"];

impl Rate {
    /// USD for a million orders, by service.
    pub fn price(self, of: &ByFunction, prices: &Prices) -> Vec<(&'static str, f64)> {
        let mut all = Tally::default();
        let (mut invocations, mut queue_requests, mut milliseconds, mut http, mut secrets, mut logs) =
            (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
        for (function, tally) in of {
            all.add(tally);
            let is_batched = !ONE_AT_A_TIME.contains(&function.as_str())
                && (tally.messages > 0 || READERS.contains(&function.as_str()));
            let batch = if is_batched { self.batch } else { 1.0 };
            let own = count(tally.invocations) / batch;
            invocations += own;
            // A batch has one line of its outcomes, which gets a few bytes longer with each message.
            logs += count(tally.log_bytes - tally.batch_bytes) + count(tally.batch_bytes) / batch;
            // A receive and a delete for each batch.
            queue_requests += 2.0 * count(tally.messages) / batch + count(tally.sends);
            // The messages of a batch are handled concurrently.
            let requests = count(tally.dynamodb() + tally.publishes + tally.mails) * REQUEST_MS;
            milliseconds += own * OWN_MS + requests / batch + count(tally.calls) * PROVIDER_MS;
            if tally.messages == 0 && !READERS.contains(&function.as_str()) && !function.starts_with("sweep")
            {
                http += count(tally.invocations);
            }
            secrets += f64::from(WITH_SECRET.contains(&function.as_str())) / self.orders_per_secret;
        }
        let gigabyte_seconds = milliseconds / 1000.0 * MEMORY;
        let publishes = count(all.publishes) / self.batch;
        vec![
            ("DynamoDB writes", count(all.writes()) * prices.million("write_units")),
            ("DynamoDB reads", count(all.read_halves) / 2.0 * prices.million("read_units")),
            ("SNS", publishes * prices.million("topic_requests")),
            ("SQS", queue_requests * prices.million("queue_requests")),
            (
                "Lambda",
                invocations * prices.million("invocations")
                    + gigabyte_seconds * prices.million("gigabyte_seconds"),
            ),
            ("HTTP API", http * prices.million("http_requests")),
            ("Logs", logs / 1000.0 * prices.one("gigabyte_of_logs")),
            ("Secrets Manager", secrets * prices.million("secret_reads")),
        ]
    }
}

/// USD a month for the long polling of this many queues.
pub(crate) fn polling(queues: usize, prices: &Prices) -> f64 {
    let receives = POLLERS * MONTH_SECONDS / RECEIVE_SECONDS * as_number(queues);
    receives / 1e6 * prices.million("queue_requests")
}

pub(crate) fn as_number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

pub(crate) fn count(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
