//! `webhook-inbox`: see [`operations::WebhookInbox`].

use operations::{InboxSource, WebhookInbox};
use resilience::SystemClock;
use runtime::http::Server;
use std::sync::Arc;
use webhooks::Topic;
use webhooks::inbox::{INDEX, INDEX_ATTRIBUTE, ORDER_ATTRIBUTE};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("webhook-inbox");
    let aws = aws::Clients::from_settings(&mut settings);
    let payments = settings.text("PAYMENTS_TABLE_NAME");
    let shipping = settings.text("SHIPPING_TABLE_NAME");
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
    let step = WebhookInbox { sources, clock: Arc::new(SystemClock) };
    let server = Server::from_settings(&mut settings, |limits| aws.table(limits), step);
    settings.finish()?;

    runtime::http::run(server).await
}
