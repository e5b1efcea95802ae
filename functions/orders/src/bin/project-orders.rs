//! `project-orders`: see [`orders::ProjectOrders`].

use orders::{Deadlines, ProjectOrders};
use runtime::stream::StreamWorker;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("project-orders");
    let aws = aws::Clients::from_settings(&mut settings);
    let table = settings.text("TABLE_NAME");
    let views = settings.text("VIEWS_TABLE_NAME");
    let dead_letters = settings.text("DEAD_LETTER_QUEUE_URL");
    let deadlines = Deadlines::from_settings(&mut settings);
    settings.finish()?;

    let worker = StreamWorker {
        function: "project-orders",
        queue: aws.dead_letters(&dead_letters),
        reader: Arc::new(ProjectOrders { store: aws.table(&table), views: aws.table(&views), deadlines }),
    };
    runtime::stream::run(worker).await
}
