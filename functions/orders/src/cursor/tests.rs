//! A cursor is accepted only by the list that issued it.

use super::*;

#[test]
fn a_cursor_of_another_list_is_refused() {
    let cursor = Cursor::start("mine").encode();
    assert!(Cursor::decode(&cursor, "mine").is_ok());
    assert_eq!(Cursor::decode(&cursor, "yours").unwrap_err().status, 400);
    assert_eq!(Cursor::decode("nonsense", "mine").unwrap_err().status, 400);
    let forged = Position { pk: String::new(), sk: "view".to_owned(), order: "x".to_owned() };
    let forged = Cursor::at("mine", 0, Some(forged)).encode();
    assert_eq!(Cursor::decode(&forged, "mine").unwrap_err().status, 400);
}
