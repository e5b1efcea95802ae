//! A subscriber of all five topics beside those of the stack: it receives every published event.

use crate::emulator::{Emulator, texts};
use crate::stack::fresh;
use events::Envelope;
use serde_json::json;

const TOPICS: [&str; 5] = ["CATALOG", "ORDERS", "PAYMENTS", "INVENTORY", "SHIPPING"];

/// A subscribed queue, until this is dropped.
pub(crate) struct Listener {
    emulator: Emulator,
    queue: String,
    subscriptions: Vec<String>,
}

impl Listener {
    pub(crate) fn new(emulator: &Emulator) -> Self {
        let name = format!("e2e-published-{}", fresh());
        let topics = TOPICS.map(|topic| tests::variable(&format!("CONVEYOR_{topic}_TOPIC_ARN")));
        let account: String = topics[0].rsplit(':').take(2).last().expect("an account").to_owned();
        let arn = format!("arn:aws:sqs:{}:{account}:{name}", tests::variable("AWS_REGION"));
        let policy = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn,
        }]});
        let attributes = json!({"Policy": policy.to_string(), "MessageRetentionPeriod": "3600"});
        let created = emulator.sqs("CreateQueue", &json!({"QueueName": name, "Attributes": attributes}));
        let queue = created["QueueUrl"].as_str().expect("a queue").to_owned();
        let subscribe = |topic: &String| {
            let answer = emulator.query(
                "sns",
                &[
                    ("Action", "Subscribe"),
                    ("TopicArn", topic),
                    ("Protocol", "sqs"),
                    ("Endpoint", &arn),
                    ("ReturnSubscriptionArn", "true"),
                    ("Attributes.entry.1.key", "RawMessageDelivery"),
                    ("Attributes.entry.1.value", "true"),
                ],
            );
            texts(&answer, "SubscriptionArn")[0].to_owned()
        };
        let subscriptions = topics.iter().map(subscribe).collect();
        Self { emulator: emulator.clone(), queue, subscriptions }
    }

    /// The events so far.
    pub(crate) fn received(&self) -> Vec<Envelope> {
        let read = |message: &serde_json::Value| {
            let body = message["Body"].as_str().expect("a body");
            serde_json::from_str(body).unwrap_or_else(|error| {
                panic!("a message that is no envelope was published ({error}): {body}")
            })
        };
        self.emulator.queued(&self.queue).iter().map(read).collect()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        for subscription in &self.subscriptions {
            self.emulator.query("sns", &[("Action", "Unsubscribe"), ("SubscriptionArn", subscription)]);
        }
        self.emulator.sqs("DeleteQueue", &json!({"QueueUrl": self.queue}));
    }
}
