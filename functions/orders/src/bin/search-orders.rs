//! `search-orders`: see [`orders::SearchOrders`].

use orders::{EmailKey, SearchOrders};
use runtime::http::Server;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("search-orders");
    let aws = aws::Clients::from_settings(&mut settings);
    let views = settings.text("VIEWS_TABLE_NAME");
    let step = SearchOrders {
        views: aws.table(&views),
        partitions: aws.partitions(&views),
        by_attention: aws.index(&views, "attention", "attention", "sk"),
        email_key: EmailKey::new(aws.secrets(), settings.text("SEARCH_KEY_SECRET")),
    };
    let server = Server::from_settings(&mut settings, |limits| aws.table(limits), step);
    let started = settings.finish()?;

    let probe = aws.connect(started).await;
    runtime::http::run(server, probe).await
}
