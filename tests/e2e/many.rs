//! Many orders at once, of every kind: all end, and money, stock, events and views agree in the end.

use crate::ending::no_letter_is_dead;
use crate::published::Listener;
use crate::shop::{Checkout, Goods, Shop, fresh};
use crate::stripe::moved;
use crate::tables::SERVICES;
use crate::wait::{at_once, until, until_within};
use event_store::{EventStore as _, StreamId};
use events::Sku;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

const ORDERS: usize = 200;
const AT_ONCE: usize = 8;
/// The emulator starts a few batches a second, whatever the machine.
const LONG: Duration = Duration::from_mins(6);

/// What a kind of order is sure to become. Which of those that want the scarce goods get them is chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sound,
    Declined,
    Scarce,
}

fn kind(n: usize) -> Kind {
    match n % 10 {
        3 => Kind::Declined,
        5 | 8 => Kind::Scarce,
        _ => Kind::Sound,
    }
}

struct Run {
    shop: Shop,
    tea: Goods,
    scarce: Goods,
    /// Kind and total by order id.
    orders: BTreeMap<String, (Kind, u64)>,
}

impl Run {
    fn ids(&self) -> Vec<String> {
        self.orders.keys().cloned().collect()
    }

    /// Waits until the list shows each order in one of these statuses, and gives back the summaries by id.
    fn await_all(&self, statuses: &[&str]) -> BTreeMap<String, Value> {
        let ids = self.ids();
        until_within(LONG, format!("all {ORDERS} orders to be one of {statuses:?}"), || {
            let listed = self.shop.listed(&ids);
            let mut counted = BTreeMap::<String, usize>::new();
            for summary in &listed {
                *counted.entry(status(summary).to_owned()).or_default() += 1;
            }
            let there = statuses.iter().filter_map(|status| counted.get(*status)).sum::<usize>();
            if there < ORDERS {
                return Err(format!("{counted:?}"));
            }
            let by_id = |summary: Value| (summary["order_id"].as_str().expect("an id").to_owned(), summary);
            Ok(listed.into_iter().map(by_id).collect())
        })
    }

    fn checkout(&self, kind: Kind) -> Checkout {
        match kind {
            Kind::Sound => Checkout::of(&[(&self.tea, 2)]),
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
    // So many messages at once would keep every other test waiting.
    let shop = Shop::alone();
    let listener = Listener::new(&shop.emulator);
    let (tea, scarce) = (shop.goods(950, 1000), shop.goods(3900, 10));
    let mut run = Run { shop, tea, scarce, orders: BTreeMap::new() };

    let began = Instant::now();
    let kinds: Vec<Kind> = (0..ORDERS).map(kind).collect();
    let placed = at_once(AT_ONCE, &kinds, |kind| {
        let checkout = run.checkout(*kind);
        (run.shop.place(&checkout), (*kind, checkout.total()))
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
        run.shop.await_shipment(id);
        run.shop.dispatch(id, &format!("AP{}", fresh())).expect(202);
    });
    let ended = run.await_all(&["shipped", "payment_failed", "out_of_stock"]);
    report("ended", began);

    money_agrees(&run, &ended);
    stock_agrees(&run, &ended);
    everything_was_published_and_told(&run, &listener);
    views_agree(&run);
    let ids: Vec<&str> = run.orders.keys().map(String::as_str).collect();
    no_letter_is_dead(&run.shop, &ids);
}

fn report(what: &str, began: Instant) {
    let millis = began.elapsed().as_millis().max(1);
    eprintln!("{ORDERS} orders {what} after {millis} ms, {} a minute", ORDERS as u128 * 60_000 / millis);
}

/// I1: what shipped was paid for in full, and for all else nothing was kept.
fn money_agrees(run: &Run, ended: &BTreeMap<String, Value>) {
    for (id, (kind, _)) in &run.orders {
        let expected: &[&str] = match kind {
            Kind::Sound => &["shipped"],
            Kind::Declined => &["payment_failed"],
            Kind::Scarce => &["shipped", "out_of_stock"],
        };
        assert!(expected.contains(&status(&ended[id])), "{kind:?} order {id}: {}", ended[id]);
    }
    let total_of = |wanted: &[&str]| -> u64 {
        let orders = run.orders.iter().filter(|(id, _)| wanted.contains(&status(&ended[*id])));
        orders.map(|(_, (_, total))| total).sum()
    };
    let (kept, given_back) = (total_of(&["shipped"]), total_of(&["out_of_stock"]));
    until("the refunds at the provider", || {
        let moved = moved(&run.shop.stripe.intents(|order| run.orders.contains_key(order)));
        if moved.refunded == given_back { Ok(()) } else { Err(format!("{moved:?}")) }
    });
    let intents = run.shop.stripe.intents(|order| run.orders.contains_key(order));
    assert_eq!(intents.len(), ORDERS, "one intent for each order");
    assert_eq!(moved(&intents).captured, kept + given_back);
}

/// I2: what is on hand is what there was, less what shipped.
fn stock_agrees(run: &Run, ended: &BTreeMap<String, Value>) {
    let shipped = |id: &String| status(&ended[id]) == "shipped";
    let count = |wanted: Kind| {
        u64::try_from(run.orders.iter().filter(|(id, (kind, _))| *kind == wanted && shipped(id)).count())
            .expect("a small number")
    };
    assert_eq!(count(Kind::Scarce), 10, "every scarce piece found its order");
    let tea = 1000 - 2 * count(Kind::Sound) - count(Kind::Scarce);
    run.shop.await_stock(&run.tea, tea, tea, 0);
    run.shop.await_stock(&run.scarce, 0, 0, 0);
}

/// I5, I6: sequences have no gaps; every event in the tables was heard on its topic; and every fact of another service
/// stands in its order's own history.
fn everything_was_published_and_told(run: &Run, listener: &Listener) {
    let products = StreamIds::of(run);
    let (written, told) =
        until_within(LONG, "every event of other services in the orders' histories", || {
            let mut written = products.events(run);
            let mut told = BTreeSet::new();
            let mut facts = BTreeSet::new();
            for id in run.orders.keys() {
                for service in SERVICES {
                    for (place, envelope) in (1..).zip(run.shop.tables.stream(service, id)) {
                        assert_eq!(envelope.sequence.number(), place, "{}", envelope.id);
                        if service != "ORDERS" {
                            facts.insert(envelope.id.to_string());
                        } else if envelope.event_type == "OrderUpdated" {
                            assert!(
                                told.insert(envelope.causationid.to_string()),
                                "{} was told twice",
                                envelope.causationid
                            );
                        }
                        written.insert(envelope.id.to_string());
                    }
                }
            }
            if facts == told {
                Ok((written, told.len()))
            } else {
                Err(format!("{} facts, {} of them told", facts.len(), told.len()))
            }
        });
    until("every event to be published", || {
        let heard: BTreeSet<String> =
            listener.heard().iter().map(|envelope| envelope.id.to_string()).collect();
        let missing: Vec<_> = written.difference(&heard).take(5).collect();
        if missing.is_empty() { Ok(()) } else { Err(format!("not heard: {missing:?} …")) }
    });
    eprintln!("{} events, all published; {told} facts, all told", written.len());
}

/// The streams of the run's products, in the catalog's table.
struct StreamIds(Vec<StreamId>);

impl StreamIds {
    fn of(run: &Run) -> Self {
        let stream = |goods: &Goods| StreamId::product(&Sku::try_from(goods.sku.as_str()).expect("a SKU"));
        Self(vec![stream(&run.tea), stream(&run.scarce)])
    }

    fn events(&self, run: &Run) -> BTreeSet<String> {
        let table = run.shop.tables.clients().table(&tests::stack("CONVEYOR_CATALOG_TABLE"));
        let read = |stream: &StreamId| run.shop.tables.run(table.read(stream)).expect("the table answers");
        self.0.iter().flat_map(read).map(|envelope| envelope.id.to_string()).collect()
    }
}

/// I8: the list shows what the fold shows.
fn views_agree(run: &Run) {
    let ids = run.ids();
    let pages: BTreeMap<String, Value> =
        at_once(AT_ONCE, &ids, |id| (id.clone(), run.shop.order(id))).into_iter().collect();
    until("the list to show what the pages show", || {
        let differs = |summary: &Value| {
            let page = &pages[summary["order_id"].as_str().expect("an id")];
            ["status", "attention", "total", "currency", "placed_at", "updated_at"]
                .iter()
                .any(|field| summary[field] != page[field])
        };
        let listed = run.shop.listed(&ids);
        let lagging = listed.iter().filter(|summary| differs(summary)).count();
        if listed.len() == ORDERS && lagging == 0 {
            Ok(())
        } else {
            Err(format!("{lagging} of {} differ", listed.len()))
        }
    });
    assert!(pages.values().all(|page| page["attention"] == serde_json::json!([])));
}
