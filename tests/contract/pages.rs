//! Pages: an index, or a partition of the table, is read forward, backward, up to a value or from below one, a page at a time,
//! without gaps or duplicates.

use crate::{On, Views, everywhere, views};
use event_store::{Document, Documents, Key, Pages, Walk};

everywhere!(
    an_index_is_read_in_both_directions_and_up_to_a_value,
    a_partition_is_read_in_both_directions_and_up_to_a_key,
    an_index_may_be_ordered_by_the_tables_sort_key,
    a_document_without_the_attribute_is_in_no_page
);

fn second(n: u32) -> String {
    format!("2026-01-02T03:04:{n:02}Z")
}

async fn put(documents: &dyn Documents, partition: &str, n: u32) {
    let document = Document::of(&n).with("open_shard", partition).with("deadline", second(n));
    documents.put(&Key::new(format!("{partition}#{n}"), "view"), &document).await.unwrap();
}

async fn read_walks(pages: &dyn Pages, partition: &str) {
    let walks = [
        (Walk::Forward, vec![0, 1, 2, 3, 4, 5, 6]),
        (Walk::Backward, vec![6, 5, 4, 3, 2, 1, 0]),
        (Walk::UpTo("2026-01-02T03:04:04Z"), vec![0, 1, 2, 3, 4]),
        (Walk::UpTo("2026-01-02T03:04:04.5Z"), vec![0, 1, 2, 3]),
        (Walk::UpTo("2026"), vec![]),
        (Walk::Below("2026-01-02T03:04:04Z"), vec![3, 2, 1, 0]),
        (Walk::Below("2026-01-02T03:04:04.5Z"), vec![3, 2, 1, 0]),
        (Walk::Below("2026-01-02T03:04:05"), vec![4, 3, 2, 1, 0]),
        (Walk::Below("2026"), vec![]),
    ];
    for (walk, expected) in walks {
        let (mut seen, mut position) = (Vec::new(), None);
        loop {
            let page = pages.page(partition, walk, 3, position.as_ref()).await.unwrap();
            assert!(page.documents.len() <= 3);
            for (key, document) in page.documents {
                seen.push(document.read::<u32>(&key).unwrap());
            }
            position = page.next;
            if position.is_none() {
                break;
            }
        }
        assert_eq!(seen, expected, "{walk:?}");
    }
}

async fn an_index_is_read_in_both_directions_and_up_to_a_value(on: On) {
    let Views { documents, index, partition, .. } = views(on);
    for n in 0..7 {
        put(&*documents, &partition, n).await;
    }
    read_walks(&*index, &partition).await;
}

async fn a_partition_is_read_in_both_directions_and_up_to_a_key(on: On) {
    let Views { documents, partitions, partition, .. } = views(on);
    for n in 0..7 {
        documents.put(&Key::new(&partition, second(n)), &Document::of(&n)).await.unwrap();
    }
    read_walks(&*partitions, &partition).await;
}

async fn an_index_may_be_ordered_by_the_tables_sort_key(on: On) {
    let Views { documents, by_sort_key, partition, .. } = views(on);
    for n in 0..7 {
        let document = Document::of(&n).with("attention", &partition);
        documents.put(&Key::new(format!("{partition}#{n}"), second(n)), &document).await.unwrap();
    }
    for (walk, expected) in
        [(Walk::Backward, vec![6, 5, 4, 3, 2, 1, 0]), (Walk::Below("2026-01-02T03:04:04Z"), vec![3, 2, 1, 0])]
    {
        let (mut seen, mut position) = (Vec::new(), None);
        loop {
            let page = by_sort_key.page(&partition, walk, 3, position.as_ref()).await.unwrap();
            // The index holds keys only.
            seen.extend(page.documents.into_iter().map(|(key, _)| key.sk));
            position = page.next;
            if position.is_none() {
                break;
            }
        }
        assert_eq!(seen, expected.into_iter().map(second).collect::<Vec<_>>(), "{walk:?}");
    }
}

async fn a_document_without_the_attribute_is_in_no_page(on: On) {
    let Views { documents, index, partition, .. } = views(on);
    put(&*documents, &partition, 1).await;
    let key = Key::new(format!("{partition}#1"), "view");
    documents.put(&key, &Document::of(&1)).await.unwrap();
    assert_eq!(index.page(&partition, Walk::Forward, 3, None).await.unwrap().documents, []);
}
