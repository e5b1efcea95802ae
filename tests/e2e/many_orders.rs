//! Many orders of every kind at once: all end, and then money, stock, events and views agree.

use crate::expected_end::assert_no_dead_letters;
use crate::stack::{Checkout, Goods, Stack, fresh};
use crate::stripe::moved;
use crate::tables::SERVICES;
use crate::topic_listener::Listener;
use crate::wait::{at_once, until, until_within};
use event_store::{EventStore as _, StreamId};
use events::Sku;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

const ORDERS: usize = 200;
const AT_ONCE: usize = 8;
/// The emulator starts only a few batches a second, on any machine.
const LONG: Duration = Duration::from_mins(6);

/// The kinds of orders. Which of the `Scarce` orders get their goods is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Payable,
    Declined,
    Scarce,
}

fn kind(n: usize) -> Kind {
    match n % 10 {
        3 => Kind::Declined,
        5 | 8 => Kind::Scarce,
        _ => Kind::Payable,
    }
}

struct Run {
    stack: Stack,
    tea: Goods,
    scarce: Goods,
    /// Kind and total by order id.
    orders: BTreeMap<String, (Kind, u64)>,
}

impl Run {
    fn ids(&self) -> Vec<String> {
        self.orders.keys().cloned().collect()
    }

    /// Waits until the list shows each order in one of these statuses. Returns the summaries by id.
    fn await_all(&self, statuses: &[&str]) -> BTreeMap<String, Value> {
        let ids = self.ids();
        until_within(LONG, format!("all {ORDERS} orders to be one of {statuses:?}"), || {
            let listed = self.stack.listed(&ids);
            let mut counted = BTreeMap::<String, usize>::new();
            for summary in &listed {
                *counted.entry(status(summary).to_owned()).or_default() += 1;
            }
            let matching = statuses.iter().filter_map(|status| counted.get(*status)).sum::<usize>();
            if matching < ORDERS {
                return Err(format!("{counted:?}"));
            }
            let by_id = |summary: Value| (summary["order_id"].as_str().expect("an id").to_owned(), summary);
            Ok(listed.into_iter().map(by_id).collect())
        })
    }

    fn checkout(&self, kind: Kind) -> Checkout {
        match kind {
            Kind::Payable => Checkout::of(&[(&self.tea, 2)]),
            Kind::Declined => Checkout::of(&[(&self.tea, 1)]).paid_by("pm_card_chargeCustomerFail"),
            Kind::Scarce => Checkout::of(&[(&self.tea, 1), (&self.scarce, 1)]),
        }
    }
}

fn status(summary: &Value) -> &str {
    summary["status"].as_str().expect("a status")
}

#[test]
fn of_many_orders_at_once_all_end_and_all_books_agree() {
    // Every other test would wait for these messages.
    let stack = Stack::exclusive();
    let listener = Listener::new(&stack.emulator);
    let (tea, scarce) = (stack.goods(950, 1000), stack.goods(3900, 10));
    let mut run = Run { stack, tea, scarce, orders: BTreeMap::new() };

    let began = Instant::now();
    let kinds: Vec<Kind> = (0..ORDERS).map(kind).collect();
    let placed = at_once(AT_ONCE, &kinds, |kind| {
        let checkout = run.checkout(*kind);
        (run.stack.place(&checkout), (*kind, checkout.total()))
    });
    run.orders = placed.into_iter().collect();
    report("placed", began);
    let settled = run.await_all(&["allocated", "payment_failed", "out_of_stock"]);
    report("allocated or ended", began);

    let allocated: Vec<String> = settled
        .iter()
        .filter(|(_, summary)| status(summary) == "allocated")
        .map(|(id, _)| id.clone())
        .collect();
    at_once(AT_ONCE, &allocated, |id| {
        run.stack.await_shipment(id);
        run.stack.dispatch(id, &format!("AP{}", fresh())).expect(202);
    });
    let ended = run.await_all(&["shipped", "payment_failed", "out_of_stock"]);
    report("ended", began);

    money_agrees(&run, &ended);
    stock_agrees(&run, &ended);
    every_event_is_published_and_recorded(&run, &listener);
    views_agree(&run);
    let ids: Vec<&str> = run.orders.keys().map(String::as_str).collect();
    assert_no_dead_letters(&run.stack, &ids);
}

fn report(what: &str, began: Instant) {
    let millis = began.elapsed().as_millis().max(1);
    eprintln!("{ORDERS} orders {what} after {millis} ms, {} a minute", ORDERS as u128 * 60_000 / millis);
}

/// I1: what shipped was paid in full, and everything else was refunded.
fn money_agrees(run: &Run, ended: &BTreeMap<String, Value>) {
    for (id, (kind, _)) in &run.orders {
        let expected: &[&str] = match kind {
            Kind::Payable => &["shipped"],
            Kind::Declined => &["payment_failed"],
            Kind::Scarce => &["shipped", "out_of_stock"],
        };
        assert!(expected.contains(&status(&ended[id])), "{kind:?} order {id}: {}", ended[id]);
    }
    let total_of = |wanted: &[&str]| -> u64 {
        let orders = run.orders.iter().filter(|(id, _)| wanted.contains(&status(&ended[*id])));
        orders.map(|(_, (_, total))| total).sum()
    };
    let (kept, refunded) = (total_of(&["shipped"]), total_of(&["out_of_stock"]));
    until("the refunds at the provider", || {
        let moved = moved(&run.stack.stripe.intents(|order| run.orders.contains_key(order)));
        if moved.refunded == refunded { Ok(()) } else { Err(format!("{moved:?}")) }
    });
    let intents = run.stack.stripe.intents(|order| run.orders.contains_key(order));
    assert_eq!(intents.len(), ORDERS, "one intent for each order");
    assert_eq!(moved(&intents).captured, kept + refunded);
}

/// I2: on hand is the initial stock less what shipped.
fn stock_agrees(run: &Run, ended: &BTreeMap<String, Value>) {
    let shipped = |id: &String| status(&ended[id]) == "shipped";
    let count = |wanted: Kind| {
        u64::try_from(run.orders.iter().filter(|(id, (kind, _))| *kind == wanted && shipped(id)).count())
            .expect("a small number")
    };
    assert_eq!(count(Kind::Scarce), 10, "every scarce piece was allocated");
    let tea = 1000 - 2 * count(Kind::Payable) - count(Kind::Scarce);
    run.stack.await_stock(&run.tea, tea, tea, 0);
    run.stack.await_stock(&run.scarce, 0, 0, 0);
}

/// I5, I6: sequences have no gaps, every event in the tables was published on its topic, and every fact of another service
/// is in the order's history.
fn every_event_is_published_and_recorded(run: &Run, listener: &Listener) {
    let products = StreamIds::of(run);
    let (written, recorded) =
        until_within(LONG, "every event of other services in the orders' histories", || {
            let mut written = products.events(run);
            let mut recorded = BTreeSet::new();
            let mut facts = BTreeSet::new();
            for id in run.orders.keys() {
                for service in SERVICES {
                    for (place, envelope) in (1..).zip(run.stack.tables.stream(service, id)) {
                        assert_eq!(envelope.sequence.number(), place, "{}", envelope.id);
                        if service != "ORDERS" {
                            facts.insert(envelope.id.to_string());
                        } else if envelope.event_type == "OrderUpdated" {
                            assert!(
                                recorded.insert(envelope.causationid.to_string()),
                                "{} was recorded twice",
                                envelope.causationid
                            );
                        }
                        written.insert(envelope.id.to_string());
                    }
                }
            }
            if facts == recorded {
                Ok((written, recorded.len()))
            } else {
                Err(format!("{} facts, {} of them recorded", facts.len(), recorded.len()))
            }
        });
    until("every event to be published", || {
        let published: BTreeSet<String> =
            listener.received().iter().map(|envelope| envelope.id.to_string()).collect();
        let missing: Vec<_> = written.difference(&published).take(5).collect();
        if missing.is_empty() { Ok(()) } else { Err(format!("not published: {missing:?} …")) }
    });
    eprintln!("{} events, all published; {recorded} facts, all recorded", written.len());
}

/// The streams of the run's products, in the catalog's table.
struct StreamIds(Vec<StreamId>);

impl StreamIds {
    fn of(run: &Run) -> Self {
        let stream = |goods: &Goods| StreamId::product(&Sku::try_from(goods.sku.as_str()).expect("a SKU"));
        Self(vec![stream(&run.tea), stream(&run.scarce)])
    }

    fn events(&self, run: &Run) -> BTreeSet<String> {
        let table = run.stack.tables.clients().table(&tests::variable("CONVEYOR_CATALOG_TABLE"));
        let read = |stream: &StreamId| run.stack.tables.run(table.read(stream)).expect("the table answers");
        self.0.iter().flat_map(read).map(|envelope| envelope.id.to_string()).collect()
    }
}

/// I8: the list equals the fold.
fn views_agree(run: &Run) {
    let ids = run.ids();
    let pages: BTreeMap<String, Value> =
        at_once(AT_ONCE, &ids, |id| (id.clone(), run.stack.order(id))).into_iter().collect();
    until("the list to agree with the pages", || {
        let differs = |summary: &Value| {
            let page = &pages[summary["order_id"].as_str().expect("an id")];
            ["status", "attention", "total", "currency", "placed_at", "updated_at"]
                .iter()
                .any(|field| summary[field] != page[field])
        };
        let listed = run.stack.listed(&ids);
        let lagging = listed.iter().filter(|summary| differs(summary)).count();
        if listed.len() == ORDERS && lagging == 0 {
            Ok(())
        } else {
            Err(format!("{lagging} of {} differ", listed.len()))
        }
    });
    assert!(pages.values().all(|page| page["attention"] == serde_json::json!([])));
}
