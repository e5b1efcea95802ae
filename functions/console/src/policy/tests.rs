//! Which origins each page names, and no other.

use super::*;

fn sign_in() -> SignIn {
    SignIn { endpoint: "https://pool.example".to_owned(), client_id: "client-1".to_owned() }
}

fn shop(cards: Option<Cards>) -> Shop {
    Shop {
        name: "Tea".to_owned(),
        live_url: "wss://live.example/live".to_owned(),
        cards,
        transfer: None,
    }
}

/// The sources of one directive.
fn sources<'a>(policy: &'a str, directive: &str) -> Vec<&'a str> {
    let found = policy.split("; ").find_map(|part| part.strip_prefix(directive));
    found.unwrap_or_default().split_whitespace().collect()
}

#[test]
fn the_console_connects_to_its_origin_and_the_pool_alone() {
    let policy = of_console(Some(&sign_in()));
    assert_eq!(sources(&policy, "connect-src"), ["'self'", "https://pool.example"]);
    assert_eq!(sources(&policy, "script-src"), ["'self'"]);
    assert!(!policy.contains("frame-src"), "{policy}");
    assert_eq!(sources(&of_console(None), "connect-src"), ["'self'"]);
}

#[test]
fn the_shop_adds_the_documented_origins_of_stripe_and_no_other() {
    let policy = of_shop(Some(&sign_in()), &shop(Some(Cards::Stripe { key: "pk_live_1".to_owned() })));
    assert_eq!(sources(&policy, "script-src"), ["'self'", "https://js.stripe.com", "https://*.js.stripe.com"]);
    assert_eq!(
        sources(&policy, "frame-src"),
        ["https://js.stripe.com", "https://*.js.stripe.com", "https://hooks.stripe.com"]
    );
    assert_eq!(
        sources(&policy, "connect-src"),
        ["'self'", "https://pool.example", "wss://live.example", "https://api.stripe.com"]
    );
}

#[test]
fn on_one_machine_the_shop_adds_the_local_payment_server() {
    let server = "http://127.0.0.1:8420".to_owned();
    let policy = of_shop(None, &shop(Some(Cards::Local { server, key: "pk_test".to_owned() })));
    assert_eq!(sources(&policy, "script-src"), ["'self'", "http://127.0.0.1:8420"]);
    assert_eq!(sources(&policy, "connect-src"), ["'self'", "wss://live.example", "http://127.0.0.1:8420"]);
    assert!(!policy.contains("stripe.com"), "{policy}");
}

#[test]
fn without_cards_the_shop_names_no_payment_provider_and_nothing_is_ever_inline() {
    let policies = [of_console(None), of_shop(None, &shop(None))];
    assert_eq!(sources(&policies[1], "script-src"), ["'self'"]);
    for policy in policies {
        assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"), "{policy}");
        assert!(policy.ends_with("form-action 'self'; base-uri 'none'; frame-ancestors 'none'"), "{policy}");
    }
}
