//! Which texts the setting `DEAD_LETTERS` accepts.

use super::*;

#[test]
fn a_function_has_dead_letters_and_may_have_a_queue() {
    let urls: QueueUrls =
        "ship-order=https://a/dead,https://a/queue\n publish-events=http://b/dead".parse().unwrap();
    let expected = [
        ("publish-events", ("http://b/dead", None)),
        ("ship-order", ("https://a/dead", Some("https://a/queue"))),
    ];
    let expected =
        expected.map(|(name, (dead, queue))| (name.to_owned(), (dead.to_owned(), queue.map(str::to_owned))));
    assert_eq!(urls, QueueUrls(expected.into()));
}

#[test]
fn a_text_without_a_url_or_with_a_function_twice_is_invalid() {
    for text in ["", "ship-order", "=https://a", "a=ftp://a", "a=https://a,b", "a=https://a a=https://b"] {
        assert_eq!(text.parse::<QueueUrls>(), Err(InvalidQueueUrls), "{text}");
    }
}
