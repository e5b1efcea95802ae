//! `PUT /products`: many products in one request, each of which is written or refused by itself.

use crate::input::Input;
use crate::writer::Writer;
use events::{ProductChanged, Sku};
use futures_util::{StreamExt as _, stream};
use runtime::http::{FieldError, Problem, Reply, Request, Role, item};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::HashSet;

/// How many products a request may have.
const MOST_ITEMS: usize = 500;
/// The largest body, in bytes. Lambda takes an event of 6 MB, in which the body is an escaped JSON string.
const LARGEST_BODY: usize = 2 * 1024 * 1024;
/// How many products are written at the same time. They share the partition of the list.
const AT_ONCE: usize = 8;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Products {
    items: Vec<Box<RawValue>>,
}

/// The result of an item.
#[derive(Serialize)]
struct Outcome {
    /// As the item has it.
    sku: Option<Value>,
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
    request.refuse_version()?;
    let Products { items } = request.json_up_to(LARGEST_BODY)?;
    if items.is_empty() || items.len() > MOST_ITEMS {
        let error = FieldError::at("/items", format!("1 to {MOST_ITEMS} products"));
        return Err(Problem::validation(vec![error]));
    }
    let read = read(&items);
    let results = stream::iter(items.into_iter().zip(read)).map(|(text, read)| outcome(writer, text, read));
    Ok(Reply::json(200, &Answer { results: results.buffered(AT_ONCE).collect().await }))
}

/// A product, and the version that it replaces.
type Read = Result<(ProductChanged, Option<u64>), Problem>;

/// Of items with the same SKU only the first one counts: they are written at the same time, so none would be the last.
fn read(items: &[Box<RawValue>]) -> Vec<Read> {
    let mut before: HashSet<Sku> = HashSet::new();
    let read = items.iter().map(|text| {
        let (product, version) = item::<Input>(text)?.item()?;
        if before.insert(product.sku.clone()) {
            return Ok((product, version));
        }
        Err(Problem::validation(vec![FieldError::at("/sku", "an item before it has this SKU")]))
    });
    read.collect()
}

async fn outcome(writer: &Writer<'_>, text: Box<RawValue>, read: Read) -> Outcome {
    #[derive(Deserialize)]
    struct Named {
        sku: Option<Value>,
    }
    let sku = serde_json::from_str(text.get()).ok().and_then(|Named { sku }| sku);
    let written = match read {
        Ok((product, version)) => write(writer, &product, version).await,
        Err(problem) => Err(problem),
    };
    match written {
        Ok((status, version)) => Outcome { sku, status, version: Some(version), problem: None },
        Err(problem) => {
            if problem.status >= 500 {
                tracing::error!(?sku, cause = problem.cause, "a product of many could not be written");
            }
            Outcome { sku, status: problem.status, version: None, problem: Some(problem) }
        }
    }
}

async fn write(
    writer: &Writer<'_>,
    product: &ProductChanged,
    version: Option<u64>,
) -> Result<(u16, u64), Problem> {
    let check_version = |found| {
        if version.is_none() || version == found { Ok(()) } else { Err(Problem::another_version()) }
    };
    writer.put(product, check_version).await
}

#[cfg(test)]
mod tests;
