//! One conditional write of the request's body, through the SDK: what a webhook's receiver cannot do without.

use aws_sdk_dynamodb::Client;
use bench_references::{Event, accepted, dynamodb, key, number, text};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::value::RawValue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let client = dynamodb()?;
    run(service_fn(|event: LambdaEvent<Event>| put(&client, event.payload))).await
}

async fn put(client: &Client, event: Event) -> Result<Box<RawValue>, Error> {
    client
        .put_item()
        .table_name("Payments")
        .set_item(Some(key("inbox#stripe#evt_1", "webhook")))
        .item("document", text(&event.body))
        .item("expires_at", number(1_767_323_045))
        .condition_expression("attribute_not_exists(pk)")
        .send()
        .await?;
    Ok(accepted())
}
