//! `place-order`: see [`orders::PlaceOrder`].

use orders::PlaceOrder;
use resilience::SystemClock;
use runtime::http::{Guard, Server};
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("place-order");
    let aws = aws::Clients::from_settings(&mut settings);
    let guard = Guard::from_settings(&mut settings);
    let table = settings.text("TABLE_NAME");
    let pay_within = settings.seconds("PAY_WITHIN_SECONDS", 1800);
    let pay_offline_within = settings.seconds("PAY_ELSEWHERE_WITHIN_SECONDS", 604_800);
    let senders = settings.parsed("WEBHOOK_SOURCES", webhooks::Senders::default());
    settings.finish()?;

    let table = aws.table(&table);
    let limits = aws.table(&guard.limits_table);
    let step = PlaceOrder {
        store: table.clone(),
        documents: table,
        clock: Arc::new(SystemClock),
        pay_within,
        pay_offline_within,
        senders,
    };
    runtime::http::run(Server::guarded(guard, limits, Arc::new(SystemClock), step)).await
}
