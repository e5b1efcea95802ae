//! `serve-console`: the page of the console, its assets and its settings, without a token.
//!
//! - Trigger: `GET /console`, which redirects to the page; `GET /console/{path+}`: `index.html`, `settings.json`, `assets/…`.
//! - Effect: none. It reads nothing: the files are embedded, the settings are those of the environment.
//! - Answer: assets have a hash of their content in their names and never change, so browsers keep them. The page and the settings
//!   are not kept, so that a deploy is seen at once. `404` for everything else.
//! - Publishes: nothing.
//!
//! Every address is relative, because the API has a prefix on the local stack. The page may load from its own origin alone, and connect
//! to it, to the user pool and to live tracking.

use crate::files::{File, PAGE};
use async_trait::async_trait;
use events::Currency;
use runtime::Settings;
use runtime::http::{Access, Endpoint, Problem, Reply, Request};
use serde::Serialize;
use std::collections::BTreeMap;

/// The step. See the module.
pub struct ServeConsole {
    /// The stack's name, which the page shows.
    pub stack: String,
    /// Where people sign in; `None` if another issuer signs the tokens.
    pub sign_in: Option<SignIn>,
    /// Address of live tracking, for example `wss://a1b2c3.execute-api.eu-central-1.amazonaws.com/live`.
    pub live_url: String,
    /// How the page reads a person's groups from the token. The API decides by the same claim.
    pub access: Access,
}

/// The user pool.
#[derive(Debug, Clone, Serialize)]
pub struct SignIn {
    /// Its address, for example `https://cognito-idp.eu-central-1.amazonaws.com`.
    pub endpoint: String,
    /// The client with which callers sign in.
    pub client_id: String,
}

impl SignIn {
    /// `USER_POOL_ENDPOINT` and `USER_POOL_CLIENT_ID`; `None` without a client.
    pub fn from_settings(settings: &mut Settings) -> Option<Self> {
        let endpoint = settings.text("USER_POOL_ENDPOINT");
        let client_id = settings.optional("USER_POOL_CLIENT_ID")?;
        Some(Self { endpoint, client_id })
    }
}

/// What the page has to know about the stack. None of it is secret.
#[derive(Serialize)]
struct PageSettings<'a> {
    stack: &'a str,
    version: &'static str,
    sign_in: Option<&'a SignIn>,
    live_url: &'a str,
    groups: Groups<'a>,
    /// How amounts are written, by the code of the currency.
    currencies: BTreeMap<String, Money>,
}

#[derive(Serialize)]
struct Groups<'a> {
    claim: &'a str,
    admin: &'a str,
    viewer: &'a str,
}

#[derive(Serialize)]
struct Money {
    /// Decimals, by ISO 4217.
    exponent: u32,
    /// A price is a multiple of so many minor units.
    step: u64,
}

#[async_trait]
impl Endpoint for ServeConsole {
    async fn answer(&self, request: Request) -> Result<Reply, Problem> {
        match (request.route.as_str(), request.in_path("path")) {
            // To a file, not to `/console/`: on AWS a greedy path needs at least one character.
            ("GET /console", _) => {
                Ok(Reply::bytes(302, "text/plain", b"").with("location", "console/index.html"))
            }
            ("GET /console/{path+}", "settings.json") => Ok(Reply::json(200, &self.settings())),
            ("GET /console/{path+}", path) => self.file(&request, path),
            _ => Err(Problem::not_found("no such route")),
        }
    }
}

impl ServeConsole {
    fn file(&self, request: &Request, path: &str) -> Result<Reply, Problem> {
        let file = File::at(path).ok_or_else(|| Problem::not_found("no such file of the console"))?;
        let (bytes, coding) = file.form(request.header("accept-encoding").unwrap_or_default());
        let reply = Reply::bytes(200, file.content_type(), bytes)
            .with("vary", "accept-encoding")
            .with("cross-origin-opener-policy", "same-origin")
            .with("referrer-policy", "no-referrer");
        let reply = if file.path == PAGE {
            reply.with("content-security-policy", self.policy())
        } else {
            reply.with("cache-control", "public, max-age=31536000, immutable")
        };
        Ok(match coding {
            Some(coding) => reply.with("content-encoding", coding),
            None => reply,
        })
    }

    /// What the page may load, and what it may connect to.
    fn policy(&self) -> String {
        let pool = self.sign_in.as_ref().map(|sign_in| format!(" {}", sign_in.endpoint)).unwrap_or_default();
        let live = origin(&self.live_url);
        format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'{pool} {live}; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
    }

    fn settings(&self) -> PageSettings<'_> {
        let money = |currency: Currency| {
            let rules = currency.rules();
            (currency.to_string(), Money { exponent: rules.exponent, step: rules.step })
        };
        PageSettings {
            stack: &self.stack,
            version: env!("CARGO_PKG_VERSION"),
            sign_in: self.sign_in.as_ref(),
            live_url: &self.live_url,
            groups: Groups {
                claim: &self.access.groups_claim,
                admin: &self.access.admin_group,
                viewer: &self.access.viewer_group,
            },
            currencies: Currency::in_use().map(money).collect(),
        }
    }
}

/// Scheme, host and port of an address.
fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |place| place + 3);
    url[host..].find('/').map_or(url, |path| &url[..host + path])
}

#[cfg(test)]
mod tests;
