//! `PUT /products`: many products in one request, each of which is written or refused by itself.

use crate::input::Input;
use crate::writer::Writer;
use events::Sku;
use futures_util::future::join_all;
use runtime::http::{FieldError, Problem, Reply, Request, Role, item, optional_number};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::HashSet;

/// How many products a request may have.
const MOST_ITEMS: usize = 500;
/// The largest request, in bytes: Lambda takes 6 MB, of which the body is one JSON text within another.
const LARGEST_BODY: usize = 2 * 1024 * 1024;
/// How many products are written at the same time.
const AT_ONCE: usize = 16;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Products {
    items: Vec<Map<String, Value>>,
}

/// Which product an item is, and which version it is to replace.
#[derive(Deserialize)]
struct Target {
    sku: String,
    #[serde(default, deserialize_with = "optional_number")]
    version: Option<u64>,
}

/// What became of an item.
#[derive(Serialize)]
struct Outcome {
    /// As the item has it.
    sku: Option<Value>,
    /// The one that `PUT /products/{sku}` would have answered.
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

/// Answers `200` with a result for each item, in the order of the items; `422` if there are none or too many.
pub(crate) async fn put(writer: &Writer<'_>, request: &Request) -> Result<Reply, Problem> {
    #[derive(Serialize)]
    struct Answer {
        results: Vec<Outcome>,
    }
    request.at_least(Role::Staff)?;
    let Products { items } = request.json_up_to(LARGEST_BODY)?;
    if items.is_empty() || items.len() > MOST_ITEMS {
        let error = FieldError::at("/items", format!("1 to {MOST_ITEMS} products"));
        return Err(Problem::validation(vec![error]));
    }
    let mut skus = HashSet::new();
    let is_first: Vec<bool> =
        items.iter().map(|item| item.get("sku").is_none_or(|sku| skus.insert(sku.clone()))).collect();
    let mut items = items.into_iter().zip(is_first);
    let mut results = Vec::new();
    loop {
        let some: Vec<_> = items.by_ref().take(AT_ONCE).collect();
        if some.is_empty() {
            return Ok(Reply::json(200, &Answer { results }));
        }
        let handled = some.into_iter().map(|(item, is_first)| handled(writer, item, is_first));
        results.extend(join_all(handled).await);
    }
}

async fn handled(writer: &Writer<'_>, fields: Map<String, Value>, is_first: bool) -> Outcome {
    let sku = fields.get("sku").cloned();
    match written(writer, fields, is_first).await {
        Ok((status, version)) => Outcome { sku, status, version: Some(version), problem: None },
        Err(problem) => {
            if problem.status >= 500 {
                tracing::error!(cause = problem.cause, "a product of many could not be written");
            }
            Outcome { sku, status: problem.status, version: None, problem: Some(problem) }
        }
    }
}

async fn written(
    writer: &Writer<'_>,
    mut fields: Map<String, Value>,
    is_first: bool,
) -> Result<(u16, u64), Problem> {
    let wrong = |detail: String| Problem::validation(vec![FieldError::at("/sku", detail)]);
    let target = ["sku", "version"].into_iter().filter_map(|name| fields.remove_entry(name)).collect();
    let Target { sku, version } = item(&Value::Object(target))?;
    let sku = Sku::try_from(sku.as_str()).map_err(|invalid| wrong(invalid.to_string()))?;
    if !is_first {
        return Err(wrong("an item before it has this SKU".to_owned()));
    }
    let product = item::<Input>(&Value::Object(fields))?.product(sku)?;
    let is_meant = |found| {
        if version.is_none() || version == found { Ok(()) } else { Err(Problem::changed_meanwhile()) }
    };
    writer.put(&product, is_meant).await
}

#[cfg(test)]
mod tests;
