//! `serve-console`: the page of the console, its assets and its settings, without a token.
//!
//! - Trigger: `GET /console`, which redirects to the page; `GET /console/{path+}`: `index.html`, `settings.json`, `assets/…`.
//! - Effect: none. It reads nothing: the files are embedded, the settings are those of the environment.
//! - Answer: assets have a hash of their content in their names and never change, so browsers keep them. The page and the settings
//!   are not kept, so that a deploy is seen at once. `404` for everything else.
//! - Publishes: nothing.
//!
//! Every address is relative, because the API has a prefix on the local stack. The page may load from its own origin
//! alone, and connect to that and to where people sign in.

use crate::files::{File, PAGE};
use async_trait::async_trait;
use events::Currency;
use runtime::Settings;
use runtime::http::{Access, Endpoint, Problem, Reply, Request};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The step. See the module.
pub struct ServeConsole {
    /// The stack's name, which the page shows.
    pub stack: String,
    /// Where people sign in; `None` if another issuer signs the tokens, and its pages are not known.
    pub sign_in: Option<SignIn>,
    /// How the page reads a person's groups from the token. The API decides by the same claim.
    pub access: Access,
}

/// Where people sign in, as the page gets it.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum SignIn {
    /// The page's own form, at the user pool.
    Password {
        /// Its address, for example `https://cognito-idp.eu-central-1.amazonaws.com`.
        endpoint: String,
        /// The client with which callers sign in.
        client_id: String,
    },
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
        Some(Self::Password { endpoint, client_id })
    }

    /// The origins to which the page connects to sign people in. It goes to the issuer's pages as to any address.
    fn origins(&self) -> BTreeSet<&str> {
        match self {
            Self::Password { endpoint, .. } => BTreeSet::from([origin(endpoint)]),
            Self::Code { token_url, revoke_url, .. } => {
                [Some(token_url), revoke_url.as_ref()].into_iter().flatten().map(|url| origin(url)).collect()
            }
        }
    }
}

/// Scheme and authority of an address.
fn origin(url: &str) -> &str {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let end = url.get(authority..).and_then(|rest| rest.find(['/', '?', '#']));
    end.and_then(|end| url.get(..authority + end)).unwrap_or(url)
}

/// What the page has to know about the stack. None of it is secret.
#[derive(Serialize)]
struct PageSettings<'a> {
    stack: &'a str,
    version: &'static str,
    sign_in: Option<&'a SignIn>,
    groups: Groups<'a>,
    /// How amounts are written, by the code of the currency.
    currencies: BTreeMap<String, Money>,
}

#[derive(Serialize)]
struct Groups<'a> {
    claim: &'a str,
    admin: &'a str,
    staff: &'a str,
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
        let issuer: String =
            self.sign_in.iter().flat_map(SignIn::origins).flat_map(|origin| [" ", origin]).collect();
        format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'{issuer}; \
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
            groups: Groups {
                claim: &self.access.groups_claim,
                admin: &self.access.admin_group,
                staff: &self.access.staff_group,
                viewer: &self.access.viewer_group,
            },
            currencies: Currency::in_use().map(money).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
