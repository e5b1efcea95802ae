//! `notify-customer`: see [`notifications::NotifyCustomer`].

use notifications::{Countries, NotifyCustomer};
use resilience::SystemClock;
use runtime::queue::Worker;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("notify-customer");
    let aws = aws::Clients::from_settings(&mut settings);
    let configuration_set = settings.text("MAIL_CONFIGURATION_SET");
    let mailer = settings.optional("MAIL_FROM").map(|from| aws.mailer(&from, &configuration_set));
    let step = NotifyCustomer {
        documents: aws.table(&settings.text("TABLE_NAME")),
        mailer,
        texter: aws.texter(),
        clock: Arc::new(SystemClock),
        shop: settings.text("SHOP_NAME"),
        sms_countries: settings.parsed("SMS_COUNTRIES", Countries::default()),
    };
    let queue = |url: &str, dead_letters: &str| aws.queue(url, dead_letters);
    let worker =
        Worker::from_settings(&mut settings, "notify-customer", queue, |table| aws.table(table), step);
    let started = settings.finish()?;

    let probe = aws.connect(started).await;
    runtime::queue::run(worker, probe).await
}
