//! `erase-customer`: see [`orders::EraseCustomer`].

use orders::{Deadlines, EraseCustomer};
use outbound::SystemRandomBytes;
use resilience::SystemClock;
use runtime::http::Server;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("erase-customer");
    let aws = aws::Clients::from_settings(&mut settings);
    let table = aws.table(&settings.text("TABLE_NAME"));
    let step = EraseCustomer {
        store: table.clone(),
        documents: table,
        by_customer: aws.partitions(&settings.text("VIEWS_TABLE_NAME")),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandomBytes::default()),
        deadlines: Deadlines::from_settings(&mut settings),
    };
    let server = Server::from_settings(&mut settings, |limits| aws.table(limits), step);
    let started = settings.finish()?;

    let probe = aws.connect(started).await;
    runtime::http::run(server, probe).await
}
