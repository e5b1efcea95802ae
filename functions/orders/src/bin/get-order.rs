//! `get-order`: see [`orders::GetOrder`].

use orders::GetOrder;
use resilience::SystemClock;
use runtime::http::{Guard, Server};
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("get-order");
    let aws = aws::Clients::from_settings(&mut settings);
    let guard = Guard::from_settings(&mut settings);
    let table = settings.text("TABLE_NAME");
    let views = settings.text("VIEWS_TABLE_NAME");
    settings.finish()?;

    let table = aws.table(&table);
    let limits = aws.table(&guard.limits_table);
    let step = GetOrder {
        store: table,
        by_customer: aws.index(&views, "by-customer", "customer", "placed_at"),
        open_by_deadline: aws.index(&views, "open-by-deadline", "open_shard", "deadline"),
    };
    runtime::http::run(Server::guarded(guard, limits, Arc::new(SystemClock), step)).await
}
