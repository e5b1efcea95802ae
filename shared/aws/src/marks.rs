//! [`RateMarks`] on DynamoDB: one conditional update, which returns the item if its condition fails.

use crate::Table;
use crate::error::store_error;
use crate::item::{Item, key_item, number, read_counts};
use async_trait::async_trait;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use event_store::limits::check_key;
use event_store::{Advance, Key, MarkIs, MarkMove, Marks, RateMarks, StoreError};
use jiff::Timestamp;

#[async_trait]
impl RateMarks for Table {
    /// The SDK repeats an update whose answer was lost. The repeat finds the mark ahead, so the request may count twice: the
    /// limit still holds.
    async fn advance(
        &self,
        key: &Key,
        now: i64,
        moves: &[MarkMove],
        expires_at: Timestamp,
    ) -> Result<Advance, StoreError> {
        check_key(key)?;
        let mut sets = vec!["#expires = :expires".to_owned()];
        let mut conditions = Vec::new();
        let mut update = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key_item(key)))
            .expression_attribute_names("#expires", "expires_at")
            .expression_attribute_values(":expires", number(expires_at.as_second()))
            .expression_attribute_values(":now", number(now))
            .return_values(ReturnValue::UpdatedNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (place, one) in moves.iter().enumerate() {
            let value = match one.expected {
                MarkIs::Past => {
                    conditions.push(format!("(attribute_not_exists(#m{place}) OR #m{place} <= :now)"));
                    sets.push(format!("#m{place} = :v{place}"));
                    now + one.by
                }
                MarkIs::AheadUpTo(furthest) => {
                    conditions.push(format!("(#m{place} BETWEEN :now AND :furthest{place})"));
                    sets.push(format!("#m{place} = #m{place} + :v{place}"));
                    update =
                        update.expression_attribute_values(format!(":furthest{place}"), number(furthest));
                    one.by
                }
            };
            update = update
                .expression_attribute_names(format!("#m{place}"), one.name)
                .expression_attribute_values(format!(":v{place}"), number(value));
        }
        let answer = update
            .update_expression(format!("SET {}", sets.join(", ")))
            .condition_expression(conditions.join(" AND "))
            .send()
            .await;
        match answer {
            Ok(written) => Ok(Advance::Done(read_marks(&written.attributes.unwrap_or_default())?)),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
                let UpdateItemError::ConditionalCheckFailedException(failed) = error.into_err() else {
                    return Ok(Advance::Refused(Marks::default()));
                };
                Ok(Advance::Refused(read_marks(&failed.item.unwrap_or_default())?))
            }
            Err(error) => Err(store_error(&error)),
        }
    }
}

fn read_marks(item: &Item) -> Result<Marks, StoreError> {
    read_counts(item).map(|counts| counts.values)
}
