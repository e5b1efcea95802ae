//! `issue-ticket`: see [`orders::IssueTicket`].

use orders::{Followers, IssueTicket};
use outbound::SystemRandomBytes;
use resilience::SystemClock;
use runtime::http::Server;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("issue-ticket");
    let aws = aws::Clients::from_settings(&mut settings);
    let step = IssueTicket {
        followers: Followers::new(aws.table(&settings.text("TABLE_NAME"))),
        random: Arc::new(SystemRandomBytes::default()),
        clock: Arc::new(SystemClock),
    };
    let server = Server::from_settings(&mut settings, |limits| aws.table(limits), step);
    let started = settings.finish()?;

    let probe = aws.connect(started).await;
    runtime::http::run(server, probe).await
}
