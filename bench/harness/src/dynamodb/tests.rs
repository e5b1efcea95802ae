//! Reads find the items of the plan; writes answer as a table does, and cost what they write.

use super::*;

fn event(number: u32) -> Value {
    json!({"pk": {"S": "order#1"}, "sk": {"S": format!("event#{number:06}")}, "event": {"S": "{}"}})
}

#[test]
fn a_query_returns_a_partition_in_order() {
    let request = json!({
        "TableName": "Orders",
        "KeyConditionExpression": "pk = :pk AND begins_with(sk, :event)",
        "ExpressionAttributeValues": {":pk": {"S": "order#1"}, ":event": {"S": "event#"}},
        "ConsistentRead": true,
    });
    let other = json!({"pk": {"S": "order#1"}, "sk": {"S": "view"}});
    let done = answer("Query", &request, &[event(2), other, event(1)]).expect("a known operation");
    assert_eq!(done.answer["Items"], json!([event(1), event(2)]));
    assert_eq!(done.half_read_units, 2);
}

#[test]
fn a_partition_may_have_another_name() {
    let request = json!({
        "KeyConditionExpression": "#partition = :partition",
        "ExpressionAttributeNames": {"#partition": "pk"},
        "ExpressionAttributeValues": {":partition": {"S": "order#1"}},
    });
    let done = answer("Query", &request, &[event(1)]).expect("a known operation");
    assert_eq!((&done.answer["Count"], done.half_read_units), (&json!(1), 1));
}

#[test]
fn a_batch_read_costs_a_unit_for_each_key() {
    let keys =
        json!([{"pk": {"S": "order#1"}, "sk": {"S": "event#000001"}}, {"pk": {"S": "x"}, "sk": {"S": "y"}}]);
    let request = json!({"RequestItems": {"Orders": {"Keys": keys, "ConsistentRead": true}}});
    let done = answer("BatchGetItem", &request, &[event(1)]).expect("a known operation");
    assert_eq!(done.answer["Responses"]["Orders"], json!([event(1)]));
    assert_eq!(done.half_read_units, 4);
}

#[test]
fn an_update_returns_what_it_sets() {
    let request = json!({
        "Key": {"pk": {"S": "caller"}, "sk": {"S": "limits"}},
        "UpdateExpression": "SET #expires = :expires, #m0 = #m0 + :v0",
        "ExpressionAttributeNames": {"#expires": "expires_at", "#m0": "orders"},
        "ExpressionAttributeValues": {":expires": {"N": "5"}, ":v0": {"N": "7"}},
        "ReturnValues": "UPDATED_NEW",
    });
    let done = answer("UpdateItem", &request, &[]).expect("a known operation");
    assert_eq!(done.answer["Attributes"], json!({"expires_at": {"N": "5"}, "orders": {"N": "7"}}));
    assert_eq!(done.write_units, 1);
}

#[test]
fn a_transaction_writes_twice() {
    let request = json!({"TransactItems": [{"Put": {"Item": event(1)}}, {"Update": {}}]});
    assert_eq!(answer("TransactWriteItems", &request, &[]).expect("known").write_units, 4);
    assert!(answer("Scan", &request, &[]).is_none());
}
