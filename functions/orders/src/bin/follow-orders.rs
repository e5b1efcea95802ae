//! `follow-orders`: see [`orders::FollowOrders`].

use orders::{FollowOrders, Followers};
use resilience::SystemClock;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("follow-orders");
    let aws = aws::Clients::from_settings(&mut settings);
    let live = aws.table(&settings.text("LIVE_TABLE_NAME"));
    let step = FollowOrders {
        store: aws.table(&settings.text("TABLE_NAME")),
        followers: Followers::new(live.clone()),
        frames: live,
        sockets: aws.sockets(&settings.text("LIVE_API_ID"), "live"),
        clock: Arc::new(SystemClock),
    };
    let started = settings.finish()?;

    let probe = aws.connect(started).await;
    runtime::websocket::run(step, probe).await
}
