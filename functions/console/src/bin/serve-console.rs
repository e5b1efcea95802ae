//! `serve-console`: see [`console::ServeConsole`].

use console::{ServeConsole, Shop, SignIn};
use runtime::Probe;
use runtime::http::{Access, Server};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("serve-console");
    let stack = settings.text("STACK_NAME");
    let sign_in = SignIn::from_settings(&mut settings);
    let live_url = settings.text("LIVE_URL");
    let access = Access::from_settings(&mut settings);
    let shop = Shop::from_settings(&mut settings);
    let started = settings.finish()?;

    runtime::http::run(
        Server::open(ServeConsole { stack, sign_in, live_url, access, shop }),
        Probe::alone(started),
    )
    .await
}
