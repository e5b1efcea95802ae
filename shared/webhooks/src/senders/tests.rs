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
    for text in [
        "bank",
        "bank:",
        "bank:money",
        ":payments",
        "Bank:payments",
        "a b:parcels",
        "b:parcels,b:parcels",
        "b:parcels=",
        "b:parcels=-",
        "b:payments=DHL",
        "b:DHL+parcels",
        "b:parcels+DHL",
        "b:parcels=DHL+parcels=UPS",
        "b:parcels=DHL=UPS",
        "b:parcels=DHL+",
    ] {
        assert_eq!(text.parse::<Senders>(), Err(InvalidSenders), "{text}");
    }
}

/// A courier's key is no proof about another carrier's parcel.
#[test]
fn a_sender_reports_parcels_of_its_own_carriers_only() {
    let senders: Senders =
        "bank:payments, courier:parcels=DHL+Alpine Parcel,erp:parcels = ups +payments,dhl:parcels,hub:parcels=*"
            .parse()
            .unwrap();
    for (sender, carrier, may) in [
        ("courier", "DHL", true),
        ("courier", "dhl express", true),
        ("courier", "alpine-parcel", true),
        ("courier", "UPS", false),
        ("courier", "courier", false),
        ("courier", "", false),
        ("erp", "UPSDAP", true),
        ("erp", "DHL", false),
        ("erp", "payments", false),
        ("dhl", "DHLExpress", true),
        ("dhl", "UPS", false),
        ("hub", "anything", true),
        ("bank", "bank", false),
        ("another", "DHL", false),
    ] {
        assert_eq!(senders.reports_parcels_of(sender, carrier), may, "{sender} {carrier}");
    }
    assert_eq!(senders.topics("erp"), Some([Topic::Parcels, Topic::Payments].as_slice()));
    assert!(senders.takes_payments("erp"));
}
