//! `docs/cost.md`: the parts of the page that are computed, between its marks.

use crate::ends::{ByFunction, DELIVERED, ENDS, End, left, metrics_of_a_delivered_order};
use crate::floor::FLOOR;
use crate::meter::Tally;
use crate::prices::{FAST, MONTH_SECONDS, Prices, Rate, SLOW, as_number, count, polling};
use crate::shop::Shop;
use events::Provider;
use std::collections::BTreeMap;
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
    /// Second metrics of alarms that compare two.
    compared: usize,
    /// Alarms that combine others.
    composite: usize,
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
        Self {
            queues: template.matches("ScalingConfig:").count(),
            alarms: declares("AWS::CloudWatch::Alarm"),
            compared: template.matches("{Id: total, ").count(),
            composite: declares("AWS::CloudWatch::CompositeAlarm"),
            secrets: declares("AWS::SecretsManager::Secret"),
            heartbeats: template.matches("StartingPosition:").count(),
        }
    }
}

/// Writes the computed parts of the page anew: each stands between `<!-- computed: <name> -->` and `<!-- end -->`.
/// `template`: the text of both templates, `template.yaml` and `alarms.yaml`.
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
        ("chart", chart(delivered, &prices)),
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
        renewed += &[before, "<!-- computed: ", name, " -->\n", &part, "<!-- end -->"].concat();
        rest = after;
    }
    assert!(parts.is_empty(), "the page lacks {parts:?}");
    renewed + rest
}

pub(crate) fn sum(of: &ByFunction) -> Tally {
    let mut all = Tally::default();
    for tally in of.values() {
        all.add(tally);
    }
    all
}

fn usd(of: &ByFunction, rate: Rate, prices: &Prices) -> f64 {
    rate.price(of, prices).iter().map(|(_, usd)| usd).sum()
}

/// A table of Markdown.
pub(crate) fn table(heads: &[&str], rows: Vec<Vec<String>>) -> String {
    let rule = heads.iter().map(|_| "---".to_owned()).collect();
    let head = heads.iter().map(|&head| head.to_owned()).collect();
    let lines = [head, rule].into_iter().chain(rows);
    let lines: Vec<String> = lines.map(|cells: Vec<String>| format!("| {} |", cells.join(" | "))).collect();
    lines.join("\n") + "\n"
}

fn of_ends(ends: &[ByFunction], prices: &Prices) -> String {
    let heads = [
        "end",
        "write units",
        "of them for the search",
        "read units",
        "DynamoDB requests",
        "SNS requests",
        "queue messages",
        "invocations",
        "emails",
        "USD a million, 50 a second",
    ];
    let row = |(end, of): (&End, &ByFunction)| {
        let all = sum(of);
        vec![
            format!("`{}`: {}", end.name, end.what),
            all.writes().to_string(),
            all.search_writes.to_string(),
            units(all.read_halves),
            all.dynamodb().to_string(),
            all.publishes.to_string(),
            all.messages.to_string(),
            all.invocations.to_string(),
            all.mails.to_string(),
            format!("{:.0}", usd(of, FAST, prices)),
        ]
    };
    table(&heads, ENDS.iter().zip(ends).map(row).collect())
}

pub(crate) fn units(halves: u64) -> String {
    (count(halves) / 2.0).to_string()
}

fn of_functions(delivered: &ByFunction) -> String {
    let heads = [
        "function",
        "invocations",
        "queue messages",
        "DynamoDB requests",
        "write units",
        "of them indexes",
        "of them for the search",
        "read units",
        "SNS requests",
        "log bytes",
        "of them metrics",
    ];
    let row = |name: String, tally: &Tally| {
        let operations: Vec<String> =
            tally.requests.iter().map(|(operation, times)| format!("{times} {operation}")).collect();
        vec![
            name,
            tally.invocations.to_string(),
            tally.messages.to_string(),
            if operations.is_empty() { "–".to_owned() } else { operations.join(", ") },
            tally.writes().to_string(),
            tally.index_writes.to_string(),
            tally.search_writes.to_string(),
            units(tally.read_halves),
            tally.publishes.to_string(),
            tally.log_bytes.to_string(),
            tally.metric_bytes.to_string(),
        ]
    };
    let functions = delivered.iter().map(|(function, tally)| row(format!("`{function}`"), tally));
    table(&heads, functions.chain([row("**all**".to_owned(), &sum(delivered))]).collect())
}

fn floor(delivered: &ByFunction) -> String {
    let least: u64 = FLOOR.iter().map(|(units, _)| units).sum();
    let writes = sum(delivered).core_writes();
    let more = (count(writes) / count(least) - 1.0) * 100.0;
    let all = format!("**the floor**; the order takes {writes}, {more:.0} % more, without the search");
    let rows = FLOOR.iter().map(|(units, what)| vec![units.to_string(), (*what).to_owned()]);
    table(&["units", "for"], rows.chain([vec![format!("**{least}**"), all]]).collect())
}

fn price(delivered: &ByFunction, prices: &Prices) -> String {
    let row = |what: String, usd: [f64; 2]| {
        let [slow, fast] = usd.map(|usd| format!("{usd:.2}"));
        vec![what, slow, fast]
    };
    let (slow, fast) = (SLOW.price(delivered, prices), FAST.price(delivered, prices));
    let services =
        slow.iter().zip(&fast).map(|((service, slow), (_, fast))| row((*service).to_owned(), [*slow, *fast]));
    let all = row("**all**".to_owned(), [SLOW, FAST].map(|rate| usd(delivered, rate, prices)));
    let mails = sum(delivered).mails;
    let apart = row(format!("apart: {mails} emails"), [count(mails) * prices.million("mails"); 2]);
    let gigabytes = as_number(left()) / 1000.0;
    let kept = row(
        format!("apart: a month of the {gigabytes:.0} GB that they leave in the tables"),
        [gigabytes * prices.one("gigabyte_month"); 2],
    );
    let written = metrics_of_a_delivered_order();
    let metrics = row(
        format!("apart: a month of the {written} metrics that they write, one for each set of dimensions"),
        [as_number(written) * prices.one("metric_month"); 2],
    );
    let what = format!("USD for a million orders, prices of {}", prices.as_of);
    table(&[&what, SLOW.name, FAST.name], services.chain([all, apart, kept, metrics]).collect())
}

/// What each service of AWS gets of the price, as a chart that Markdown viewers draw.
fn chart(delivered: &ByFunction, prices: &Prices) -> String {
    let services = FAST.price(delivered, prices);
    let names: Vec<String> = services.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let bars: Vec<String> = services.iter().map(|(_, usd)| format!("{usd:.2}")).collect();
    let title = format!("USD for a million delivered orders at {}, by service", FAST.name);
    [
        "```mermaid",
        "xychart-beta horizontal",
        &format!("    title \"{title}\""),
        &format!("    x-axis [{}]", names.join(", ")),
        &format!("    bar [{}]", bars.join(", ")),
        "```",
        "",
    ]
    .join("\n")
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
    let row = |what: String, usd: f64| vec![what, format!("{usd:.2}")];
    let apart = |number: usize, what: &str, price: &str| {
        row(format!("apart: {number} {what}"), as_number(number) * prices.one(price))
    };
    let rows = vec![
        row(format!("long polling of {} queues", declared.queues), polling),
        row("scheduled functions, and what they read and write".to_owned(), schedules),
        row("**all**".to_owned(), schedules + polling),
        apart(declared.alarms, "alarms", "alarm_month"),
        apart(declared.compared, "second metrics of alarms that compare two", "alarm_month"),
        apart(declared.composite, "alarms that combine others", "composite_alarm_month"),
        apart(declared.heartbeats, "metrics of heartbeats, for alarms alone", "metric_month"),
        apart(declared.secrets, "secrets", "secret_month"),
        apart(1, "dashboard", "dashboard_month"),
    ];
    table(&["at rest", "USD a month"], rows)
}

/// The end that the budget is for, by function.
pub fn delivered() -> ByFunction {
    DELIVERED.play()
}
