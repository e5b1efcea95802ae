//! `explain-order`: see [`operations::ExplainOrder`].

use event_store::EventStore;
use operations::{ExplainOrder, InboxSource, InboxTable, LastsAtMost, Queue, QueueUrls};
use resilience::SystemClock;
use runtime::http::Server;
use std::sync::Arc;
use webhooks::inbox::{INDEX, INDEX_ATTRIBUTE, ORDER_ATTRIBUTE};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("explain-order");
    let aws = aws::Clients::from_settings(&mut settings);
    let tables = ["ORDERS", "PAYMENTS", "INVENTORY", "SHIPPING", "NOTIFICATIONS", "CALLBACKS", "LETTERS"]
        .map(|name| settings.text(&format!("{name}_TABLE_NAME")));
    let [orders, payments, inventory, shipping, notifications, callbacks, letters] = tables;
    let inbox = |table: &str| -> InboxTable {
        (aws.table(table), aws.index(table, INDEX, INDEX_ATTRIBUTE, ORDER_ATTRIBUTE))
    };
    let events = |table: &String| -> Arc<dyn EventStore> { aws.table(table) };
    let queues: QueueUrls = settings.required("QUEUES");
    let step = ExplainOrder {
        streams: [&orders, &payments, &inventory, &shipping].map(events).into(),
        sources: InboxSource::all(&inbox(&payments), &inbox(&shipping)),
        callbacks: aws.table(&callbacks),
        notifications: aws.table(&notifications),
        letters: aws.table(&letters),
        dead_letters: Queue::of_all(&queues, |url| aws.queue_gauge(url)),
        lasts: LastsAtMost::from_settings(&mut settings),
        clock: Arc::new(SystemClock),
    };
    let server = Server::from_settings(&mut settings, |limits| aws.table(limits), step);
    let started = settings.finish()?;
    let probe = aws.connect(started).await;
    runtime::http::run(server, probe).await
}
