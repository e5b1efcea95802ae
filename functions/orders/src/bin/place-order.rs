//! `place-order`: see [`orders::PlaceOrder`].

use orders::PlaceOrder;
use resilience::SystemClock;
use runtime::http::Server;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("place-order");
    let aws = aws::Clients::from_settings(&mut settings);
    let table = aws.table(&settings.text("TABLE_NAME"));
    let step = PlaceOrder {
        store: table.clone(),
        documents: table,
        clock: Arc::new(SystemClock),
        pay_within: settings.seconds("PAY_WITHIN_SECONDS", 1800),
        pay_offline_within: settings.seconds("PAY_ELSEWHERE_WITHIN_SECONDS", 604_800),
        senders: settings.parsed("WEBHOOK_SOURCES", webhooks::Senders::default()),
    };
    // A low limit on orders makes the testing of stolen cards slow.
    let server = Server::from_settings(&mut settings, |limits| aws.table(limits), step).with_limit(
        "orders",
        "POST /orders",
        settings.required("ORDERS_PER_HOUR"),
    );
    let started = settings.finish()?;

    let probe = aws.connect(started).await;
    runtime::http::run(server, probe).await
}
