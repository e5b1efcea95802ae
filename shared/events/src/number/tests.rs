//! A number is read as people type it, and a mistyped one is refused.

use super::*;
use proptest::prelude::*;

fn ids() -> impl Strategy<Value = OrderId> {
    any::<[u8; 16]>().prop_map(OrderId::from_digest)
}

fn number(text: &str) -> Result<OrderNumber, InvalidNumber> {
    OrderNumber::try_from(text)
}

#[test]
fn a_number_never_changes() {
    for (id, expected) in [
        ("9f86d081884c7d659a2feaa0c55ad015", "KY3D-10C8-9HH"),
        ("00000000000000000000000000000000", "0000-0000-000"),
        ("ffffffffffffffffffffffffffffffff", "ZZZZ-ZZZZ-ZZ0"),
    ] {
        assert_eq!(OrderNumber::of(&OrderId::try_from(id).unwrap()).to_string(), expected, "{id}");
    }
}

#[test]
fn a_number_is_50_bits_so_two_orders_can_share_one() {
    let one = OrderId::try_from("9f86d081884c7d659a2feaa0c55ad015").unwrap();
    let other = OrderId::try_from("9f86d081884c7ffffffffffffffffff5").unwrap();
    let third = OrderId::try_from("9f86d0818848ffffffffffffffffffff").unwrap();
    assert_eq!(OrderNumber::of(&one), OrderNumber::of(&other));
    assert_ne!(OrderNumber::of(&one), OrderNumber::of(&third));
}

#[test]
fn a_text_that_is_no_number_is_refused_with_the_reason() {
    assert_eq!(number(""), Err(InvalidNumber::Length { found: 0 }));
    assert_eq!(number("K7QD-3M9X-TA"), Err(InvalidNumber::Length { found: 10 }));
    assert_eq!(number("K7QD-3M9X-TAKK"), Err(InvalidNumber::Length { found: 12 }));
    assert_eq!(number("K7QD-3M9X-TUK"), Err(InvalidNumber::Character { place: 10 }));
    assert_eq!(number("K7QD-3é9X-TAK"), Err(InvalidNumber::Character { place: 6 }));
    assert!(number("K7QD_3M9X_TAK").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_number_is_read_as_it_is_shown_and_as_people_type_it(id in ids()) {
        let number = OrderNumber::of(&id);
        let shown = number.to_string();
        prop_assert_eq!(shown.len(), 13);
        prop_assert!(!shown.contains(['I', 'L', 'O', 'U']));
        for typed in [
            shown.clone(),
            shown.to_lowercase(),
            shown.replace('-', ""),
            format!(" {} ", shown.replace('-', " ")),
            shown.replace('1', "I").replace('0', "O"),
            shown.replace('1', "l").replace('0', "o"),
            number.compact(),
        ] {
            prop_assert_eq!(OrderNumber::try_from(&*typed), Ok(number), "{}", typed);
        }
    }

    #[test]
    fn one_wrong_character_is_found(id in ids(), place in 0_usize..11, other in 0_usize..32) {
        let right = OrderNumber::of(&id).compact().into_bytes();
        let mut wrong = right.clone();
        wrong[place] = ALPHABET[other];
        let same_modulo_31 = |byte: u8| if byte == b'Z' { b'0' } else { byte };
        prop_assume!(same_modulo_31(wrong[place]) != same_modulo_31(right[place]));
        let wrong = String::from_utf8(wrong).unwrap();
        prop_assert_eq!(OrderNumber::try_from(&*wrong), Err(InvalidNumber::Check));
    }

    #[test]
    fn two_exchanged_characters_are_found(id in ids(), one in 0_usize..11, other in 0_usize..11) {
        let mut wrong = OrderNumber::of(&id).compact().into_bytes();
        let same_modulo_31 = |byte: u8| if byte == b'Z' { b'0' } else { byte };
        prop_assume!(same_modulo_31(wrong[one]) != same_modulo_31(wrong[other]));
        wrong.swap(one, other);
        let wrong = String::from_utf8(wrong).unwrap();
        prop_assert_eq!(OrderNumber::try_from(&*wrong), Err(InvalidNumber::Check));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,30}") {
        if let Ok(number) = OrderNumber::try_from(&*text) {
            prop_assert_eq!(OrderNumber::try_from(&*number.to_string()), Ok(number));
        }
    }
}
