//! Unit tests of the `senders` module.

use super::*;

#[test]
fn a_sender_is_believed_about_what_the_setting_says_and_nothing_else() {
    let senders: Senders = "bank:payments, courier:parcels,erp:payments+parcels".parse().unwrap();
    assert_eq!(senders.topics("bank"), Some([Topic::Payments].as_slice()));
    assert_eq!(senders.topics("erp"), Some(Topic::ALL.as_slice()));
    assert_eq!(senders.topics("nobody"), None);
    assert!(senders.takes_payments("bank") && !senders.takes_payments("courier"));
    assert_eq!("".parse(), Ok(Senders::default()));
    assert_eq!(Topic::of("payment.received"), Some(Topic::Payments));
    assert_eq!(Topic::of("parcel.tracked"), Some(Topic::Parcels));
    assert_eq!(Topic::of("payments.received"), None);
}

#[test]
fn a_setting_that_is_not_understood_is_refused_whole() {
    for text in
        ["bank", "bank:", "bank:money", ":payments", "Bank:payments", "a b:parcels", "b:parcels,b:parcels"]
    {
        assert_eq!(text.parse::<Senders>(), Err(InvalidSenders), "{text}");
    }
}
