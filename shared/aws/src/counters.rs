//! [`Counters`] on DynamoDB: conditional writes, and one transaction for an event with its moves.

use crate::Table;
use crate::error::{Fault, describe, describe_refusal, fault, store_error};
use crate::item::{document_item, event_item, key_item, number, read_counts};
use async_trait::async_trait;
use aws_sdk_dynamodb::error::{BuildError, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ConditionCheck, Put, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update,
};
use event_store::limits::check_key;
use event_store::{Counters, Counts, Key, Move, StoreError, Transaction, TransactionError, VERSION};
use std::collections::HashMap;

#[async_trait]
impl Counters for Table {
    async fn counts(&self, key: &Key) -> Result<Option<Counts>, StoreError> {
        check_key(key)?;
        let answer = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(key_item(key)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| store_error(&error))?;
        let Some(item) = answer.item else { return Ok(None) };
        read_counts(&item).map(Some)
    }

    async fn set(
        &self,
        key: &Key,
        expected: Option<u64>,
        values: &[(&'static str, i64)],
    ) -> Result<bool, StoreError> {
        check_key(key)?;
        let mut item = key_item(key);
        item.insert("version".to_owned(), number(expected.map_or(1, |version| version + 1)));
        for (name, value) in values {
            item.insert((*name).to_owned(), number(value));
        }
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item));
        let put = match expected {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(version) => put
                .condition_expression("#version = :expected")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":expected", number(version)),
        };
        match put.send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
                Ok(false)
            }
            Err(error) => Err(store_error(&error)),
        }
    }

    async fn commit(&self, transaction: &Transaction) -> Result<(), TransactionError> {
        transaction.check()?;
        let mut actions = Vec::new();
        if let Some((stream, envelope)) = &transaction.event {
            actions.push(self.put_absent(event_item(stream, envelope))?);
        }
        if let Some((key, document)) = &transaction.document {
            actions.push(self.put_absent(document_item(key, document))?);
        }
        let places = actions.len();
        for one in &transaction.moves {
            actions.push(if one.changes.is_empty() { self.check(one) } else { self.update(one) }?);
        }
        let Err(error) = self.client.transact_write_items().set_transact_items(Some(actions)).send().await
        else {
            return Ok(());
        };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                let reasons = cancelled.cancellation_reasons();
                Err(cancelled_because(reasons, places, &transaction.moves, &describe(&error)))
            }
            _ => Err(store_error(&error).into()),
        }
    }
}

impl Table {
    fn put_absent(&self, item: crate::item::Item) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .build()
            .map_err(invalid_action)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Adds every change, on the condition that each number that it lowers is large enough, and on the move's own conditions.
    fn update(&self, one: &Move) -> Result<TransactWriteItem, StoreError> {
        let mut sums = vec!["#version :one".to_owned()];
        let (mut conditions, mut names, mut values) = conditions(one);
        names.insert("#version".to_owned(), VERSION.to_owned());
        values.insert(":one".to_owned(), number(1));
        for (place, (name, change)) in one.changes.iter().enumerate() {
            sums.push(format!("#n{place} :c{place}"));
            names.insert(format!("#n{place}"), (*name).to_owned());
            values.insert(format!(":c{place}"), number(change));
            if *change < 0 {
                conditions.push(format!("#n{place} >= :need{place}"));
                values.insert(format!(":need{place}"), number(change.unsigned_abs()));
            }
        }
        let update = Update::builder()
            .table_name(&self.name)
            .set_key(Some(key_item(&one.key)))
            .update_expression(format!("ADD {}", sums.join(", ")))
            .set_condition_expression((!conditions.is_empty()).then(|| conditions.join(" AND ")))
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        Ok(TransactWriteItem::builder().update(update.build().map_err(invalid_action)?).build())
    }

    /// Checks the conditions of a move that changes nothing.
    fn check(&self, one: &Move) -> Result<TransactWriteItem, StoreError> {
        let (conditions, names, values) = conditions(one);
        let check = ConditionCheck::builder()
            .table_name(&self.name)
            .set_key(Some(key_item(&one.key)))
            .condition_expression(conditions.join(" AND "))
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        Ok(TransactWriteItem::builder().condition_check(check.build().map_err(invalid_action)?).build())
    }
}

/// The conditions of a move, with the names and the values that they use.
fn conditions(one: &Move) -> (Vec<String>, HashMap<String, String>, HashMap<String, AttributeValue>) {
    let (mut conditions, mut names, mut values) = (Vec::new(), HashMap::new(), HashMap::new());
    for (place, (name, value)) in one.only_if.iter().enumerate() {
        let is = format!("#if{place} = :if{place}");
        conditions.push(if *value == 0 { format!("(attribute_not_exists(#if{place}) OR {is})") } else { is });
        names.insert(format!("#if{place}"), (*name).to_owned());
        values.insert(format!(":if{place}"), number(value));
    }
    (conditions, names, values)
}

/// Why a transaction was cancelled. The reasons are in the order of the actions: the first `places` are those of the event
/// and the document, the others those of the moves.
///
/// A taken place decides first, because then the numbers do not matter. Data that the table cannot hold is next. Any other
/// reason than a failed condition (a conflict with another transaction, a throttle) proves nothing about the numbers.
fn cancelled_because(
    reasons: &[CancellationReason],
    places: usize,
    moves: &[Move],
    description: &str,
) -> TransactionError {
    let failed = |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
    if reasons.iter().take(places).any(failed) {
        return TransactionError::Conflict;
    }
    let is_invalid = |reason: &CancellationReason| fault(reason.code(), reason.message()) == Fault::Data;
    let is_clear =
        |reason: &CancellationReason| matches!(reason.code(), None | Some("None" | "ConditionalCheckFailed"));
    if let Some(invalid) = reasons.iter().find(|reason| is_invalid(reason)) {
        return StoreError::Invalid(describe_refusal(invalid.code(), invalid.message())).into();
    }
    if !reasons.iter().all(is_clear) {
        return StoreError::Unavailable(description.to_owned()).into();
    }
    let of_moves = reasons.iter().skip(places).zip(moves).filter(|(reason, _)| failed(reason));
    let refused = of_moves.map(|(reason, one)| {
        let counts =
            reason.item().filter(|item| !item.is_empty()).map(read_counts).transpose()?.unwrap_or_default();
        Ok((one.key.clone(), counts))
    });
    match refused.collect::<Result<Vec<_>, StoreError>>() {
        Ok(refused) if refused.is_empty() => StoreError::Unavailable(description.to_owned()).into(),
        Ok(refused) => TransactionError::Refused(refused),
        Err(error) => error.into(),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "map_err passes the error by value")]
fn invalid_action(error: BuildError) -> StoreError {
    StoreError::Refused(error.to_string())
}

#[cfg(test)]
mod tests;
