//! `webhook-inbox`: see [`operations::WebhookInbox`].

use operations::{InboxSource, InboxTable, WebhookInbox};
use resilience::SystemClock;
use runtime::http::Server;
use std::sync::Arc;
use webhooks::inbox::{INDEX, INDEX_ATTRIBUTE, ORDER_ATTRIBUTE};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("webhook-inbox");
    let aws = aws::Clients::from_settings(&mut settings);
    let payments = settings.text("PAYMENTS_TABLE_NAME");
    let shipping = settings.text("SHIPPING_TABLE_NAME");
    let inbox = |table: &str| -> InboxTable {
        (aws.table(table), aws.index(table, INDEX, INDEX_ATTRIBUTE, ORDER_ATTRIBUTE))
    };
    let sources = InboxSource::all(&inbox(&payments), &inbox(&shipping));
    let step = WebhookInbox { sources, clock: Arc::new(SystemClock) };
    let server = Server::from_settings(&mut settings, |limits| aws.table(limits), step);
    let started = settings.finish()?;

    let probe = aws.connect(started).await;
    runtime::http::run(server, probe).await
}
