//! Documents: put, put if new, put if newer, read many, list by prefix, delete.

use crate::{On, everywhere, table};
use event_store::{Document, Key, StoreError};
use serde_json::json;
use testkit::now;

everywhere!(
    a_free_key_reads_as_none,
    a_put_document_is_read_back_and_replaced,
    a_new_document_is_put_once,
    only_a_newer_version_replaces,
    any_version_is_newer_than_none,
    no_version_replaces_the_largest,
    a_read_of_many_leaves_out_free_keys,
    a_partition_is_listed_by_prefix,
    a_deleted_document_is_gone,
    what_no_item_can_hold_is_invalid,
);

fn document(text: &str) -> Document {
    Document::of(&json!({ "text": text }))
}

async fn a_free_key_reads_as_none(on: On) {
    let table = table(on);
    assert_eq!(table.documents.get(&Key::new(table.pk("nothing"), "here")).await.unwrap(), None);
}

async fn a_put_document_is_read_back_and_replaced(on: On) {
    let table = table(on);
    let key = Key::new(table.pk("a"), "price");
    let first = document("first").versioned(7).until(now());
    table.documents.put(&key, &first).await.unwrap();
    assert_eq!(table.documents.get(&key).await.unwrap(), Some(first));
    table.documents.put(&key, &document("second")).await.unwrap();
    assert_eq!(table.documents.get(&key).await.unwrap(), Some(document("second")));
}

async fn a_new_document_is_put_once(on: On) {
    let table = table(on);
    let key = Key::new(table.pk("a"), "inbox");
    assert!(table.documents.put_new(&key, &document("first")).await.unwrap());
    assert!(!table.documents.put_new(&key, &document("second")).await.unwrap());
    assert_eq!(table.documents.get(&key).await.unwrap(), Some(document("first")));
}

async fn only_a_newer_version_replaces(on: On) {
    let table = table(on);
    let key = Key::new(table.pk("a"), "price");
    for (version, newer) in [(3, true), (2, false), (3, false), (10, true), (9, false)] {
        let document = document(&version.to_string()).versioned(version);
        assert_eq!(table.documents.put_newer(&key, &document).await.unwrap(), newer, "version {version}");
    }
    assert_eq!(table.documents.get(&key).await.unwrap().unwrap().version, 10);
}

async fn any_version_is_newer_than_none(on: On) {
    let table = table(on);
    let key = Key::new(table.pk("a"), "order");
    table.documents.put(&key, &document("first")).await.unwrap();
    for (version, newer) in [(1, true), (1, false)] {
        let document = document("second").versioned(version);
        assert_eq!(table.documents.put_newer(&key, &document).await.unwrap(), newer);
    }
}

async fn no_version_replaces_the_largest(on: On) {
    let table = table(on);
    let key = Key::new(table.pk("a"), "erased");
    let last = document("last").versioned(u64::MAX);
    table.documents.put(&key, &last).await.unwrap();
    assert!(!table.documents.put_newer(&key, &document("later").versioned(u64::MAX - 1)).await.unwrap());
    assert_eq!(table.documents.get(&key).await.unwrap(), Some(last));
}

async fn a_read_of_many_leaves_out_free_keys(on: On) {
    let table = table(on);
    let keys: Vec<Key> = (0..99).map(|n| Key::new(table.pk(&n.to_string()), "price")).collect();
    for key in keys.iter().step_by(2) {
        table.documents.put(key, &document(&key.pk)).await.unwrap();
    }
    let found = table.documents.get_many(&keys).await.unwrap();
    assert_eq!(found.len(), 50);
    assert!(found.iter().all(|(key, found)| *found == document(&key.pk)));
    assert_eq!(table.documents.get_many(&[]).await.unwrap(), []);
}

async fn a_partition_is_listed_by_prefix(on: On) {
    let table = table(on);
    let pk = table.pk("a");
    for sk in ["parked#2", "order", "parked#1"] {
        table.documents.put(&Key::new(&pk, sk), &document(sk)).await.unwrap();
    }
    let sks = |found: Vec<(Key, Document)>| found.into_iter().map(|(key, _)| key.sk).collect::<Vec<_>>();
    assert_eq!(sks(table.documents.list(&pk, "parked#").await.unwrap()), ["parked#1", "parked#2"]);
    assert_eq!(sks(table.documents.list(&pk, "").await.unwrap()), ["order", "parked#1", "parked#2"]);
}

async fn a_deleted_document_is_gone(on: On) {
    let table = table(on);
    let key = Key::new(table.pk("a"), "address");
    table.documents.put(&key, &document("x")).await.unwrap();
    for _ in 0..2 {
        table.documents.delete(&key).await.unwrap();
        assert_eq!(table.documents.get(&key).await.unwrap(), None);
    }
}

async fn what_no_item_can_hold_is_invalid(on: On) {
    let table = table(on);
    let documents = &table.documents;
    let prefix = table.pk("");
    let pk = |bytes: usize| format!("{prefix}{}", "x".repeat(bytes - prefix.len()));
    let longest = Key::new(pk(2048), "s".repeat(1024));
    documents.put(&longest, &document("fits")).await.unwrap();
    assert_eq!(documents.get(&longest).await.unwrap(), Some(document("fits")));
    let too_long =
        [Key::new(pk(2049), "s"), Key::new(pk(10 + prefix.len()), "s".repeat(1025)), Key::new("", "s")];
    for key in too_long {
        assert!(matches!(documents.put(&key, &document("")).await, Err(StoreError::Invalid(_))), "{key}");
        assert!(matches!(documents.get(&key).await, Err(StoreError::Invalid(_))), "{key}");
    }
    let key = Key::new(table.pk("large"), "s");
    let outcome = documents.put_new(&key, &document(&"x".repeat(410_000))).await;
    assert!(matches!(outcome, Err(StoreError::Invalid(_))), "{outcome:?}");
    assert_eq!(documents.get(&key).await.unwrap(), None);
}
