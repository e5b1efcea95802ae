//! The sizes of the two kinds of value that our items hold.

use super::*;

#[test]
fn an_attribute_counts_its_name_and_its_value() {
    let key = Key::new("sku#TEA-01", "price");
    let sizes = document(&key, &Document::of(&"é").versioned(12).with("inbox", "stripe"));
    let expected = [("document", 8 + 4), ("inbox", 5 + 6), ("pk", 2 + 10), ("sk", 2 + 5), ("version", 7 + 2)];
    assert_eq!(sizes, expected.map(|(name, bytes)| (name.to_owned(), bytes)).into());
}

#[test]
fn a_number_counts_a_byte_for_two_digits_and_one_more() {
    let sizes = numbers(&Key::new("a", "b"), [("n", 1), ("m", -12_345)]);
    assert_eq!((sizes["n"], sizes["m"]), (1 + 2, 1 + 4));
}
