//! The published cost of an order is the counted one, and within its budget.

#![expect(clippy::unwrap_used, reason = "a test may be blunt outside of its test functions too")]

use cost::{FAST, INDEXES, Prices, Tally, delivered, renew};
use std::path::Path;

fn text(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file)).unwrap()
}

#[test]
fn the_page_says_what_is_counted() {
    let page = text("docs/cost.md");
    assert!(renew(&page, &text("template.yaml")) == page, "docs/cost.md is stale: run `make cost`");
}

#[test]
fn a_delivered_order_stays_within_its_budget() {
    let by_function = delivered();
    let mut all = Tally::default();
    by_function.values().for_each(|tally| all.add(tally));
    assert!(all.writes() <= 52, "{} write units", all.writes());
    assert!(all.read_halves <= 2 * 45, "{} half read units", all.read_halves);
    let usd: f64 = FAST.price(&by_function, &Prices::read()).iter().map(|(_, usd)| usd).sum();
    assert!(usd <= 90.0, "{usd:.0} USD for a million orders");
    let placing = &by_function["place-order"];
    assert!(placing.dynamodb() <= 3, "an idle caller's order takes {:?}", placing.requests);
}

#[test]
fn every_index_of_the_template_is_counted() {
    let template = text("template.yaml");
    assert_eq!(template.matches("- IndexName:").count(), INDEXES.len());
    for index in INDEXES {
        let key = format!(
            "KeySchema: [{{AttributeName: {}, KeyType: HASH}}, {{AttributeName: {}, KeyType: RANGE}}]",
            index.partition, index.order
        );
        let (_, after) = template.split_once(&key).unwrap_or_else(|| unreachable!("no index has {key}"));
        let projection = after.lines().nth(1).unwrap();
        assert_eq!(
            projection.contains("NonKeyAttributes: [document]"),
            index.has_document,
            "{key}: {projection}"
        );
    }
}
