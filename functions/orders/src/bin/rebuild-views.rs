//! `rebuild-views`: see [`orders::RebuildViews`].

use orders::{Deadlines, EmailKey, ProjectOrders, RebuildViews};
use resilience::SystemClock;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("rebuild-views");
    let aws = aws::Clients::from_settings(&mut settings);
    let store = aws.table(&settings.text("TABLE_NAME"));
    let views = aws.table(&settings.text("VIEWS_TABLE_NAME"));
    let work_for = settings.seconds("WORK_FOR_SECONDS", 240);
    let deadlines = Deadlines::from_settings(&mut settings);
    let email_key = EmailKey::new(aws.secrets(), settings.text("SEARCH_KEY_SECRET"));
    let started = settings.finish()?;

    let clock = Arc::new(SystemClock);
    let (scan, redaction) = (store.clone(), store.clone());
    let project = ProjectOrders { store, views, deadlines, email_key, redaction, clock: clock.clone() };
    let step = RebuildViews { scan, project, clock, work_for };
    let probe = aws.connect(started).await;
    runtime::command::run(step, probe).await
}
