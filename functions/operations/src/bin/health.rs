//! `health`: see [`operations::Health`].

use operations::Health;
use runtime::Probe;
use runtime::http::Server;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("health");
    let stack = settings.text("STACK_NAME");
    let started = settings.finish()?;

    runtime::http::run(Server::open(Health { stack }), Probe::alone(started)).await
}
