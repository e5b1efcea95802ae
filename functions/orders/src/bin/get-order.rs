//! `get-order`: see [`orders::GetOrder`].

use orders::GetOrder;
use runtime::http::Server;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("get-order");
    let aws = aws::Clients::from_settings(&mut settings);
    let views = settings.text("VIEWS_TABLE_NAME");
    let step = GetOrder {
        store: aws.table(&settings.text("TABLE_NAME")),
        by_customer: aws.partitions(&views),
        open_by_deadline: aws.index(&views, "open-by-deadline", "open_shard", "deadline"),
    };
    let server = Server::from_settings(&mut settings, |limits| aws.table(limits), step);
    let started = settings.finish()?;

    let probe = aws.connect(started).await;
    runtime::http::run(server, probe).await
}
