//! The rules of every scheme: a signed message verifies, and nothing else does.

#![expect(clippy::unwrap_used, reason = "a test's own texts are valid")]

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use outbound::Secret;
use proptest::prelude::*;
use webhooks::{EasyPost, GitHub, Refusal, Scheme, Shopify, StandardWebhooks, Stripe, keyed_hash};

const NOW: i64 = 1_700_000_000;
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn headers(values: &[(&str, &str)]) -> HeaderMap {
    values
        .iter()
        .map(|(name, value)| (HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap()))
        .collect()
}

/// A signed message of one scheme: the header that holds the signature comes first.
struct Signed {
    scheme: Box<dyn Scheme>,
    headers: Vec<(&'static str, String)>,
    timed: bool,
}

fn sign_with_all(body: &[u8], secret: &str, second: i64) -> Vec<Signed> {
    let secret = Secret::new(secret);
    let standard = StandardWebhooks::sign("msg_1", body, &secret, at(second)).unwrap();
    vec![
        Signed {
            scheme: Box::new(Stripe),
            headers: vec![("stripe-signature", Stripe::sign(body, &secret, at(second)))],
            timed: true,
        },
        Signed {
            scheme: Box::new(StandardWebhooks),
            headers: vec![
                ("webhook-signature", standard),
                ("webhook-id", "msg_1".to_owned()),
                ("webhook-timestamp", second.to_string()),
            ],
            timed: true,
        },
        Signed {
            scheme: Box::new(EasyPost),
            headers: vec![("x-hmac-signature", EasyPost::sign(body, &secret))],
            timed: false,
        },
        Signed {
            scheme: Box::new(GitHub),
            headers: vec![("x-hub-signature-256", GitHub::sign(body, &secret))],
            timed: false,
        },
        Signed {
            scheme: Box::new(Shopify),
            headers: vec![("x-shopify-hmac-sha256", Shopify::sign(body, &secret))],
            timed: false,
        },
    ]
}

impl Signed {
    fn map(&self) -> HeaderMap {
        headers(&self.headers.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>())
    }

    fn verify(&self, body: &[u8], secrets: &[&str], now: i64) -> Result<(), Refusal> {
        let secrets: Vec<Secret> = secrets.iter().copied().map(Secret::new).collect();
        webhooks::verify(&*self.scheme, &self.map(), body, &secrets, at(now)).map(|verified| {
            assert_eq!(verified.into_inner(), body);
        })
    }
}

#[test]
fn any_one_of_several_secrets_suffices() {
    for signed in sign_with_all(b"{}", SECRET, NOW) {
        assert_eq!(signed.verify(b"{}", &[OTHER_SECRET, SECRET], NOW), Ok(()));
        assert_eq!(signed.verify(b"{}", &[SECRET, OTHER_SECRET], NOW), Ok(()));
        assert_eq!(signed.verify(b"{}", &[OTHER_SECRET], NOW), Err(Refusal::NoMatchingSignature));
    }
}

#[test]
fn no_secret_and_an_empty_secret_verify_nothing() {
    for signed in sign_with_all(b"{}", SECRET, NOW) {
        assert_eq!(signed.verify(b"{}", &[], NOW), Err(Refusal::EmptySecret));
        assert_eq!(signed.verify(b"{}", &[""], NOW), Err(Refusal::EmptySecret));
        assert_eq!(
            signed.verify(b"{}", &["", SECRET], NOW),
            Ok(()),
            "an empty secret beside a valid one is ignored"
        );
    }
    // Signed with an empty key, as a forger would if a deployment had no secret.
    let empty = Secret::new("");
    let forged = [
        (Box::new(Stripe) as Box<dyn Scheme>, "stripe-signature", Stripe::sign(b"{}", &empty, at(NOW))),
        (Box::new(EasyPost), "x-hmac-signature", EasyPost::sign(b"{}", &empty)),
        (Box::new(GitHub), "x-hub-signature-256", GitHub::sign(b"{}", &empty)),
        (Box::new(Shopify), "x-shopify-hmac-sha256", Shopify::sign(b"{}", &empty)),
    ];
    for (scheme, name, value) in forged {
        let verdict =
            scheme.verify(&headers(&[(name, &value)]), b"{}", std::slice::from_ref(&empty), at(NOW));
        assert_eq!(verdict, Err(Refusal::EmptySecret), "{name}");
    }
}

#[test]
fn a_missing_header_is_named() {
    let secrets = [Secret::new(SECRET)];
    for signed in sign_with_all(b"{}", SECRET, NOW) {
        let (name, _) = signed.headers[0];
        let mut headers = signed.map();
        headers.remove(name);
        let verdict = signed.scheme.verify(&headers, b"{}", &secrets, at(NOW));
        assert_eq!(verdict, Err(Refusal::NoHeader(name)));
        headers.insert(name, HeaderValue::from_static(""));
        let verdict = signed.scheme.verify(&headers, b"{}", &secrets, at(NOW));
        assert_eq!(verdict, Err(Refusal::NoHeader(name)), "an empty header counts as missing");
    }
}

#[test]
fn a_difference_of_300_seconds_passes_and_301_does_not() {
    for signed in sign_with_all(b"{}", SECRET, NOW).into_iter().filter(|signed| signed.timed) {
        for (now, expected) in [
            (NOW + 300, Ok(())),
            (NOW + 301, Err(Refusal::TooOld)),
            (NOW - 300, Ok(())),
            (NOW - 301, Err(Refusal::InTheFuture)),
        ] {
            assert_eq!(signed.verify(b"{}", &[SECRET], now), expected);
        }
    }
}

#[test]
fn the_signature_is_checked_before_its_age() {
    for signed in sign_with_all(b"{}", SECRET, NOW).into_iter().filter(|signed| signed.timed) {
        assert_eq!(signed.verify(b"{ }", &[SECRET], NOW + 9999), Err(Refusal::NoMatchingSignature));
    }
}

#[test]
fn two_different_times_in_a_stripe_header_are_malformed() {
    let signature = Stripe::sign(b"{}", &Secret::new(SECRET), at(NOW));
    let headers = headers(&[("stripe-signature", &format!("t=1,{signature}"))]);
    let verdict = Stripe.verify(&headers, b"{}", &[Secret::new(SECRET)], at(NOW));
    assert_eq!(verdict, Err(Refusal::Malformed("stripe-signature")));
}

#[test]
fn shopify_refuses_an_empty_body_however_it_is_signed() {
    let signature = Shopify::sign(b"", &Secret::new(SECRET));
    let headers = headers(&[("x-shopify-hmac-sha256", &signature)]);
    let verdict = Shopify.verify(&headers, b"", &[Secret::new(SECRET)], at(NOW));
    assert_eq!(verdict, Err(Refusal::Malformed("body")));
}

#[test]
fn a_standard_webhooks_secret_that_is_not_base64_signs_nothing() {
    assert_eq!(
        StandardWebhooks::sign("m", b"{}", &Secret::new("whsec_!"), at(NOW)),
        Err(Refusal::EmptySecret)
    );
    assert_eq!(
        StandardWebhooks::sign("m", b"{}", &Secret::new("whsec_"), at(NOW)),
        Err(Refusal::EmptySecret)
    );
}

#[test]
fn no_refusal_shows_a_secret_or_the_body() {
    for signed in sign_with_all(b"private", SECRET, NOW) {
        let refusal = signed.verify(b"other", &[OTHER_SECRET], NOW).unwrap_err();
        let shown = format!("{refusal} {refusal:?}");
        assert!(!shown.contains(OTHER_SECRET) && !shown.contains("other"), "{shown}");
    }
}

proptest! {
    #[test]
    fn a_signed_body_verifies(body in proptest::collection::vec(any::<u8>(), 1..300)) {
        for signed in sign_with_all(&body, SECRET, NOW) {
            prop_assert_eq!(signed.verify(&body, &[SECRET], NOW), Ok(()));
        }
    }

    #[test]
    fn a_flipped_bit_of_the_body_never_verifies(
        body in proptest::collection::vec(any::<u8>(), 1..300),
        place in any::<prop::sample::Index>(),
        bit in 0..8_u32,
    ) {
        let mut flipped = body.clone();
        flipped[place.index(body.len())] ^= 1 << bit;
        for signed in sign_with_all(&body, SECRET, NOW) {
            prop_assert_eq!(signed.verify(&flipped, &[SECRET], NOW), Err(Refusal::NoMatchingSignature));
        }
    }

    #[test]
    fn a_flipped_bit_of_a_header_never_verifies(place in any::<prop::sample::Index>(), bit in 0..7_u32) {
        for mut signed in sign_with_all(b"{}", SECRET, NOW) {
            for header in 0..signed.headers.len() {
                let value = signed.headers[header].1.clone();
                let mut bytes = value.clone().into_bytes();
                bytes[place.index(value.len())] ^= 1 << bit;
                // A byte that HTTP cannot carry never arrives.
                let Some(flipped) = String::from_utf8(bytes).ok().filter(|text| HeaderValue::try_from(text).is_ok())
                else { continue };
                signed.headers[header].1 = flipped;
                prop_assert!(signed.verify(b"{}", &[SECRET], NOW).is_err(), "{}", signed.headers[header].0);
                signed.headers[header].1 = value;
            }
        }
    }

    #[test]
    fn the_case_of_a_headers_name_does_not_matter(upper in any::<u64>()) {
        for signed in sign_with_all(b"{}", SECRET, NOW) {
            let spelt: HeaderMap = signed
                .headers
                .iter()
                .map(|(name, value)| {
                    let spelt: String = name
                        .chars()
                        .enumerate()
                        .map(|(i, c)| if upper >> (i % 64) & 1 == 1 { c.to_ascii_uppercase() } else { c })
                        .collect();
                    (HeaderName::try_from(spelt).unwrap(), HeaderValue::try_from(value).unwrap())
                })
                .collect();
            let verdict = signed.scheme.verify(&spelt, b"{}", &[Secret::new(SECRET)], at(NOW));
            prop_assert_eq!(verdict, Ok(()));
        }
    }

    #[test]
    fn no_input_panics(text in "[ -~]{0,200}", body in any::<Vec<u8>>()) {
        for mut signed in sign_with_all(b"{}", SECRET, NOW) {
            for (_, value) in &mut signed.headers {
                *value = text.clone();
            }
            let secrets = [Secret::new(SECRET)];
            prop_assert!(signed.scheme.verify(&signed.map(), &body, &secrets, at(NOW)).is_err());
        }
    }
}

#[test]
fn during_a_rotation_both_secrets_sign_and_either_verifies() {
    let (id, body, now) = ("msg_1", b"{}", Timestamp::from_second(1_700_000_000).unwrap());
    let [new, old] = [&[1; 32][..], &[2; 24]].map(StandardWebhooks::secret);
    let signature = StandardWebhooks::sign_all(id, body, &[new.clone(), old.clone()], now).unwrap();
    assert_eq!(signature.split(' ').count(), 2);
    let mut headers = HeaderMap::new();
    for (name, value) in
        [("webhook-id", id), ("webhook-timestamp", "1700000000"), ("webhook-signature", &signature)]
    {
        headers.insert(name, HeaderValue::from_str(value).unwrap());
    }
    for secret in [new, old] {
        assert_eq!(StandardWebhooks.verify(&headers, body, &[secret], now), Ok(()));
    }
    let other = StandardWebhooks::secret(&[3; 32]);
    assert!(StandardWebhooks.verify(&headers, body, &[other], now).is_err());
    assert_eq!(StandardWebhooks::sign_all(id, body, &[], now), Err(Refusal::EmptySecret));
}

#[test]
fn a_secret_is_the_prefix_and_the_base64_of_24_to_64_bytes() {
    for (length, expected) in [(23, false), (24, true), (64, true), (65, false)] {
        assert_eq!(
            StandardWebhooks::is_secret(StandardWebhooks::secret(&vec![7; length]).expose()),
            expected
        );
    }
    for invalid in ["", "whsec_", "whsec_!", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "whsec_AAAA"] {
        assert!(!StandardWebhooks::is_secret(invalid), "{invalid}");
    }
}

/// The second test case of [RFC 4231](https://www.rfc-editor.org/rfc/rfc4231#section-4.3).
#[test]
fn a_keyed_hash_is_an_hmac_in_hexadecimal_digits() {
    assert_eq!(
        keyed_hash(&Secret::new("Jefe"), "what do ya want for nothing?"),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
}
