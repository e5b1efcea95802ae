//! Unit tests of the `places` module.

use super::*;

#[test]
fn a_function_has_dead_letters_and_may_have_a_queue() {
    let places: Places =
        "ship-order=https://a/dead,https://a/queue\n publish-events=http://b/dead".parse().unwrap();
    let wanted = [
        ("publish-events", ("http://b/dead", None)),
        ("ship-order", ("https://a/dead", Some("https://a/queue"))),
    ];
    let wanted =
        wanted.map(|(name, (dead, queue))| (name.to_owned(), (dead.to_owned(), queue.map(str::to_owned))));
    assert_eq!(places, Places(wanted.into()));
}

#[test]
fn what_names_no_queue_or_a_function_twice_is_no_setting() {
    for text in ["", "ship-order", "=https://a", "a=ftp://a", "a=https://a,b", "a=https://a a=https://b"] {
        assert_eq!(text.parse::<Places>(), Err(InvalidPlaces), "{text}");
    }
}
