//! [`Pages`] on a global secondary index, or on the table itself.

use crate::error::store_error;
use crate::item::{Item, read_document, read_key, text};
use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use event_store::{Document, Page, Pages, Position, StoreError, Walk};
use std::collections::HashMap;

#[derive(Debug)]
pub(crate) struct TableIndex {
    pub(crate) client: Client,
    pub(crate) table: String,
    /// `None`: the table itself.
    pub(crate) index: Option<&'static str>,
    pub(crate) partition: &'static str,
    pub(crate) order: &'static str,
}

#[async_trait]
impl Pages for TableIndex {
    async fn page(
        &self,
        partition: &str,
        walk: Walk<'_>,
        limit: u32,
        position: Option<&Position>,
    ) -> Result<Page, StoreError> {
        let start = position.map(|at| {
            HashMap::from([
                ("pk".to_owned(), text(&at.pk)),
                ("sk".to_owned(), text(&at.sk)),
                (self.partition.to_owned(), text(partition)),
                (self.order.to_owned(), text(&at.order)),
            ])
        });
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .set_index_name(self.index.map(str::to_owned))
            .expression_attribute_names("#partition", self.partition)
            .expression_attribute_values(":partition", text(partition));
        let query = match walk {
            Walk::Forward | Walk::Backward => query.key_condition_expression("#partition = :partition"),
            Walk::UpTo(last) => query
                .key_condition_expression("#partition = :partition AND #order <= :last")
                .expression_attribute_names("#order", self.order)
                .expression_attribute_values(":last", text(last)),
            Walk::Below(first) => query
                .key_condition_expression("#partition = :partition AND #order < :first")
                .expression_attribute_names("#order", self.order)
                .expression_attribute_values(":first", text(first)),
        };
        let is_forward = match walk {
            Walk::Forward | Walk::UpTo(_) => true,
            Walk::Backward | Walk::Below(_) => false,
        };
        let answer = query
            .scan_index_forward(is_forward)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| store_error(&error))?;
        let documents = answer
            .items
            .unwrap_or_default()
            .iter()
            .map(|item| Ok((read_key(item), kept_of(item)?)))
            .collect::<Result<_, StoreError>>()?;
        Ok(Page { documents, next: answer.last_evaluated_key.map(|last| self.position(&last)) })
    }
}

/// The document as the index holds it: some indexes hold keys only.
fn kept_of(item: &Item) -> Result<Document, StoreError> {
    if item.contains_key("document") { read_document(item) } else { Ok(Document::of(&())) }
}

impl TableIndex {
    fn position(&self, last: &Item) -> Position {
        let key = read_key(last);
        let order = last.get(self.order).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
        Position { pk: key.pk, sk: key.sk, order }
    }
}
