//! What is read from an item of counters: all its numbers, whatever their names.

use super::*;

fn counters() -> Item {
    let mut item = key_item(&Key::new("sku#TEA", "stock"));
    for (name, value) in
        [("available", 5), ("allocated", 0), ("damaged", 2), ("version", 7), ("expires_at", 9)]
    {
        item.insert(name.to_owned(), number(value));
    }
    item.insert("note".to_owned(), text("counted on Monday"));
    item
}

#[test]
fn every_stored_number_is_returned() {
    let counts = read_counts(&counters()).unwrap();
    let values = [("allocated", 0), ("available", 5), ("damaged", 2)];
    assert_eq!(counts.values, values.map(|(name, value)| (name.to_owned(), value)).into());
    assert_eq!(counts.version, 7);
}

#[test]
fn a_number_that_is_not_whole_is_corrupt() {
    let mut item = counters();
    item.insert("damaged".to_owned(), number(0.5));
    assert!(matches!(read_counts(&item), Err(StoreError::Corrupt { attribute: "numbers", .. })));
}
