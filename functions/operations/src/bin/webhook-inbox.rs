//! `webhook-inbox`: see [`operations::WebhookInbox`].

use operations::{Tray, WebhookInbox};
use resilience::SystemClock;
use runtime::http::{Guard, Server};
use std::sync::Arc;
use webhooks::Topic;
use webhooks::inbox::{INDEX, INDEX_ATTRIBUTE, ORDER_ATTRIBUTE};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("webhook-inbox");
    let aws = aws::Clients::from_settings(&mut settings);
    let guard = Guard::from_settings(&mut settings);
    let payments = settings.text("PAYMENTS_TABLE_NAME");
    let shipping = settings.text("SHIPPING_TABLE_NAME");
    settings.finish()?;

    let tray = |source, table: &str| Tray {
        source,
        documents: aws.table(table),
        index: aws.index(table, INDEX, INDEX_ATTRIBUTE, ORDER_ATTRIBUTE),
    };
    let clock = Arc::new(SystemClock);
    let trays = vec![
        tray("stripe", &payments),
        tray("easypost", &shipping),
        tray(Topic::Payments.source(), &payments),
        tray(Topic::Parcels.source(), &shipping),
    ];
    let step = WebhookInbox { trays, clock: clock.clone() };
    let limits = aws.table(&guard.limits_table);
    runtime::http::run(Server::guarded(guard, limits, clock, step)).await
}
