//! Intent ids: what is read back is what was stored, and nothing else is read.

use super::*;
use testkit::order_id;

#[test]
fn an_id_is_stored_as_it_is_read() {
    let offline = format!("elsewhere:bank:{}", order_id(1));
    for text in ["pi_3MtwBwLkdIwHu7ix28a3tqPa", &offline] {
        let intent = IntentId::try_from(text).unwrap();
        assert_eq!(intent.to_string(), text);
        assert!(intent.is(text) && !intent.is("pi_other"));
        assert_eq!(intent.partition(), format!("intent#{text}"));
    }
}

#[test]
fn an_unreadable_id_names_its_place() {
    let no_sender = format!("elsewhere::{}", order_id(1));
    let too_long = format!("pi_{}", "a".repeat(253));
    for text in ["", "pi_", "pi_a#b", "ch_1", "elsewhere:bank", "elsewhere:bank:1", &no_sender, &too_long] {
        let Err(Failure::Reject { reason }) = IntentId::recorded(text, "payments/1/1") else {
            panic!("{text}")
        };
        assert!(reason.starts_with("payments/1/1: "), "{reason}");
    }
}
