//! A provider's vocabulary stays in the provider's folder: field names, statuses and event types of Stripe in
//! `provider/stripe`, those of EasyPost in `carrier/easypost`. A new provider is then a folder of its own.

use crate::{files, none};

/// A provider: its name in the message, where its words are allowed, the service that they may not spread in, and the words.
struct Vocabulary {
    provider: &'static str,
    service: &'static str,
    folder: &'static str,
    words: &'static [&'static str],
    /// Files that may use a word although they are not in the folder, each with its reason.
    exceptions: &'static [(&'static str, &'static str, &'static str)],
}

const VOCABULARIES: [Vocabulary; 2] = [
    Vocabulary {
        provider: "Stripe",
        service: "functions/payments/src/",
        folder: "functions/payments/src/provider/stripe",
        words: &[
            "payment_intent",
            "client_secret",
            "decline_code",
            "requires_action",
            "requires_confirmation",
            "requires_payment_method",
            "amount_received",
            "last_payment_error",
            "failure_reason",
            "charge.dispute",
            "whsec_",
            "livemode",
        ],
        exceptions: &[
            ("get.rs", "client_secret", "a field of our own answer"),
            ("payment/decide.rs", "payment_intent", "a stored code that events already contain"),
        ],
    },
    Vocabulary {
        provider: "EasyPost",
        service: "functions/shipping/src/",
        folder: "functions/shipping/src/carrier/easypost",
        words: &[
            "tracking_details",
            "pre_transit",
            "out_for_delivery",
            "available_for_pickup",
            "return_to_sender",
            "tracker",
            "shp_",
            "parcel_template",
        ],
        exceptions: &[
            ("carrier/standard.rs", "pre_transit", "the statuses of our own webhook contract"),
            ("carrier/standard.rs", "out_for_delivery", "the statuses of our own webhook contract"),
            ("carrier/standard.rs", "available_for_pickup", "the statuses of our own webhook contract"),
            ("carrier/standard.rs", "return_to_sender", "the statuses of our own webhook contract"),
        ],
    },
];

#[test]
fn a_providers_words_stay_in_its_folder() {
    let sources = files(&["functions"], ".rs");
    let mut offenders = Vec::new();
    for vocabulary in VOCABULARIES {
        for (path, text) in &sources {
            let Some(inside) = path.strip_prefix(vocabulary.service) else { continue };
            let is_test = inside.split(['/', '.']).any(|part| part == "tests" || part == "testing");
            if is_test || inside.starts_with("bin/") || path.starts_with(vocabulary.folder) {
                continue;
            }
            for word in vocabulary.words.iter().filter(|word| text.contains(**word)) {
                let is_excepted = vocabulary
                    .exceptions
                    .iter()
                    .any(|(file, excepted, _)| inside == *file && excepted == word);
                if !is_excepted {
                    offenders.push(format!("{path}: `{word}` is {}'s", vocabulary.provider));
                }
            }
        }
    }
    none("a provider's words outside of its folder", &offenders);
}

#[test]
fn every_exception_is_still_needed() {
    let sources = files(&["functions"], ".rs");
    let mut unused = Vec::new();
    for vocabulary in VOCABULARIES {
        for (file, word, _reason) in vocabulary.exceptions {
            let path = format!("{}{file}", vocabulary.service);
            if !sources.iter().any(|(source, text)| *source == path && text.contains(word)) {
                unused.push(format!("{path}: `{word}`"));
            }
        }
    }
    none("exceptions that nothing uses", &unused);
}
