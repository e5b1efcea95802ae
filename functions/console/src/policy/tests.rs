//! Which origins each page names, and no other.

use super::*;
use crate::settings::Pool;

const LIVE: &str = "wss://live.example:8443/stage/live";

fn pool() -> Pool {
    Pool { endpoint: "https://pool.example".to_owned(), client_id: "client-1".to_owned() }
}

fn at_an_issuer(revoke_url: Option<&str>) -> SignIn {
    SignIn::Code {
        client_id: "console-1".to_owned(),
        authorize_url: "https://id.example/authorize?audience=shop".to_owned(),
        token_url: "https://tokens.example:8443/oauth2/token".to_owned(),
        revoke_url: revoke_url.map(str::to_owned),
        scopes: "openid email".to_owned(),
    }
}

fn shop(cards: Option<Cards>) -> Shop {
    Shop { name: "Tea".to_owned(), pool: pool(), cards, transfer: None }
}

/// The sources of one directive.
fn sources<'a>(policy: &'a str, directive: &str) -> Vec<&'a str> {
    let found = policy.split("; ").find_map(|part| part.strip_prefix(directive));
    found.unwrap_or_default().split_whitespace().collect()
}

#[test]
fn the_console_connects_to_its_origin_the_pool_and_live_tracking_alone() {
    let policy = of_console(Some(&SignIn::Password(pool())), LIVE);
    assert_eq!(
        sources(&policy, "connect-src"),
        ["'self'", "https://pool.example", "wss://live.example:8443"]
    );
    assert_eq!(sources(&policy, "script-src"), ["'self'"]);
    assert_eq!(sources(&policy, "img-src"), ["'self'"]);
    assert!(!policy.contains("frame-src"), "{policy}");
    assert_eq!(sources(&of_console(None, LIVE), "connect-src"), ["'self'", "wss://live.example:8443"]);
}

#[test]
fn where_an_issuer_has_pages_the_console_connects_to_its_tokens_and_to_no_pool() {
    let (tokens, live) = ("https://tokens.example:8443", "wss://live.example:8443");
    assert_eq!(
        sources(&of_console(Some(&at_an_issuer(None)), LIVE), "connect-src"),
        ["'self'", tokens, live]
    );
    let both = of_console(Some(&at_an_issuer(Some("https://id.example/revoke"))), LIVE);
    assert_eq!(sources(&both, "connect-src"), ["'self'", "https://id.example", tokens, live]);
}

#[test]
fn the_origin_of_an_address_has_no_path_and_no_query() {
    for (url, expected) in [
        ("https://id.example", "https://id.example"),
        ("https://id.example/", "https://id.example"),
        ("https://id.example?a=b/c", "https://id.example"),
        ("http://127.0.0.1:4566/pool/x#y", "http://127.0.0.1:4566"),
    ] {
        assert_eq!(origin(url), expected);
    }
}

#[test]
fn the_shop_adds_the_documented_origins_of_stripe_and_no_other() {
    let policy = of_shop(&shop(Some(Cards::Stripe { key: "pk_live_1".to_owned() })), LIVE);
    assert_eq!(
        sources(&policy, "script-src"),
        ["'self'", "https://js.stripe.com", "https://*.js.stripe.com"]
    );
    assert_eq!(
        sources(&policy, "frame-src"),
        ["https://js.stripe.com", "https://*.js.stripe.com", "https://hooks.stripe.com"]
    );
    assert_eq!(
        sources(&policy, "connect-src"),
        ["'self'", "https://pool.example", "wss://live.example:8443", "https://api.stripe.com"]
    );
}

#[test]
fn on_one_machine_the_shop_adds_the_local_payment_server() {
    let server = "http://127.0.0.1:8420".to_owned();
    let policy = of_shop(&shop(Some(Cards::Local { server, key: "pk_test".to_owned() })), LIVE);
    assert_eq!(sources(&policy, "script-src"), ["'self'", "http://127.0.0.1:8420"]);
    assert_eq!(sources(&policy, "img-src"), ["'self'", "https:"]);
    assert_eq!(
        sources(&policy, "connect-src"),
        ["'self'", "https://pool.example", "wss://live.example:8443", "http://127.0.0.1:8420"]
    );
    assert!(!policy.contains("stripe.com"), "{policy}");
}

#[test]
fn without_cards_the_shop_names_no_payment_provider_and_nothing_is_ever_inline() {
    let policies = [of_console(None, LIVE), of_shop(&shop(None), LIVE)];
    assert_eq!(sources(&policies[1], "script-src"), ["'self'"]);
    for policy in policies {
        assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"), "{policy}");
        assert!(policy.ends_with("form-action 'self'; base-uri 'none'; frame-ancestors 'none'"), "{policy}");
    }
}
