//! One DynamoDB table: the adapter behind [`event_store::EventStore`], `Documents`, `Counters` and `RateMarks`.

use aws_sdk_dynamodb::Client;

/// A service's own table.
#[derive(Debug, Clone)]
pub struct Table {
    pub(crate) client: Client,
    pub(crate) name: String,
}

impl Table {
    pub(crate) fn new(client: Client, name: &str) -> Self {
        Self { client, name: name.to_owned() }
    }
}
