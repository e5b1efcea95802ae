//! DynamoDB's answers from items that never change: reads find them, and every write succeeds and is dropped. So each invocation
//! finds the same state, and takes the happy path however often it runs.

use crate::units::{half_read_units, item_bytes, write_units};
use serde_json::{Map, Value, json};

/// An answer, with what the request costs.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) answer: Value,
    pub(crate) write_units: usize,
    pub(crate) half_read_units: usize,
}

/// Answers an operation. `None`: the operation is unknown.
pub(crate) fn answer(operation: &str, request: &Value, items: &[Value]) -> Option<Done> {
    Some(match operation {
        "GetItem" => get(request, items),
        "BatchGetItem" => batch_get(request, items),
        "Query" => query(request, items),
        "PutItem" => Done {
            answer: json!({}),
            write_units: write_units(item_bytes(&request["Item"])),
            half_read_units: 0,
        },
        "UpdateItem" => {
            let attributes = updated(request);
            let bytes = item_bytes(&request["Key"]) + item_bytes(&attributes);
            let returns = request["ReturnValues"].as_str().is_some_and(|values| values.ends_with("_NEW"));
            let answer = if returns { json!({"Attributes": attributes}) } else { json!({}) };
            Done { answer, write_units: write_units(bytes), half_read_units: 0 }
        }
        "DeleteItem" => Done { answer: json!({}), write_units: 1, half_read_units: 0 },
        "TransactWriteItems" => {
            let actions = request["TransactItems"].as_array().into_iter().flatten();
            // A transaction writes each item twice.
            let units = actions.map(|action| 2 * write_units(item_bytes(&action["Put"]["Item"]))).sum();
            Done { answer: json!({}), write_units: units, half_read_units: 0 }
        }
        _ => return None,
    })
}

fn is_consistent(request: &Value) -> bool {
    request["ConsistentRead"] == true
}

fn find<'a>(key: &Value, items: &'a [Value]) -> Option<&'a Value> {
    items.iter().find(|item| item["pk"] == key["pk"] && item["sk"] == key["sk"])
}

fn get(request: &Value, items: &[Value]) -> Done {
    let found = find(&request["Key"], items);
    let half_units = half_read_units(found.map_or(0, item_bytes), is_consistent(request));
    let answer = found.map_or_else(|| json!({}), |item| json!({"Item": item}));
    Done { answer, write_units: 0, half_read_units: half_units }
}

fn batch_get(request: &Value, items: &[Value]) -> Done {
    let (mut responses, mut half_units) = (Map::new(), 0);
    for (table, wanted) in request["RequestItems"].as_object().into_iter().flatten() {
        let mut found = Vec::new();
        for key in wanted["Keys"].as_array().into_iter().flatten() {
            let item = find(key, items);
            half_units += half_read_units(item.map_or(0, item_bytes), is_consistent(wanted));
            found.extend(item.cloned());
        }
        responses.insert(table.clone(), found.into());
    }
    let answer = json!({"Responses": responses, "UnprocessedKeys": {}});
    Done { answer, write_units: 0, half_read_units: half_units }
}

/// Items of one partition, of a table or an index, in the order of their sort keys. A range of sort keys other than a prefix is
/// not looked at.
fn query(request: &Value, items: &[Value]) -> Done {
    let values = &request["ExpressionAttributeValues"];
    let name = |word: &'_ str| request["ExpressionAttributeNames"][word].as_str().unwrap_or(word).to_owned();
    let condition = request["KeyConditionExpression"].as_str().unwrap_or_default();
    let (partition, rest) = condition.split_once(" = ").unwrap_or_default();
    let (partition, wanted) = (name(partition.trim()), &values[rest.split(' ').next().unwrap_or_default()]);
    let prefix = rest.split_once("begins_with(").and_then(|(_, rest)| rest.split_once(')'));
    let prefix = prefix.and_then(|(arguments, _)| arguments.split_once(", "));
    let begins = |item: &Value| {
        prefix.is_none_or(|(sort, value)| {
            let prefix = values[value]["S"].as_str().unwrap_or_default();
            item[name(sort)]["S"].as_str().is_some_and(|sort| sort.starts_with(prefix))
        })
    };
    let mut found: Vec<&Value> =
        items.iter().filter(|item| item[&partition] == *wanted && begins(item)).collect();
    found.sort_by_key(|item| item["sk"]["S"].as_str().unwrap_or_default());
    let bytes = found.iter().map(|item| item_bytes(item)).sum();
    let half_units = half_read_units(bytes, is_consistent(request));
    let answer = json!({"Count": found.len(), "ScannedCount": found.len(), "Items": found});
    Done { answer, write_units: 0, half_read_units: half_units }
}

/// The attributes that an update sets, as if the item had none before.
fn updated(request: &Value) -> Value {
    let expression = request["UpdateExpression"].as_str().unwrap_or_default();
    let words: Vec<&str> = expression.split([' ', ',', '(', ')']).filter(|word| !word.is_empty()).collect();
    let mut attributes = Map::new();
    for (place, word) in words.iter().enumerate() {
        // `SET a = :v`, `SET a = a + :v`, `ADD a :v`: an attribute's value is the next one after its name.
        let is_target = words.get(place + 1).is_some_and(|next| *next == "=" || next.starts_with(':'));
        let value = words[place + 1..].iter().find(|word| word.starts_with(':'));
        let is_name = !word.starts_with(':') && !matches!(*word, "=" | "+" | "-");
        if let (true, Some(value)) = (is_target && is_name, value) {
            let name = request["ExpressionAttributeNames"][*word].as_str().unwrap_or(word);
            attributes.entry(name).or_insert_with(|| request["ExpressionAttributeValues"][*value].clone());
        }
    }
    Value::Object(attributes)
}

#[cfg(test)]
mod tests;
