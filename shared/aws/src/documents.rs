//! [`Documents`] on DynamoDB.

use crate::Table;
use crate::error::store_error;
use crate::item::{Item, document_item, key_item, number, read_document, read_key, text};
use async_trait::async_trait;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use event_store::limits::{check_document, check_key, check_pk};
use event_store::{Document, Documents, Key, StoreError};

/// How often a batch read is tried while a throttled table leaves keys unread.
const BATCH_TRIES: u32 = 5;

#[async_trait]
impl Documents for Table {
    async fn get(&self, key: &Key) -> Result<Option<Document>, StoreError> {
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
        answer.item.as_ref().map(read_document).transpose()
    }

    async fn get_many(&self, keys: &[Key]) -> Result<Vec<(Key, Document)>, StoreError> {
        keys.iter().try_for_each(check_key)?;
        let mut found = Vec::with_capacity(keys.len());
        let mut wanted: Vec<Item> = keys.iter().map(key_item).collect();
        for _ in 0..BATCH_TRIES {
            if wanted.is_empty() {
                return Ok(found);
            }
            let request = KeysAndAttributes::builder()
                .set_keys(Some(std::mem::take(&mut wanted)))
                .consistent_read(true)
                .build()
                .map_err(|error| StoreError::Refused(error.to_string()))?;
            let answer = self
                .client
                .batch_get_item()
                .request_items(&self.name, request)
                .send()
                .await
                .map_err(|error| store_error(&error))?;
            for item in answer.responses.unwrap_or_default().into_values().flatten() {
                found.push((read_key(&item), read_document(&item)?));
            }
            let unread = answer.unprocessed_keys.unwrap_or_default();
            wanted = unread.into_values().flat_map(|request| request.keys).collect();
        }
        if wanted.is_empty() {
            return Ok(found);
        }
        Err(StoreError::Unavailable(format!(
            "{} keys are still unread after {BATCH_TRIES} tries",
            wanted.len()
        )))
    }

    async fn put(&self, key: &Key, document: &Document) -> Result<(), StoreError> {
        self.write(key, document)?.send().await.map_err(|error| store_error(&error))?;
        Ok(())
    }

    async fn put_new(&self, key: &Key, document: &Document) -> Result<bool, StoreError> {
        let write = self.write(key, document)?.condition_expression("attribute_not_exists(pk)");
        if_condition_holds(write).await
    }

    async fn put_newer(&self, key: &Key, document: &Document) -> Result<bool, StoreError> {
        let write = self
            .write(key, document)?
            .condition_expression("attribute_not_exists(#version) OR #version < :version")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":version", number(document.version));
        if_condition_holds(write).await
    }

    async fn list(&self, pk: &str, prefix: &str) -> Result<Vec<(Key, Document)>, StoreError> {
        check_pk(pk)?;
        let mut query = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(pk))
            .consistent_read(true);
        if !prefix.is_empty() {
            query = query
                .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":prefix", text(prefix));
        }
        let mut pages = query.into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            for item in page.map_err(|error| store_error(&error))?.items.unwrap_or_default() {
                found.push((read_key(&item), read_document(&item)?));
            }
        }
        Ok(found)
    }

    async fn delete(&self, key: &Key) -> Result<(), StoreError> {
        check_key(key)?;
        self.client
            .delete_item()
            .table_name(&self.name)
            .set_key(Some(key_item(key)))
            .send()
            .await
            .map_err(|error| store_error(&error))?;
        Ok(())
    }
}

impl Table {
    fn write(&self, key: &Key, document: &Document) -> Result<PutItemFluentBuilder, StoreError> {
        check_document(key, document)?;
        Ok(self.client.put_item().table_name(&self.name).set_item(Some(document_item(key, document))))
    }
}

async fn if_condition_holds(write: PutItemFluentBuilder) -> Result<bool, StoreError> {
    match write.send().await {
        Ok(_) => Ok(true),
        Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
            Ok(false)
        }
        Err(error) => Err(store_error(&error)),
    }
}
