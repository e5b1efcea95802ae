//! The setting of senders: which topics each one has, and which texts are refused.

use super::*;

#[test]
fn a_sender_has_only_the_topics_of_the_setting() {
    let senders: Senders = "bank:payments, courier:parcels,erp:payments+parcels".parse().unwrap();
    assert_eq!(senders.topics("bank"), Some([Topic::Payments].as_slice()));
    assert_eq!(senders.topics("erp"), Some(Topic::ALL.as_slice()));
    assert_eq!(senders.topics("unknown"), None);
    assert!(senders.takes_payments("bank") && !senders.takes_payments("courier"));
    assert_eq!("".parse(), Ok(Senders::default()));
    assert_eq!(Topic::of("payment.received"), Some(Topic::Payments));
    assert_eq!(Topic::of("parcel.tracked"), Some(Topic::Parcels));
    assert_eq!(Topic::of("payments.received"), None);
}

#[test]
fn an_invalid_setting_is_refused_as_a_whole() {
    for text in
        ["bank", "bank:", "bank:money", ":payments", "Bank:payments", "a b:parcels", "b:parcels,b:parcels"]
    {
        assert_eq!(text.parse::<Senders>(), Err(InvalidSenders), "{text}");
    }
}
