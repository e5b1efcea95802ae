//! What the environment makes of the demo shop.

use super::*;

fn shop(changed: &[(&'static str, &'static str)]) -> Option<Shop> {
    let mut variables = BTreeMap::from([
        ("DEMO_SHOP", "true"),
        ("SHOP_NAME", "Tea"),
        ("USER_POOL_ENDPOINT", "https://pool.example"),
        ("USER_POOL_CLIENT_ID", "client-1"),
        ("STRIPE_API_BASE", "https://api.stripe.com"),
        ("STRIPE_PUBLISHABLE_KEY", "pk_test_1"),
        ("WEBHOOK_SOURCES", "courier:parcels=DHL,bank:payments"),
    ]);
    variables.extend(changed.iter().copied());
    let lookup = move |name: &str| variables.get(name).map(|value| (*value).to_owned());
    let mut settings = Settings::from_lookup(lookup);
    let shop = Shop::from_settings(&mut settings);
    settings.finish().expect("the settings are valid");
    shop
}

#[test]
fn a_stack_serves_no_shop_unless_it_is_asked_to() {
    assert!(shop(&[("DEMO_SHOP", "false")]).is_none());
    assert!(shop(&[("DEMO_SHOP", "")]).is_none());
    assert!(shop(&[]).is_some());
}

#[test]
fn an_issuer_with_pages_signs_people_in_and_no_pool_does() {
    let mut settings = Settings::from_lookup(|name| {
        let value = match name {
            "SIGN_IN_AUTHORIZE_URL" => "https://id.example/authorize?audience=shop",
            "SIGN_IN_TOKEN_URL" => "https://tokens.example:8443/oauth2/token",
            "SIGN_IN_CLIENT_ID" => "console-1",
            "SIGN_IN_SCOPES" => "openid email",
            "USER_POOL_ENDPOINT" => "https://pool.example",
            _ => return None,
        };
        Some(value.to_owned())
    });
    let sign_in = SignIn::from_settings(&mut settings);
    settings.finish().unwrap();
    assert_eq!(
        serde_json::to_value(sign_in).unwrap(),
        serde_json::json!({
            "kind": "code",
            "client_id": "console-1",
            "authorize_url": "https://id.example/authorize?audience=shop",
            "token_url": "https://tokens.example:8443/oauth2/token",
            "revoke_url": null,
            "scopes": "openid email",
        })
    );
}

#[test]
fn the_script_for_cards_is_stripes_own_unless_the_payment_server_is_on_this_machine() {
    let stripe = shop(&[]).unwrap().cards.unwrap();
    assert_eq!((stripe.script().as_str(), stripe.key()), ("https://js.stripe.com/v3/", "pk_test_1"));
    let local = shop(&[("STRIPE_API_BASE", "http://127.0.0.1:8420")]).unwrap().cards.unwrap();
    assert_eq!(local.script(), "http://127.0.0.1:8420/js.stripe.com/v3/");
}

#[test]
fn without_a_publishable_key_no_card_is_taken_and_without_a_sender_no_transfer() {
    let shop_of_nothing =
        shop(&[("STRIPE_PUBLISHABLE_KEY", ""), ("WEBHOOK_SOURCES", "courier:parcels")]).unwrap();
    assert!(shop_of_nothing.cards.is_none() && shop_of_nothing.transfer.is_none());
    assert_eq!(shop(&[]).unwrap().transfer.as_deref(), Some("bank"));
}
