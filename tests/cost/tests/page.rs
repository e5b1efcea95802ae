//! The published cost of an order is the counted one, and within its budget.

#![expect(clippy::unwrap_used, reason = "a test may be blunt outside of its test functions too")]

use cost::{FAST, INDEXES, ONE_AT_A_TIME, Prices, Tally, delivered, renew};
use std::path::Path;

fn text(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file)).unwrap()
}

#[test]
fn the_page_says_what_is_counted() {
    let page = text("docs/cost.md");
    let templates = text("template.yaml") + &text("alarms.yaml");
    assert!(renew(&page, &templates) == page, "docs/cost.md is stale: run `make cost`");
}

#[test]
fn a_delivered_order_stays_within_its_budget() {
    let by_function = delivered();
    let mut all = Tally::default();
    for tally in by_function.values() {
        all.add(tally);
    }
    assert!(all.core_writes() <= 52, "{} write units", all.core_writes());
    // Number, email, tracking code, day, and one for each product.
    assert_eq!(all.search_writes, 4 + 1, "write units of the search");
    // Live tracking looks for the followers of the order and of the board, consistently, for each of its events.
    let of_live = by_function["push-updates"].read_halves;
    assert_eq!(of_live, 9 * 2 * 2, "half read units of an order that no page follows");
    assert!(all.read_halves - of_live <= 2 * 45, "{} half read units", all.read_halves);
    let usd: f64 = FAST.price(&by_function, &Prices::read()).iter().map(|(_, usd)| usd).sum();
    assert!(usd <= 90.0, "{usd:.0} USD for a million orders");
    let placing = &by_function["place-order"];
    assert!(placing.dynamodb() <= 3, "an idle caller's order takes {:?}", placing.requests);
}

#[test]
fn an_order_costs_the_same_however_many_there_are() {
    let costs = cost::growth::after(&[0, 10, 100], |_| ());
    assert!(costs.windows(2).all(|pair| pair[0].1 == pair[1].1), "{costs:?}");
}

#[test]
fn a_page_of_a_long_list_costs_what_it_holds() {
    let costs = cost::growth::of_a_customer(220, |_| ());
    let [_, (_, first), (_, last)] = costs.as_slice() else { panic!("{costs:?}") };
    assert_eq!(first.dynamodb(), last.dynamodb());
    assert!(last.read_halves <= first.read_halves, "{costs:?}");
}

#[test]
fn an_order_with_99_lines_and_200_events_is_shown_and_refunded() {
    let costs = cost::growth::of_a_large_order();
    assert_eq!(costs.len(), 3);
    assert_eq!(costs[1].1.writes(), costs[2].1.writes(), "a fact writes as much in a long stream");
}

#[test]
fn a_shard_of_many_events_is_published_by_requests_of_ten() {
    let (invocations, requests, _) = cost::growth::of_a_shard(250);
    assert_eq!((invocations, requests), (3, 25));
}

#[test]
fn the_functions_that_take_one_message_at_a_time_are_those_of_the_template() {
    let template = text("template.yaml");
    let sources = template.split("Type: AWS::Lambda::EventSourceMapping").skip(1);
    let alone = sources.filter(|source| source.lines().take(6).any(|line| line.trim() == "BatchSize: 1"));
    let named: Vec<String> = alone
        .filter_map(|source| {
            source
                .lines()
                .find_map(|line| line.trim().strip_prefix("FunctionName: !Ref ")?.strip_suffix(".Alias"))
        })
        .map(|name| {
            let dashed = name
                .chars()
                .flat_map(|c| c.is_uppercase().then_some('-').into_iter().chain(c.to_lowercase()));
            dashed.collect::<String>().trim_start_matches('-').to_owned()
        })
        .collect();
    assert_eq!(named, ONE_AT_A_TIME);
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
