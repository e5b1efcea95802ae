//! `docs/cost.md`: the parts of the page that are computed, between its marks.

use crate::ends::{ByFunction, DELIVERED, ENDS};
use crate::floor::FLOOR;
use crate::meter::Tally;
use crate::prices::{FAST, MONTH_SECONDS, Prices, Rate, SLOW, as_number, count, polling};
use crate::shop::Shop;
use events::Provider;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

/// The scheduled functions, and how often they run.
const SCHEDULES: [(&str, f64); 4] = [
    ("sweep-orders", 60.0),
    ("schedule-callbacks", 60.0),
    ("sweep-inbox", 3600.0),
    ("write-heartbeats", 300.0),
];

/// What the template declares that costs something while nothing happens.
#[derive(Debug, Clone, Copy)]
struct Declared {
    /// Queues that a function reads.
    queues: usize,
    alarms: usize,
    secrets: usize,
    /// A metric for each table whose stream a function reads.
    heartbeats: usize,
}

impl Declared {
    fn of(template: &str) -> Self {
        let declares = |kind: &str| {
            let line = format!("Type: {kind}");
            template.lines().filter(|found| found.trim() == line).count()
        };
        // A loop of the template is one declaration for each entry of its list.
        let lists = template.split("Fn::ForEach::").skip(1);
        let more = lists.filter_map(|list| {
            let entries = list.lines().nth(2)?.matches(',').count();
            list.lines().take(6).any(|line| line.trim() == "Type: AWS::CloudWatch::Alarm").then_some(entries)
        });
        Self {
            queues: template.matches("ScalingConfig:").count(),
            alarms: declares("AWS::CloudWatch::Alarm") + more.sum::<usize>(),
            secrets: declares("AWS::SecretsManager::Secret"),
            heartbeats: template.matches("StartingPosition:").count(),
        }
    }
}

/// Writes the computed parts of the page anew: each stands between `<!-- computed: <name> -->` and `<!-- end -->`.
///
/// # Panics
/// If the page has a part that is not known, or lacks one.
pub fn renew(page: &str, template: &str) -> String {
    let prices = Prices::read();
    let ends: Vec<ByFunction> = ENDS.iter().map(|end| end.play()).collect();
    let delivered = ends.first().expect("the first end is the delivered order");
    let mut parts = BTreeMap::from([
        ("ends", of_ends(&ends, &prices)),
        ("functions", of_functions(delivered)),
        ("floor", floor(delivered)),
        ("price", price(delivered, &prices)),
        ("rest", at_rest(Declared::of(template), &prices)),
    ]);
    let mut renewed = String::new();
    let mut rest = page;
    while let Some((before, after)) = rest.split_once("<!-- computed: ") {
        let (name, after) = after.split_once(" -->").expect("a mark with a name");
        let (_, after) = after.split_once("<!-- end -->").expect("a mark's end");
        let part = parts.remove(name).expect("a part of this name");
        let _ = write!(renewed, "{before}<!-- computed: {name} -->\n{part}<!-- end -->");
        rest = after;
    }
    assert!(parts.is_empty(), "the page lacks {parts:?}");
    renewed + rest
}

fn sum(of: &ByFunction) -> Tally {
    let mut all = Tally::default();
    of.values().for_each(|tally| all.add(tally));
    all
}

fn usd(of: &ByFunction, rate: Rate, prices: &Prices) -> f64 {
    rate.price(of, prices).iter().map(|(_, usd)| usd).sum()
}

fn of_ends(ends: &[ByFunction], prices: &Prices) -> String {
    let mut table = "| end | write units | read units | DynamoDB requests | SNS requests | queue messages | invocations | \
                     emails | USD a million, 50 a second |\n|---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for (end, of) in ENDS.iter().zip(ends) {
        let all = sum(of);
        let _ = writeln!(
            table,
            "| `{}`: {} | {} | {} | {} | {} | {} | {} | {} | {:.0} |",
            end.name,
            end.what,
            all.writes(),
            count(all.read_halves) / 2.0,
            all.dynamodb(),
            all.publishes,
            all.messages,
            all.invocations,
            all.mails,
            usd(of, FAST, prices),
        );
    }
    table
}

fn of_functions(delivered: &ByFunction) -> String {
    let mut table = "| function | invocations | queue messages | DynamoDB requests | write units | of them indexes | read \
                     units | SNS requests | log bytes |\n|---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    let mut row = |name: &str, tally: &Tally| {
        let operations: Vec<String> =
            tally.requests.iter().map(|(operation, times)| format!("{times} {operation}")).collect();
        let _ = writeln!(
            table,
            "| {name} | {} | {} | {} | {} | {} | {} | {} | {} |",
            tally.invocations,
            tally.messages,
            if operations.is_empty() { "–".to_owned() } else { operations.join(", ") },
            tally.writes(),
            tally.index_writes,
            count(tally.read_halves) / 2.0,
            tally.publishes,
            tally.log_bytes,
        );
    };
    for (function, tally) in delivered {
        row(&format!("`{function}`"), tally);
    }
    row("**all**", &sum(delivered));
    table
}

fn floor(delivered: &ByFunction) -> String {
    let units: u64 = FLOOR.iter().map(|(units, _)| units).sum();
    let mut list = String::new();
    for (units, what) in FLOOR {
        let _ = writeln!(list, "| {units} | {what} |");
    }
    let writes = sum(delivered).writes();
    format!(
        "| units | for |\n|---|---|\n{list}| **{units}** | **the floor**; the order takes {writes}, {:.0} % more |\n",
        (count(writes) / count(units) - 1.0) * 100.0
    )
}

fn price(delivered: &ByFunction, prices: &Prices) -> String {
    let (slow, fast) = (SLOW.price(delivered, prices), FAST.price(delivered, prices));
    let mut table = format!(
        "| USD for a million orders, prices of {} | {} | {} |\n|---|---|---|\n",
        prices.as_of, SLOW.name, FAST.name
    );
    for ((service, slow), (_, fast)) in slow.iter().zip(&fast) {
        let _ = writeln!(table, "| {service} | {slow:.2} | {fast:.2} |");
    }
    let (slow, fast) = (usd(delivered, SLOW, prices), usd(delivered, FAST, prices));
    let mails = count(sum(delivered).mails) * prices.million("mails");
    let _ = writeln!(table, "| **all** | **{slow:.0}** | **{fast:.0}** |");
    let _ = writeln!(table, "| apart: {} emails | {mails:.0} | {mails:.0} |", sum(delivered).mails);
    table
}

fn at_rest(declared: Declared, prices: &Prices) -> String {
    let mut shop = Shop::open(Provider::Warehouse, 1);
    let (mut invocations, mut units) = (0.0, 0.0);
    for (function, every) in SCHEDULES {
        let runs = MONTH_SECONDS / every;
        shop.later(Duration::from_mins(5), function);
        shop.settle();
        let all = sum(&shop.counted());
        invocations += runs * count(all.invocations);
        units += runs
            * (count(all.writes()) * prices.million("write_units")
                + count(all.read_halves) / 2.0 * prices.million("read_units"));
    }
    let schedules = (units + invocations * prices.million("invocations")) / 1e6;
    let polling = polling(declared.queues, prices);
    let rest = schedules + polling;
    let alarms = as_number(declared.alarms) * prices.one("alarm_month");
    let metrics = as_number(declared.heartbeats) * prices.one("metric_month");
    let secrets = as_number(declared.secrets) * prices.one("secret_month");
    format!(
        "| USD a month at rest | |\n|---|---|\n| long polling of {} queues | {polling:.2} |\n| scheduled functions, and what \
         they read and write | {schedules:.2} |\n| **all** | **{rest:.2}** |\n| apart: {} alarms | {alarms:.2} |\n| apart: \
         the metrics of {} heartbeats, for alarms alone | {metrics:.2} |\n| apart: {} secrets | {secrets:.2} |\n",
        declared.queues, declared.alarms, declared.heartbeats, declared.secrets,
    )
}

/// The end that the budget is for, by function.
pub fn delivered() -> ByFunction {
    DELIVERED.play()
}
