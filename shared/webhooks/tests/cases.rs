//! Every binding case in `cases/` gets the verdict here that the sender's own library computed for it.
//!
//! `WEBHOOK_CASES` names another directory of such files. A case is binding if its `check` is `must` or missing; `policy` means
//! that a stricter verdict is defensible, `either` that the libraries disagree.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may be blunt about its own files")]

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use outbound::Secret;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use webhooks::{EasyPost, GitHub, Refusal, Scheme, Shopify, StandardWebhooks, Stripe};

#[derive(Deserialize)]
struct File {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    /// Missing in a file of one sender, which is recognised by its headers.
    provider: Option<String>,
    name: String,
    payload: String,
    secret: String,
    /// Stripe's only header.
    header: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    now: Option<i64>,
    tolerance: Option<u64>,
    expected: String,
    check: Option<String>,
}

impl Case {
    fn is_binding(&self) -> bool {
        self.check.as_deref().is_none_or(|check| check == "must")
    }

    fn headers(&self) -> HeaderMap {
        let stripe = self.header.iter().map(|value| ("stripe-signature", value.as_str()));
        let named = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        // A value that HTTP cannot carry never arrives.
        stripe
            .chain(named)
            .filter_map(|(name, value)| {
                let name = HeaderName::try_from(name).ok()?;
                Some((name, HeaderValue::from_bytes(value.as_bytes()).ok()?))
            })
            .collect()
    }

    /// The verdict of the whole receiver.
    fn verdict(&self) -> Result<(), Refusal> {
        let (headers, body, secrets) = (self.headers(), self.payload.as_bytes(), [Secret::new(&self.secret)]);
        let now = Timestamp::from_second(self.now.unwrap_or(0)).unwrap();
        // In the libraries that computed the verdicts, a tolerance of 0 switches the check off.
        let tolerance = match self.tolerance {
            Some(0) => Duration::MAX,
            Some(seconds) => Duration::from_secs(seconds),
            None => webhooks::TOLERANCE,
        };
        match self.provider.as_deref() {
            Some("easypost") => {
                EasyPost.verify(&headers, body, &secrets, now)?;
                // EasyPost's library verifies and then parses, and the verdict covers both. It accepts any JSON, also values
                // that no Rust type can hold.
                serde_json::from_slice::<IgnoredAny>(body).map_err(|_| Refusal::Malformed("body"))?;
                Ok(())
            }
            Some("github") => GitHub.verify(&headers, body, &secrets, now),
            Some("shopify") => Shopify.verify(&headers, body, &secrets, now),
            Some("stripe") => Stripe.verify_within(&headers, body, &secrets, now, tolerance),
            None if self.header.is_some() => Stripe.verify_within(&headers, body, &secrets, now, tolerance),
            Some("standard-webhooks" | "standardwebhooks" | "svix") | None => {
                StandardWebhooks.verify_within(&headers, body, &secrets, now, tolerance)
            }
            Some(other) => panic!("{}: no scheme is known for {other}", self.name),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a test's own switch, read by no function")]
fn directory() -> PathBuf {
    std::env::var_os("WEBHOOK_CASES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("cases"), PathBuf::from)
}

#[test]
fn every_binding_case_gets_the_verdict_of_the_senders_library() {
    let mut checked = 0;
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(directory()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let file: File = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        for case in file.cases.iter().filter(|case| case.is_binding()) {
            checked += 1;
            let verdict = case.verdict();
            if verdict.is_ok() != (case.expected == "accept") {
                wrong.push(format!(
                    "{}: {}: expected {}, got {verdict:?}",
                    path.display(),
                    case.name,
                    case.expected
                ));
            }
        }
    }
    assert!(checked > 0, "no cases were found");
    assert!(
        wrong.is_empty(),
        "{} of {checked} cases have a wrong verdict:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
