//! `sweep-inbox`: see [`operations::SweepInbox`].

use operations::{InboxSource, SweepInbox};
use resilience::SystemClock;
use std::sync::Arc;
use webhooks::Topic;
use webhooks::inbox::{INDEX, INDEX_ATTRIBUTE, ORDER_ATTRIBUTE};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("sweep-inbox");
    let aws = aws::Clients::from_settings(&mut settings);
    let payments = settings.text("PAYMENTS_TABLE_NAME");
    let shipping = settings.text("SHIPPING_TABLE_NAME");
    settings.finish()?;
    let inbox_source = |source, table: &str| InboxSource {
        source,
        documents: aws.table(table),
        index: aws.index(table, INDEX, INDEX_ATTRIBUTE, ORDER_ATTRIBUTE),
    };
    let sources = vec![
        inbox_source("stripe", &payments),
        inbox_source("easypost", &shipping),
        inbox_source(Topic::Payments.source(), &payments),
        inbox_source(Topic::Parcels.source(), &shipping),
    ];
    runtime::schedule::run(SweepInbox { sources, clock: Arc::new(SystemClock) }).await
}
