//! Pages: an index in its order or against it, a page at a time, without gaps or repeats.

use crate::{On, on_both, views};
use event_store::{Document, Documents, Key};

on_both!(an_index_pages_in_both_directions, a_document_without_the_attribute_is_in_no_page);

async fn put(documents: &dyn Documents, partition: &str, n: u32) {
    let document =
        Document::of(&n).with("customer", partition).with("placed_at", format!("2026-01-02T03:04:{n:02}Z"));
    documents.put(&Key::new(format!("{partition}#{n}"), "view"), &document).await.unwrap();
}

async fn an_index_pages_in_both_directions(on: On) {
    let (documents, index, partition) = views(on);
    for n in 0..7 {
        put(&*documents, &partition, n).await;
    }
    for newest_first in [false, true] {
        let (mut seen, mut position) = (Vec::new(), None);
        loop {
            let page = index.page(&partition, newest_first, 3, position.as_ref()).await.unwrap();
            assert!(page.documents.len() <= 3);
            for (key, document) in page.documents {
                seen.push(document.read::<u32>(&key).unwrap());
            }
            position = page.next;
            if position.is_none() {
                break;
            }
        }
        let mut expected: Vec<u32> = (0..7).collect();
        if newest_first {
            expected.reverse();
        }
        assert_eq!(seen, expected);
    }
}

async fn a_document_without_the_attribute_is_in_no_page(on: On) {
    let (documents, index, partition) = views(on);
    put(&*documents, &partition, 1).await;
    let key = Key::new(format!("{partition}#1"), "view");
    documents.put(&key, &Document::of(&1)).await.unwrap();
    assert_eq!(index.page(&partition, false, 3, None).await.unwrap().documents, []);
}
