//! Spellings and aliases of carriers.

use super::*;
use std::collections::BTreeSet;

#[test]
fn spellings_and_aliases_of_a_carrier_have_one_name() {
    for (name, expected) in [
        ("DHL", "DHL"),
        ("DHLExpress", "DHL"),
        ("dhl express", "DHL"),
        ("DhlEcs", "DHL"),
        ("Fed-Ex Ground", "FEDEX"),
        ("UPSDAP", "UPS"),
        ("Hermes", "EVRI"),
        ("Die Schweizerische Post", "SWISSPOST"),
        ("Österreichische Post", "OSTERREICHISCHEPOST"),
        ("Alpine Parcel", "ALPINEPARCEL"),
        ("DHL2", "DHL2"),
        ("–", ""),
    ] {
        assert_eq!(carrier_name(name), expected, "{name}");
    }
}

#[test]
fn a_name_of_the_table_is_plain_and_belongs_to_one_carrier() {
    let names: Vec<&str> = ALIASES.into_iter().flatten().copied().collect();
    assert!(names.iter().all(|name| plain_name(name) == *name));
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
}
