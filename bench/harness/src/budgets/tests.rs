//! Each budget compares a function with its own reference, and only those that were measured count.

use super::*;
use crate::measure::Rounds;

fn figures(role: Role, init: u64, warm: u64) -> Figures {
    let rounds = Rounds { init_cpu: vec![init; 3], warm_cpu: vec![warm; 3], ..Rounds::default() };
    Figures { role, rounds, memory: 8_000_000, zip_bytes: Some(3_400_000), ..Figures::default() }
}

fn find<'a>(rows: &'a [Row], budget: &str) -> &'a Row {
    rows.iter().find(|row| row.budget.contains(budget)).expect("a row")
}

#[test]
fn place_order_is_held_against_its_own_requests_and_both_peers() {
    let all = BTreeMap::from([
        (HELLO.to_owned(), figures(Role::Reference, 100, 10)),
        (PLACE_ORDER.to_owned(), figures(Role::Reference, 120, 100)),
        (PEERS[0].to_owned(), figures(Role::Peer, 9000, 2000)),
        ("place-order".to_owned(), figures(Role::Function, 150, 126)),
    ]);
    let rows = rows(&all);
    assert_eq!(find(&rows, HELLO).value, 1500);
    assert!(find(&rows, HELLO).met);
    let own = find(&rows, PLACE_ORDER);
    assert_eq!((own.value, own.limit, own.met), (1260, 1250, false));
    assert!(find(&rows, PEERS[0]).met);
    assert!(!rows.iter().any(|row| row.budget.contains(PEERS[1])), "it was not measured");
    assert!(!find(&rows, "zip").met);
}

#[test]
fn a_reference_has_no_budget() {
    assert!(rows(&BTreeMap::from([(HELLO.to_owned(), figures(Role::Reference, 100, 10))])).is_empty());
}
