//! The requests of `place-order` through the SDK, with items of the same size: the caller's limits, the prices, the event.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure};
use bench_references::{Event, accepted, dynamodb, key, number, text};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::value::RawValue;

/// What the event has beside the order: the envelope and the customer.
const ENVELOPE: &str = r#"{"specversion":"1.0","id":"orders/0123456789abcdef0123456789abcdef/1","source":"conveyor/orders","type":"OrderPlaced","subject":"0123456789abcdef0123456789abcdef","time":"2026-01-02T03:04:05Z","datacontenttype":"application/json","sequence":1,"causationid":"request/r-1","traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","dataversion":1,"customer":{"issuer":"https://cognito-idp.us-east-1.amazonaws.com/us-east-1_example","subject":"customer-1"},"pay_by":"2026-01-02T03:34:05Z","request_digest":"abababababababababababababababababababababababababababababababab","data":"#;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let client = dynamodb()?;
    run(service_fn(|event: LambdaEvent<Event>| place(&client, event.payload))).await
}

async fn place(client: &Client, event: Event) -> Result<Box<RawValue>, Error> {
    let limits = client
        .update_item()
        .table_name("Limits")
        .set_key(Some(key(
            "caller#https://cognito-idp.us-east-1.amazonaws.com/us-east-1_example#customer-1",
            "limits",
        )))
        .expression_attribute_names("#expires", "expires_at")
        .expression_attribute_names("#m0", "requests")
        .expression_attribute_names("#m1", "orders")
        .expression_attribute_values(":expires", number(1_767_323_045))
        .expression_attribute_values(":now", number(1_767_323_045_000_000))
        .expression_attribute_values(":v0", number(1_767_323_048_600_000))
        .expression_attribute_values(":v1", number(1_767_323_165_000_000))
        .update_expression("SET #expires = :expires, #m0 = :v0, #m1 = :v1")
        .condition_expression(
            "(attribute_not_exists(#m0) OR #m0 <= :now) AND (attribute_not_exists(#m1) OR #m1 <= :now)",
        )
        .return_values(ReturnValue::UpdatedNew)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .send();
    let prices =
        KeysAndAttributes::builder().keys(key("sku#TEA-01", "price")).consistent_read(true).build()?;
    let prices = client.batch_get_item().request_items("Orders", prices).send();
    // As in `place-order`, the prices are read while the limits are being checked.
    let (limits, prices) = tokio::join!(limits, prices);
    limits?;
    prices?;
    client
        .put_item()
        .table_name("Orders")
        .set_item(Some(key("order#0123456789abcdef0123456789abcdef", "event#000001")))
        .item("type", text("OrderPlaced"))
        .item("event", text(&format!("{ENVELOPE}{}}}", event.body)))
        .condition_expression("attribute_not_exists(pk)")
        .send()
        .await?;
    Ok(accepted())
}
