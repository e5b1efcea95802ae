//! `project-orders`: see [`orders::ProjectOrders`].

use orders::{Deadlines, EmailKey, ProjectOrders};
use resilience::SystemClock;
use runtime::stream::StreamWorker;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("project-orders");
    let aws = aws::Clients::from_settings(&mut settings);
    let store = aws.table(&settings.text("TABLE_NAME"));
    let views = aws.table(&settings.text("VIEWS_TABLE_NAME"));
    let email_key = EmailKey::new(aws.secrets(), settings.text("SEARCH_KEY_SECRET"));
    let step = ProjectOrders {
        store: store.clone(),
        views,
        deadlines: Deadlines::from_settings(&mut settings),
        email_key,
        redaction: store,
        clock: Arc::new(SystemClock),
    };
    let queue = |url: &str| aws.dead_letters(url);
    let worker =
        StreamWorker::from_settings(&mut settings, "project-orders", queue, |table| aws.table(table), step);
    let started = settings.finish()?;

    let probe = aws.connect(started).await;
    runtime::stream::run(worker, probe).await
}
