//! What the pages have to know about the stack. None of it is secret.

use events::Currency;
use runtime::Settings;
use runtime::http::Access;
use serde::Serialize;
use std::collections::BTreeMap;
use webhooks::Senders;

/// Where people sign in to the console, as the page gets it.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum SignIn {
    /// The page's own form.
    Password(Pool),
    /// The issuer's pages: authorization code with PKCE.
    Code {
        /// The client with which callers sign in. It has no secret.
        client_id: String,
        /// Where the page sends people.
        authorize_url: String,
        /// Where the page exchanges the code, and refreshes tokens.
        token_url: String,
        /// Where a sign-out revokes the refresh token, if the issuer can.
        revoke_url: Option<String>,
        /// What the page asks for, separated by spaces.
        scopes: String,
    },
}

/// The user pool.
#[derive(Debug, Clone, Serialize)]
pub struct Pool {
    /// Its address, for example `https://cognito-idp.eu-central-1.amazonaws.com`.
    pub endpoint: String,
    /// The client with which callers sign in.
    pub client_id: String,
}

impl SignIn {
    /// With `SIGN_IN_AUTHORIZE_URL` the issuer's pages: also `SIGN_IN_CLIENT_ID`, `SIGN_IN_TOKEN_URL`, `SIGN_IN_REVOKE_URL`,
    /// `SIGN_IN_SCOPES`. Else the form: `USER_POOL_ENDPOINT` and `USER_POOL_CLIENT_ID`; `None` without a client.
    pub fn from_settings(settings: &mut Settings) -> Option<Self> {
        if let Some(authorize_url) = settings.optional("SIGN_IN_AUTHORIZE_URL") {
            return Some(Self::Code {
                client_id: settings.text("SIGN_IN_CLIENT_ID"),
                authorize_url,
                token_url: settings.text("SIGN_IN_TOKEN_URL"),
                revoke_url: settings.optional("SIGN_IN_REVOKE_URL"),
                scopes: settings.text("SIGN_IN_SCOPES"),
            });
        }
        let endpoint = settings.text("USER_POOL_ENDPOINT");
        let client_id = settings.optional("USER_POOL_CLIENT_ID")?;
        Some(Self::Password(Pool { endpoint, client_id }))
    }
}

/// The demo shop.
#[derive(Debug, Clone)]
pub struct Shop {
    /// Its name, as customers read it.
    pub name: String,
    /// Where customers sign up and in. The page has forms of its own.
    pub pool: Pool,
    /// How cards are taken; `None` without a publishable key.
    pub cards: Option<Cards>,
    /// The sender that reports transfers; `None` if no sender reports payments.
    pub transfer: Option<String>,
}

/// The card form of the payment provider, with the publishable key of its account.
#[derive(Debug, Clone)]
pub enum Cards {
    /// Stripe's own, from Stripe's own origin.
    Stripe {
        /// As in `pk_live_…`.
        key: String,
    },
    /// That of a payment server on this machine, which serves a script with the same calls.
    Local {
        /// Its address, as in `http://127.0.0.1:8420`.
        server: String,
        /// Any, as in `pk_test_…`.
        key: String,
    },
}

impl Shop {
    /// `None` unless `DEMO_SHOP` is `true`. Otherwise `SHOP_NAME`, `USER_POOL_ENDPOINT`, `USER_POOL_CLIENT_ID`,
    /// `STRIPE_API_BASE`, `STRIPE_PUBLISHABLE_KEY` and `WEBHOOK_SOURCES`.
    pub fn from_settings(settings: &mut Settings) -> Option<Self> {
        if !settings.one_of("DEMO_SHOP", &[("true", true), ("false", false)], false) {
            return None;
        }
        let server = settings.base_url("STRIPE_API_BASE");
        let cards = settings.optional("STRIPE_PUBLISHABLE_KEY").map(|key| {
            // Only a server of this machine is without TLS. Stripe's script comes from Stripe, whatever the API is called by.
            if server.starts_with("http://") { Cards::Local { server, key } } else { Cards::Stripe { key } }
        });
        let senders = settings.parsed("WEBHOOK_SOURCES", Senders::default());
        Some(Self {
            name: settings.text("SHOP_NAME"),
            pool: Pool {
                endpoint: settings.text("USER_POOL_ENDPOINT"),
                client_id: settings.text("USER_POOL_CLIENT_ID"),
            },
            cards,
            transfer: senders.of_payments().next().map(str::to_owned),
        })
    }
}

impl Cards {
    fn script(&self) -> String {
        match self {
            Self::Stripe { .. } => "https://js.stripe.com/v3/".to_owned(),
            Self::Local { server, .. } => format!("{server}/js.stripe.com/v3/"),
        }
    }

    fn key(&self) -> &str {
        match self {
            Self::Stripe { key } | Self::Local { key, .. } => key,
        }
    }
}

/// `settings.json` of the console.
#[derive(Serialize)]
pub(crate) struct OfConsole<'a> {
    stack: &'a str,
    version: &'static str,
    sign_in: Option<&'a SignIn>,
    live_url: &'a str,
    groups: Groups<'a>,
    /// How amounts are written, by the code of the currency.
    currencies: BTreeMap<String, Money>,
}

impl<'a> OfConsole<'a> {
    pub(crate) fn of(
        stack: &'a str,
        sign_in: Option<&'a SignIn>,
        live_url: &'a str,
        access: &'a Access,
    ) -> Self {
        let groups = Groups {
            claim: &access.groups_claim,
            admin: &access.admin_group,
            staff: &access.staff_group,
            viewer: &access.viewer_group,
        };
        Self {
            stack,
            version: env!("CARGO_PKG_VERSION"),
            sign_in,
            live_url,
            groups,
            currencies: currencies(),
        }
    }
}

/// `settings.json` of the shop.
#[derive(Serialize)]
pub(crate) struct OfShop<'a> {
    name: &'a str,
    /// Where the API is; `null` is one folder up. A shop on another origin has a `settings.json` of its own.
    api: Option<&'a str>,
    live_url: &'a str,
    sign_in: &'a Pool,
    cards: Option<CardForm<'a>>,
    transfer: Option<&'a str>,
    currencies: BTreeMap<String, Money>,
}

impl<'a> OfShop<'a> {
    pub(crate) fn of(shop: &'a Shop, live_url: &'a str) -> Self {
        Self {
            name: &shop.name,
            api: None,
            live_url,
            sign_in: &shop.pool,
            cards: shop.cards.as_ref().map(|cards| CardForm { script: cards.script(), key: cards.key() }),
            transfer: shop.transfer.as_deref(),
            currencies: currencies(),
        }
    }
}

#[derive(Serialize)]
struct Groups<'a> {
    claim: &'a str,
    admin: &'a str,
    staff: &'a str,
    viewer: &'a str,
}

#[derive(Serialize)]
struct CardForm<'a> {
    /// The address of the provider's script.
    script: String,
    key: &'a str,
}

#[derive(Serialize)]
struct Money {
    /// Decimals, by ISO 4217.
    exponent: u32,
    /// A price is a multiple of so many minor units.
    step: u64,
}

fn currencies() -> BTreeMap<String, Money> {
    let money = |currency: Currency| {
        let rules = currency.rules();
        (currency.to_string(), Money { exponent: rules.exponent, step: rules.step })
    };
    Currency::in_use().map(money).collect()
}

#[cfg(test)]
mod tests;
