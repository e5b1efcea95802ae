//! `cancel-order`: see [`orders::CancelOrder`].

use orders::CancelOrder;
use resilience::SystemClock;
use runtime::http::Server;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("cancel-order");
    let aws = aws::Clients::from_settings(&mut settings);
    let store = aws.table(&settings.text("TABLE_NAME"));
    let step = CancelOrder { store, clock: Arc::new(SystemClock) };
    let server = Server::from_settings(&mut settings, |limits| aws.table(limits), step);
    let started = settings.finish()?;

    let probe = aws.connect(started).await;
    runtime::http::run(server, probe).await
}
