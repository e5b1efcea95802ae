//! A page of several partitions has everything that is newer than its end, also if the table returns less than it was asked for.

use super::*;
use event_store::Position;

fn entry(partition: &str, sk: &str) -> Found {
    (Key::new(partition, sk), Document::of(&()))
}

fn page(partition: &str, keys: &[&str], is_last: bool) -> Page {
    let documents: Vec<Found> = keys.iter().map(|sk| entry(partition, sk)).collect();
    let last = keys.last().copied().unwrap_or_default().to_owned();
    let next = Position { pk: partition.to_owned(), sk: last.clone(), order: last };
    Page { documents, next: (!is_last).then_some(next) }
}

fn keys(merged: &Merged) -> (Vec<&str>, Option<&str>) {
    let found = merged.found.iter().map(|(key, _)| key.sk.as_str()).collect();
    (found, merged.below.as_ref().map(Below::sort_key))
}

#[test]
fn the_newest_entries_of_all_partitions_come_first() {
    let pages = vec![page("a", &["9", "5", "1"], true), page("b", &["8", "4"], true)];
    assert_eq!(keys(&Merged::of(pages.clone(), 10)), (vec!["9", "8", "5", "4", "1"], None));
    assert_eq!(keys(&Merged::of(pages.clone(), 5)), (vec!["9", "8", "5", "4", "1"], None));
    assert_eq!(keys(&Merged::of(pages, 3)), (vec!["9", "8", "5"], Some("5")));
}

#[test]
fn a_page_ends_where_a_partition_is_unfinished() {
    // The table returned one entry of `a`, because its pages are bounded in bytes. It may have a 6.
    let pages = vec![page("a", &["7"], false), page("b", &["8", "5", "4"], true)];
    assert_eq!(keys(&Merged::of(pages, 10)), (vec!["8", "7"], Some("7")));
}

#[test]
fn one_order_in_two_partitions_counts_once() {
    let pages = vec![page("old key", &["7", "3"], true), page("new key", &["7"], true)];
    assert_eq!(keys(&Merged::of(pages, 10)), (vec!["7", "3"], None));
}

#[test]
fn a_cursor_is_read_by_its_own_search_alone() {
    let key = "2026-01-02T03:04:05.000000000Z#0123456789abcdef0123456789abcdef";
    let [one, other] = ["a", "b"].map(|partition| vec![partition.to_owned()]);
    let cursor = Below(key.to_owned()).encode(&one);
    assert_eq!(Below::decode(&cursor, &one).unwrap().sort_key(), key);
    assert_eq!(Below::decode(&cursor, &other).unwrap_err().status, 400);
    for forged in ["", "2026-01-02T03:04:05Z#0123456789abcdef0123456789abcdef", "x"] {
        let cursor = Below(forged.to_owned()).encode(&one);
        assert_eq!(Below::decode(&cursor, &one).unwrap_err().status, 400, "{forged}");
    }
}
