//! The subscriptions here are those of the template.

use super::{NOTIFIED_STATUSES, SUBSCRIPTIONS};
use std::collections::BTreeSet;

fn template() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml");
    std::fs::read_to_string(path).expect("the template")
}

/// `TakePaymentFromOrders` of `take-payment` and the topic of orders.
fn resource(queue: &str, service: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    format!("{}From{}", queue.split('-').map(capital).collect::<String>(), capital(service))
}

/// Each filter policy of the template: the resource, and the list of its event types.
fn filter_policies(template: &str) -> BTreeSet<(String, String)> {
    let (mut policies, mut resource) = (BTreeSet::new(), "");
    for line in template.lines() {
        if let Some(name) = line.strip_prefix("  ").filter(|line| !line.starts_with([' ', '#'])) {
            resource = name.trim_end_matches(':');
        }
        if let Some((_, types)) = line.split_once("FilterPolicy: {type: [") {
            let (types, _) = types.split_once(']').expect("a list in one line");
            policies.insert((resource.to_owned(), types.to_owned()));
        }
    }
    policies
}

#[test]
fn the_filter_policies_are_those_of_the_template() {
    let filtered = SUBSCRIPTIONS.iter().filter_map(|(queue, service, types)| {
        types.map(|types| (resource(queue, service.as_str()), types.join(", ")))
    });
    assert_eq!(filtered.collect::<BTreeSet<_>>(), filter_policies(&template()));
}

#[test]
fn notify_customer_receives_the_statuses_of_the_template() {
    let policy = format!("status: [{}, {{exists: false}}]", NOTIFIED_STATUSES.join(", "));
    assert!(template().contains(&policy), "template.yaml has no {policy}");
}
