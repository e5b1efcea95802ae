//! `manage-callbacks`: see [`callbacks::ManageCallbacks`].

use callbacks::ManageCallbacks;
use outbound::{Networks, SystemRandomBytes};
use resilience::SystemClock;
use runtime::http::Server;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("manage-callbacks");
    let aws = aws::Clients::from_settings(&mut settings);
    let table = settings.text("TABLE_NAME");
    let work = settings.text("WORK_QUEUE_URL");
    let words = [("public", Networks::Public), ("any", Networks::Any)];
    let networks = settings.one_of("CALLBACK_NETWORKS", &words, Networks::Public);
    let step = ManageCallbacks {
        documents: aws.table(&table),
        deliveries_by_time: aws.index(&table, "deliveries-by-time", "endpoint", "created_at"),
        work: aws.work(&work),
        names: aws.names(),
        random: Arc::new(SystemRandomBytes::default()),
        clock: Arc::new(SystemClock),
        networks,
    };
    let server = Server::from_settings(&mut settings, |limits| aws.table(limits), step);
    let started = settings.finish()?;

    let probe = aws.connect(started).await;
    runtime::http::run(server, probe).await
}
