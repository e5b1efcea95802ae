//! The name of the running build.

#[test]
fn a_build_is_named_by_twelve_digits_and_the_same_each_time() {
    let id = super::id().unwrap();
    assert!(id.len() == 12 && id.bytes().all(|digit| digit.is_ascii_hexdigit()), "{id}");
    assert_eq!(super::id().unwrap(), id);
}
