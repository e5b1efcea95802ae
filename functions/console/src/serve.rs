//! `serve-console`: the page of the console and that of the demo shop, with their assets and settings, without a token.
//!
//! - Trigger: `GET /console`, which redirects to the page; `GET /console/{path+}`: `index.html`, `settings.json`, `assets/…`. The
//!   same below `/shop`.
//! - Effect: none. It reads nothing: the files are embedded, the settings are those of the environment.
//! - Answer: assets have a hash of their content in their names and never change, so browsers keep them. The page and the settings
//!   are not kept, so that a deploy is seen at once. `404` for everything else, and below `/shop` in a stack without a demo shop.
//! - Publishes: nothing.
//!
//! Every address is relative, because the API has a prefix on the local stack. What a page may load and connect to is in
//! [`crate::policy`].

use crate::files::{CONSOLE, File, PAGE, SHOP};
use crate::policy;
use crate::settings::{OfConsole, OfShop, Shop, SignIn};
use async_trait::async_trait;
use runtime::http::{Access, Endpoint, Problem, Reply, Request};

/// The step. See the module.
pub struct ServeConsole {
    /// The stack's name, which the console shows.
    pub stack: String,
    /// Where people sign in to the console; `None` if another issuer signs the tokens, and its pages are not known.
    pub sign_in: Option<SignIn>,
    /// Address of live tracking, for example `wss://a1b2c3.execute-api.eu-central-1.amazonaws.com/live`.
    pub live_url: String,
    /// How the console reads a person's groups from the token. The API decides by the same claim.
    pub access: Access,
    /// The demo shop, if the stack serves one.
    pub shop: Option<Shop>,
}

const SETTINGS: &str = "settings.json";

#[async_trait]
impl Endpoint for ServeConsole {
    async fn answer(&self, request: Request) -> Result<Reply, Problem> {
        let path = request.in_path("path");
        match request.route.as_str() {
            // To a file, not to `/console/`: on AWS a greedy path needs at least one character.
            "GET /console" => Ok(redirect("console/index.html")),
            "GET /console/{path+}" if path == SETTINGS => {
                let settings =
                    OfConsole::of(&self.stack, self.sign_in.as_ref(), &self.live_url, &self.access);
                Ok(Reply::json(200, &settings))
            }
            "GET /console/{path+}" => {
                file(&request, path, CONSOLE, || policy::of_console(self.sign_in.as_ref(), &self.live_url))
            }
            "GET /shop" => self.shop().map(|_| redirect("shop/index.html")),
            "GET /shop/{path+}" if path == SETTINGS => {
                Ok(Reply::json(200, &OfShop::of(self.shop()?, &self.live_url)))
            }
            "GET /shop/{path+}" => {
                let shop = self.shop()?;
                file(&request, path, SHOP, || policy::of_shop(shop, &self.live_url))
            }
            _ => Err(Problem::not_found("no such route")),
        }
    }
}

impl ServeConsole {
    fn shop(&self) -> Result<&Shop, Problem> {
        self.shop.as_ref().ok_or_else(|| Problem::not_found("this stack serves no shop: see DemoShop"))
    }
}

fn redirect(to: &str) -> Reply {
    Reply::bytes(302, "text/plain", b"").with("location", to)
}

fn file(
    request: &Request,
    path: &str,
    files: &[File],
    policy: impl FnOnce() -> String,
) -> Result<Reply, Problem> {
    let file = File::at(files, path).ok_or_else(|| Problem::not_found("the page has no such file"))?;
    let (bytes, coding) = file.form(request.header("accept-encoding").unwrap_or_default());
    let reply = Reply::bytes(200, file.content_type(), bytes)
        .with("vary", "accept-encoding")
        .with("cross-origin-opener-policy", "same-origin")
        .with("referrer-policy", "no-referrer");
    let reply = if file.path == PAGE {
        reply.with("content-security-policy", policy())
    } else {
        reply.with("cache-control", "public, max-age=31536000, immutable")
    };
    Ok(match coding {
        Some(coding) => reply.with("content-encoding", coding),
        None => reply,
    })
}

#[cfg(test)]
mod tests;
