//! Which texts the settings `DEAD_LETTERS` and `QUEUES` accept.

use super::*;

#[test]
fn a_function_has_dead_letters_and_may_have_a_queue() {
    let urls: DeadLetterUrls =
        "ship-order=https://a/dead,https://a/queue\n publish-events=http://b/dead".parse().unwrap();
    let expected = [
        ("publish-events", ("http://b/dead", None)),
        ("ship-order", ("https://a/dead", Some("https://a/queue"))),
    ];
    let expected =
        expected.map(|(name, (dead, queue))| (name.to_owned(), (dead.to_owned(), queue.map(str::to_owned))));
    assert_eq!(urls, DeadLetterUrls(expected.into()));
}

#[test]
fn a_text_without_a_url_or_with_a_function_twice_is_invalid() {
    for text in ["", "ship-order", "=https://a", "a=ftp://a", "a=https://a,b", "a=https://a a=https://b"] {
        assert_eq!(text.parse::<DeadLetterUrls>(), Err(InvalidQueueUrls), "{text}");
    }
}

#[test]
fn a_list_of_queues_names_each_function_once_with_a_url() {
    let urls: QueueUrls = "a=https://sqs/a\n b=http://sqs/b".parse().unwrap();
    assert_eq!(urls.iter().collect::<Vec<_>>(), [("a", "https://sqs/a"), ("b", "http://sqs/b")]);
    for text in
        ["", " ", "a", "a=", "=https://sqs/a", "a=queue", "a=ftp://sqs/a", "a=https://sqs/a a=https://sqs/b"]
    {
        assert_eq!(text.parse::<QueueUrls>(), Err(InvalidQueueUrls), "{text}");
    }
}
