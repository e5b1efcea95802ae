//! Plain English: words that cost a reader a second look, each with its replacement, do not occur in prose.
//!
//! Prose is everything but code in back-ticks. In source files the whole line counts, because comments, texts and names
//! are read alike. What is between back-ticks, a word beside `_`, `:` or `#` (a wire name such as `elsewhere:bank`), and the
//! customers' messages are exempt.

use crate::{files, none, root};

/// Words, and what to write instead.
const AVOIDED: [(&[&str], &str); 16] = [
    (&["told", "tell", "tells", "telling"], "report, notify, read"),
    (&["somebody", "nobody", "anybody"], "the operator, the customer, the caller, another process"),
    (&["whoever", "whomever", "whom"], "the operator, the customer, the caller, another process"),
    (&["set aside", "sets aside", "setting aside"], "dead-letter"),
    (
        &["comes back", "come back", "came back", "coming back"],
        "is redelivered, is retried, returns to the queue",
    ),
    (&["give back", "gives back", "given back", "gave back", "giving back"], "refund, release, return, void"),
    (&["go back", "goes back", "went back", "going back"], "is refunded, is released, is returned"),
    (&["hear", "hears", "heard"], "receive, handle"),
    (&["elsewhere"], "offline"),
    (&["wish", "wishes", "wished"], "request"),
    (&["errand", "errands"], "delivery job"),
    (&["stranger", "strangers"], "untrusted input, untrusted sender"),
    (&["mend", "mends", "mended", "mending"], "fix"),
    (&["for good"], "permanently"),
    (&["put off", "puts off"], "retry later, delay"),
    (&["room", "rooms"], "crate, module"),
];

/// Texts for customers, and the lists of the words themselves.
const EXEMPT: [&str; 2] = ["functions/notifications/src/texts.rs", "tests/tidy/src/prose.rs"];

/// A line without what stands between back-ticks.
fn prose(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Whether `text` has `word` as a word of its own, and not as part of a name.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |letter: Option<char>| {
        letter.is_some_and(|letter| letter.is_alphanumeric() || matches!(letter, '_' | ':' | '#' | '-'))
    };
    text.match_indices(word).any(|(at, _)| {
        !is_part(text[..at].chars().next_back()) && !is_part(text[at + word.len()..].chars().next())
    })
}

fn avoided(line: &str) -> Option<(&'static str, &'static str)> {
    let text = prose(line);
    AVOIDED.iter().find_map(|(words, instead)| {
        words.iter().find(|word| has_word(&text, word)).map(|word| (*word, *instead))
    })
}

#[test]
fn prose_is_plain() {
    let mut sources = Vec::new();
    for (folders, ending) in [
        (&["functions", "shared", "tests", "fuzz"][..], ".rs"),
        (&["local", "bench", "tests"], ".py"),
        (&["docs", "events"], ".md"),
    ] {
        sources.extend(files(folders, ending));
    }
    for name in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "template.yaml",
        "Makefile",
        "Cargo.toml",
    ] {
        sources.push((name.to_owned(), std::fs::read_to_string(root().join(name)).expect("a text")));
    }
    sources.retain(|(path, _)| !EXEMPT.contains(&path.as_str()) && !path.contains("/node_modules/"));
    let mut offenders = Vec::new();
    for (path, text) in sources {
        // A fenced block of a document is code. No source line starts with a fence outside of a doc comment.
        let mut is_code = false;
        for (number, line) in text.lines().enumerate() {
            if line.starts_with("```") {
                is_code = !is_code;
            }
            if let (false, Some((word, instead))) = (is_code, avoided(line)) {
                offenders.push(format!("{path}:{}: “{word}”; write {instead}", number + 1));
            }
        }
    }
    none("words to avoid", &offenders);
}

#[test]
fn a_word_is_found_in_prose_and_not_in_names() {
    assert_eq!(avoided("/// Who is told of it.").map(|(word, _)| word), Some("told"));
    assert_eq!(avoided("    // Somebody was first.").map(|(word, _)| word), Some("somebody"));
    for fine in ["`told`", "told_by", "\"elsewhere:bank\"", "the warehouse", "/// A roommate of `room`."] {
        assert_eq!(avoided(fine), None, "{fine}");
    }
}
