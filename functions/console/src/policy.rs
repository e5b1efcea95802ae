//! What a page may load, and what it may connect to: nothing but what is named.

use crate::settings::{Cards, Shop, SignIn};

/// Where a page's scripts, frames and connections may lead, beside its own origin.
#[derive(Debug, Default)]
struct Origins<'a> {
    scripts: Vec<&'a str>,
    frames: Vec<&'a str>,
    connections: Vec<&'a str>,
}

/// The console loads from its own origin alone, and connects to it and to the user pool.
pub(crate) fn of_console(sign_in: Option<&SignIn>) -> String {
    written(&Origins { connections: pool(sign_in), ..Origins::default() })
}

/// The shop also tracks orders, and loads the card form of the payment provider.
pub(crate) fn of_shop(sign_in: Option<&SignIn>, shop: &Shop) -> String {
    let mut origins = Origins { connections: pool(sign_in), ..Origins::default() };
    origins.connections.push(origin(&shop.live_url));
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

fn pool(sign_in: Option<&SignIn>) -> Vec<&str> {
    sign_in.iter().map(|sign_in| sign_in.endpoint.as_str()).collect()
}

/// Scheme, host and port of an address.
fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    url[host..].find('/').map_or(url, |end| &url[..host + end])
}

fn written(origins: &Origins) -> String {
    let list = |others: &[&str]| others.iter().map(|origin| format!(" {origin}")).collect::<String>();
    let frames = if origins.frames.is_empty() {
        String::new()
    } else {
        format!(" frame-src{};", list(&origins.frames))
    };
    format!(
        "default-src 'none'; script-src 'self'{scripts}; style-src 'self'; img-src 'self'; connect-src 'self'{connections};{frames} \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        scripts = list(&origins.scripts),
        connections = list(&origins.connections),
    )
}

#[cfg(test)]
mod tests;
