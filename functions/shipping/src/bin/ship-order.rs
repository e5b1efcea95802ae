//! `ship-order`: see [`shipping::ShipOrder`].

use events::Provider;
use resilience::SystemClock;
use runtime::breaker::Breaker;
use runtime::queue::Worker;
use shipping::ShipOrder;
use shipping::easypost::{EasyPost, Terms};
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("ship-order");
    let aws = aws::Clients::from_settings(&mut settings);
    let table = aws.table(&settings.text("TABLE_NAME"));
    let (queue, dead_letters) = (settings.text("QUEUE_URL"), settings.text("DEAD_LETTER_QUEUE_URL"));
    let give_up_after = settings.seconds("GIVE_UP_AFTER_SECONDS", 86_400);
    let words = [("warehouse", Provider::Warehouse), ("easypost", Provider::Easypost)];
    let provider = settings.one_of("CARRIER", &words, Provider::Warehouse);
    let terms = Terms::from_settings(&mut settings, provider);
    let base = settings.base_url("EASYPOST_API_BASE");
    let api_key = settings.text("EASYPOST_API_KEY_SECRET");
    settings.finish()?;

    let clock = Arc::new(SystemClock);
    let transport = Breaker::before(aws.transport(), EasyPost::NAME, table.clone(), clock.clone());
    let easypost = EasyPost { transport, secrets: aws.secrets(), api_key, base };
    let (store, documents) = (table.clone(), table);
    let step = ShipOrder { store, documents, clock: clock.clone(), provider, terms, easypost };
    let queue = aws.queue(&queue, &dead_letters);
    runtime::queue::run(Worker {
        function: "ship-order",
        queue,
        clock,
        give_up_after,
        consumer: Arc::new(step),
    })
    .await
}
