//! `notify-customer`: see [`notifications::NotifyCustomer`].

use notifications::{Countries, NotifyCustomer};
use resilience::SystemClock;
use runtime::queue::Worker;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("notify-customer");
    let aws = aws::Clients::from_settings(&mut settings);
    let table = settings.text("TABLE_NAME");
    let queue = settings.text("QUEUE_URL");
    let dead_letters = settings.text("DEAD_LETTER_QUEUE_URL");
    let give_up_after = settings.seconds("GIVE_UP_AFTER_SECONDS", 86_400);
    let (mail_from, shop) = (settings.text("MAIL_FROM"), settings.text("SHOP_NAME"));
    let sms_countries = settings.parsed("SMS_COUNTRIES", Countries::default());
    settings.finish()?;

    let step = NotifyCustomer {
        documents: aws.table(&table),
        mailer: aws.mailer(&mail_from),
        texter: aws.texter(),
        clock: Arc::new(SystemClock),
        shop,
        sms_countries,
    };
    runtime::queue::run(Worker {
        function: "notify-customer",
        queue: aws.queue(&queue, &dead_letters),
        clock: Arc::new(SystemClock),
        give_up_after,
        consumer: Arc::new(step),
    })
    .await
}
