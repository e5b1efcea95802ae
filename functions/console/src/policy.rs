//! What a page may load, and what it may connect to: nothing but what is named.

use crate::settings::{Cards, Shop, SignIn};
use std::collections::BTreeSet;

/// Where a page's scripts, frames and connections may lead, beside its own origin.
#[derive(Debug, Default)]
struct Origins<'a> {
    scripts: Vec<&'a str>,
    images: Vec<&'a str>,
    frames: Vec<&'a str>,
    connections: Vec<&'a str>,
}

/// The console loads from its own origin alone, and connects to it, to where people sign in and to live tracking. It reaches an
/// issuer's pages by navigation, which no policy restricts.
pub(crate) fn of_console(sign_in: Option<&SignIn>, live_url: &str) -> String {
    let mut connections: BTreeSet<&str> = match sign_in {
        None => BTreeSet::new(),
        Some(SignIn::Password(pool)) => BTreeSet::from([origin(&pool.endpoint)]),
        Some(SignIn::Code { token_url, revoke_url, .. }) => {
            [Some(token_url), revoke_url.as_ref()].into_iter().flatten().map(|url| origin(url)).collect()
        }
    };
    connections.insert(origin(live_url));
    written(&Origins { connections: connections.into_iter().collect(), ..Origins::default() })
}

/// The shop connects to the user pool and to live tracking, and loads the card form of the payment provider. Staff decide where
/// images of products are.
pub(crate) fn of_shop(shop: &Shop, live_url: &str) -> String {
    let connections = vec![origin(&shop.pool.endpoint), origin(live_url)];
    let mut origins = Origins { connections, images: vec!["https:"], ..Origins::default() };
    match &shop.cards {
        None => {}
        // https://docs.stripe.com/security/guide#content-security-policy
        Some(Cards::Stripe { .. }) => {
            origins.scripts.extend(["https://js.stripe.com", "https://*.js.stripe.com"]);
            origins.frames.extend([
                "https://js.stripe.com",
                "https://*.js.stripe.com",
                "https://hooks.stripe.com",
            ]);
            origins.connections.push("https://api.stripe.com");
        }
        Some(Cards::Local { server, .. }) => {
            origins.scripts.push(server);
            origins.connections.push(server);
        }
    }
    written(&origins)
}

/// Scheme and authority of an address.
fn origin(url: &str) -> &str {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let end = url.get(authority..).and_then(|rest| rest.find(['/', '?', '#']));
    end.and_then(|end| url.get(..authority + end)).unwrap_or(url)
}

fn written(origins: &Origins) -> String {
    let list = |others: &[&str]| others.iter().flat_map(|origin| [" ", *origin]).collect::<String>();
    let frames = if origins.frames.is_empty() {
        String::new()
    } else {
        format!(" frame-src{};", list(&origins.frames))
    };
    format!(
        "default-src 'none'; script-src 'self'{scripts}; style-src 'self'; img-src 'self'{images}; connect-src 'self'{connections};{frames} \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        scripts = list(&origins.scripts),
        images = list(&origins.images),
        connections = list(&origins.connections),
    )
}

#[cfg(test)]
mod tests;
