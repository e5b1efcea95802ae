//! What an order costs in a shop that has grown: many orders in the tables, a customer with many, an order with many lines and
//! events, a stream with many events.

use crate::ends::{ByFunction, deliver, dispatch, place, report_delivery};
use crate::meter::Tally;
use crate::page::{sum, table, units};
use crate::shop::{By, Shop};
use async_trait::async_trait;
use events::{OrdersEvent, Provider, Service};
use futures_util::{StreamExt as _, stream};
use outbound::{Publication, PublishError, Topic};
use outbox::PublishEvents;
use resilience::{Failure, FixedClock};
use runtime::stream::StreamWorker;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use testkit::MemoryQueue;

/// Enough for every order.
const PIECES: u64 = 1_000_000;
/// A customer places this many orders in a row, which is less than the limit of an hour.
const IN_A_ROW: u64 = 10;
/// The most lines that an order may have.
const LINES: u64 = 99;
/// Refunds of a part of an order, each of which is two facts.
const REFUNDS: u64 = 96;

/// What one order costs after this many: each of them delivered, of customers who have ten each.
///
/// # Panics
/// If an order is not delivered.
pub fn after(orders: &[u64], mut progress: impl FnMut(u64)) -> Vec<(u64, Tally)> {
    let mut shop = Shop::open(Provider::Warehouse, PIECES);
    let mut done = 0;
    let mut found = Vec::new();
    for &wanted in orders {
        while done < wanted {
            if done % IN_A_ROW == 0 {
                shop.serve(done / IN_A_ROW);
            }
            done += 1;
            deliver(&mut shop, done);
            if done % 1000 == 0 {
                progress(done);
            }
        }
        shop.serve(u64::MAX);
        shop.next_day();
        shop.counted();
        deliver(&mut shop, u64::MAX - wanted);
        found.push((wanted, sum(&shop.counted())));
    }
    found
}

/// What requests of a customer cost who has this many orders: placing one more, the first page of their list, and its last.
///
/// # Panics
/// If a request is refused.
pub fn of_a_customer(orders: u64, mut progress: impl FnMut(u64)) -> Vec<(String, Tally)> {
    let mut shop = Shop::open(Provider::Warehouse, PIECES);
    for number in 0..orders {
        if number % IN_A_ROW == 0 {
            shop.next_day();
        }
        deliver(&mut shop, number);
        if number % 1000 == 999 {
            progress(number + 1);
        }
    }
    shop.next_day();
    shop.counted();
    place(&mut shop, orders, "pm_card_visa", &["TEA-01"]);
    let mut found = vec![("`POST /orders`".to_owned(), only(&shop.counted(), "place-order"))];
    let (mut cursor, mut pages, mut listed) = (String::new(), 0, 0);
    loop {
        // By then, no earlier request counts for a limit any more.
        shop.next_day();
        shop.counted();
        let page = shop.ask(
            "get-order",
            &format!("GET /orders?limit=100{cursor}"),
            By::Customer,
            &[],
            &[],
            &Value::Null,
        );
        listed += page["items"].as_array().map_or(0, Vec::len);
        pages += 1;
        let is_last = page["next"].is_null();
        if pages == 1 || is_last {
            found
                .push((format!("`GET /orders?limit=100`, page {pages}"), only(&shop.counted(), "get-order")));
        }
        if is_last {
            break;
        }
        cursor = format!("&cursor={}", page["next"].as_str().expect("a cursor"));
    }
    assert_eq!(u64::try_from(listed).ok(), Some(orders + 1), "every order is on one page");
    found
}

/// What an order with the most lines costs: delivered, then with more and more facts, here refunds of a part.
///
/// # Panics
/// If a request is refused.
pub fn of_a_large_order() -> Vec<(String, Tally, usize)> {
    let mut shop = Shop::open(Provider::Warehouse, PIECES);
    let skus: Vec<String> = (1..=LINES).map(|number| format!("TEA-{number:02}")).collect();
    for sku in skus.iter().skip(1) {
        shop.sell(sku, PIECES);
    }
    shop.next_day();
    shop.counted();
    let skus: Vec<&str> = skus.iter().map(String::as_str).collect();
    let order = place(&mut shop, 0, "pm_card_visa", &skus);
    dispatch(&mut shop, &order, 0);
    report_delivery(&mut shop, 0);
    let mut found =
        vec![(format!("{LINES} lines, placed to delivered"), sum(&shop.counted()), shown(&mut shop, &order))];
    for refund in 1..=REFUNDS {
        shop.next_day();
        shop.counted();
        let key = format!("{refund:032}");
        let path = [("order_id", order.as_str())];
        let body = json!({"amount": 10, "reason": "goodwill"});
        shop.ask(
            "request-refund",
            "POST /orders/{order_id}/refunds",
            By::Admin,
            &path,
            &[("idempotency-key", &key)],
            &body,
        );
        shop.settle();
        let events = shop.length(&order);
        if refund == 1 || refund == REFUNDS {
            let what = format!("a refund of a part of it, up to event {events}");
            found.push((what, sum(&shop.counted()), shown(&mut shop, &order)));
        }
    }
    found
}

/// Publishes this many events of one shard of a stream as the template has them read: four batches of 100 at once. SNS takes
/// its published median for each request. Returns the invocations, the requests and the time that passed.
///
/// # Panics
/// If an event is not published.
pub fn of_a_shard(events: u32) -> (u64, u64, Duration) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(async {
        let topic = Arc::new(SlowTopic::default());
        let topics: BTreeMap<Service, Arc<dyn Topic>> =
            BTreeMap::from([(Service::Orders, topic.clone() as Arc<dyn Topic>)]);
        let clock = Arc::new(FixedClock::at(testkit::now()));
        let dead = Arc::new(MemoryQueue::default());
        let worker =
            StreamWorker::new("publish-events", dead.clone(), clock, Arc::new(PublishEvents { topics }));
        let record = |number: u32| {
            let placed = testkit::envelope(
                &testkit::order_id(u64::from(number)),
                1,
                &OrdersEvent::OrderPlaced(testkit::placed()),
            );
            testkit::arrived(&number.to_string(), testkit::record(&placed))
        };
        let records: Vec<_> = (0..events).map(record).collect();
        let batches = records.chunks(BATCH).map(<[_]>::to_vec);
        let began = Instant::now();
        let read: Vec<Result<(), Failure>> =
            stream::iter(batches).map(|batch| worker.handle(batch)).buffer_unordered(READERS).collect().await;
        assert!(read.iter().all(Result::is_ok) && dead.dead_letters().is_empty(), "every event is published");
        (as_u64(read.len()), topic.0.load(Ordering::Relaxed), began.elapsed())
    })
}

/// How many records a batch has, and how many batches of a shard are read at once: `local/template/kinds.py`.
const BATCH: usize = 100;
const READERS: usize = 4;
/// What SNS takes for a request: the median of published measurements.
const SNS_TAKES: Duration = Duration::from_millis(16);

/// Counts requests of ten messages, each of which takes its time.
#[derive(Default)]
struct SlowTopic(AtomicU64);

#[async_trait]
impl Topic for SlowTopic {
    async fn publish(&self, messages: &[Publication]) -> Result<(), PublishError> {
        for _ in messages.chunks(10) {
            self.0.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(SNS_TAKES).await;
        }
        Ok(())
    }
}

fn as_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// The bytes of the order's page.
fn shown(shop: &mut Shop, order: &str) -> usize {
    let path = [("order_id", order)];
    shop.ask("get-order", "GET /orders/{order_id}", By::Admin, &path, &[], &Value::Null).to_string().len()
}

fn only(counted: &ByFunction, function: &str) -> Tally {
    counted.get(function).cloned().unwrap_or_default()
}

/// The page with its measured part written anew.
///
/// # Panics
/// If the page lacks the part.
pub fn renew(page: &str, part: &str) -> String {
    let (before, rest) = page.split_once(MARK).expect("the page has a part for growth");
    let (_, after) = rest.split_once("<!-- end -->").expect("the part has an end");
    [before, MARK, "\n", part, "<!-- end -->", after].concat()
}

/// The measured part of the page. `progress` is called with a line about what is done.
///
/// # Panics
/// If an order is not delivered.
pub fn part(progress: impl Fn(String)) -> String {
    let sizes = self::after(&[0, 10, 1000, 100_000], |done| progress(format!("{done} orders delivered")));
    let customer = of_a_customer(10_000, |done| progress(format!("{done} orders of one customer delivered")));
    let large = of_a_large_order();
    let (invocations, requests, took) = of_a_shard(10_000);
    let row = |what: String, tally: &Tally| {
        vec![what, tally.writes().to_string(), units(tally.read_halves), tally.dynamodb().to_string()]
    };
    let sizes = sizes.iter().map(|(orders, tally)| row(format!("an order after {orders} others"), tally));
    let customer =
        customer.iter().map(|(what, tally)| row(format!("a customer with 10000 orders: {what}"), tally));
    let large = large
        .iter()
        .map(|(what, tally, bytes)| row(format!("{what}; its page then has {bytes} bytes"), tally));
    let rows = table(
        &["what", "write units", "read units", "DynamoDB requests"],
        sizes.chain(customer).chain(large).collect(),
    );
    let shard = format!(
        "10000 events in one shard: `publish-events` takes {invocations} invocations and {requests} SNS requests, and {:.1} s if a request takes {} ms.",
        took.as_secs_f64(),
        SNS_TAKES.as_millis(),
    );
    [rows, shard].join("\n") + "\n"
}

const MARK: &str = "<!-- measured: growth -->";
