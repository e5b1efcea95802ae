//! How ids, unique prefixes and ambiguous prefixes select dead letters.

use super::*;
use outbound::DeadLetteredBy;

fn received(ids: &[&str]) -> BTreeMap<String, Letter> {
    let letter = |id: &&str| Letter {
        id: (*id).to_owned(),
        receipt: String::new(),
        body: String::new(),
        message_id: None,
        since: None,
        dead_lettered_by: DeadLetteredBy::Queue,
    };
    ids.iter().map(|id| ((*id).to_owned(), letter(id))).collect()
}

fn requested(ids: &[&str]) -> Selection {
    Selection::Ids(ids.iter().map(|id| (*id).to_owned()).collect())
}

#[test]
fn a_unique_prefix_selects_its_dead_letter_once() {
    let received = received(&["4b1a-1", "4b2a-1", "9c0f-1"]);
    let resolved = requested(&["4b1a", "4b1a-1", "9c0f"]).resolve(&received, false).unwrap();
    assert_eq!((resolved.ids, resolved.not_found), (vec!["4b1a-1".to_owned(), "9c0f-1".to_owned()], vec![]));
}

#[test]
fn an_ambiguous_prefix_is_rejected_with_the_number_of_matches() {
    let received = received(&["4b1a-1", "4b1a-2", "4b1a-3", "9c0f-1"]);
    let rejection = requested(&["4b1a", "9c0f"]).resolve(&received, false).unwrap_err();
    assert!(matches!(&rejection, Failure::Reject { .. }), "{rejection:?}");
    assert!(rejection.reason().starts_with("4b1a is the beginning of 3 ids"), "{rejection:?}");
}

#[test]
fn a_whole_id_is_never_ambiguous() {
    let received = received(&["4b1a", "4b1a-2"]);
    assert_eq!(requested(&["4b1a"]).resolve(&received, true).unwrap().ids, ["4b1a"]);
}

#[test]
fn an_unknown_prefix_is_not_found() {
    let resolved = requested(&["0000"]).resolve(&received(&["4b1a-1"]), false).unwrap();
    assert!(resolved.ids.is_empty() && resolved.not_found[0].1.contains("no such dead letter"));
}

#[test]
fn a_prefix_selects_nothing_while_other_dead_letters_may_match_too() {
    let resolved = requested(&["4b1a"]).resolve(&received(&["4b1a-1"]), true).unwrap();
    assert!(resolved.ids.is_empty() && resolved.not_found[0].1.contains("give the whole id"));
}

#[test]
fn every_dead_letter_is_received_for_a_prefix_and_none_more_for_whole_ids() {
    let received = received(&["4b1a-1", "9c0f-1"]);
    assert_eq!(requested(&["4b1a-1", "9c0f-1"]).still_needed(&received), 0);
    assert_eq!(requested(&["4b1a-1", "9c0f"]).still_needed(&received), MOST_AT_ONCE);
}
