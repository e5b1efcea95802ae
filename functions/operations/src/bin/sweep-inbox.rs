//! `sweep-inbox`: see [`operations::SweepInbox`].

use operations::{InboxSource, InboxTable, SweepInbox};
use resilience::SystemClock;
use std::sync::Arc;
use webhooks::inbox::{INDEX, INDEX_ATTRIBUTE, ORDER_ATTRIBUTE};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("sweep-inbox");
    let aws = aws::Clients::from_settings(&mut settings);
    let payments = settings.text("PAYMENTS_TABLE_NAME");
    let shipping = settings.text("SHIPPING_TABLE_NAME");
    let started = settings.finish()?;
    let inbox = |table: &str| -> InboxTable {
        (aws.table(table), aws.index(table, INDEX, INDEX_ATTRIBUTE, ORDER_ATTRIBUTE))
    };
    let sources = InboxSource::all(&inbox(&payments), &inbox(&shipping));
    let probe = aws.connect(started).await;
    runtime::schedule::run(SweepInbox { sources, clock: Arc::new(SystemClock) }, probe).await
}
