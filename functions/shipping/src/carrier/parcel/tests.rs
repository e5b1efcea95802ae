//! Which spellings name the same parcel, and which texts name none.

use super::*;

fn parcel(carrier: &str, code: &str) -> Parcel {
    Parcel { carrier: carrier.to_owned(), tracking_code: code.to_owned() }
}

#[test]
fn a_parcel_is_the_same_in_any_spelling() {
    for (left, right) in [
        (("FedEx", "ab-1"), ("FEDEX", "AB-1")),
        (("DHL Express", "1"), ("DHLExpress", "1")),
        (("DHL", "JD 0146"), ("DHLExpress", "jd0146")),
        (("UPS", "1Z 999 AA1 01"), ("UPSDAP", "1z999aa101")),
        (("Alpine Parcel", "2680-1286-3436"), ("ALPINE-PARCEL", "268012863436")),
        (("Post", "99.60.12/3"), ("post", "9960_123")),
    ] {
        assert!(parcel(left.0, left.1).is(&parcel(right.0, right.1)), "{left:?} {right:?}");
    }
    for (left, right) in
        [(("FedEx", "1"), ("FedEx", "2")), (("DHL", "1"), ("UPS", "1")), (("A", "12"), ("A1", "2"))]
    {
        assert!(!parcel(left.0, left.1).is(&parcel(right.0, right.1)), "{left:?} {right:?}");
    }
}

#[test]
fn a_parcel_is_found_where_older_versions_stored_it() {
    let found = parcel("DHLExpress", "jd-1").older_partitions();
    for older in ["tracking#DHLEXPRESS#JD-1", "tracking#DHL#JD-1", "tracking#DHLEXPRESS#JD1"] {
        assert!(found.iter().any(|partition| partition == older), "{older}: {found:?}");
    }
    assert_eq!(parcel("Alpine Parcel", "AP-1").older_partitions(), ["tracking#ALPINEPARCEL#AP-1"]);
    assert_eq!(parcel("Alpine Parcel", "AP1").older_partitions(), [""; 0]);
}

#[test]
fn a_text_beyond_its_bound_names_no_parcel() {
    let long = "x".repeat(3000);
    let blanks = format!("{}D", " ".repeat(262_000));
    for (carrier, code) in [
        ("", "1"),
        ("–", "1"),
        (&*long, "1"),
        ("Post", &*long),
        ("a\u{7}b", "1"),
        ("Post", "1\n2"),
        ("Post", "-- -"),
        ("Post", " "),
        (&*format!("a{blanks}"), "1"),
        ("Post", &*format!("1{blanks}")),
    ] {
        assert_eq!(Parcel::reported(Some(carrier), Some(code)), None, "{carrier:.20} {code:.20}");
    }
    assert_eq!(Parcel::reported(Some(&blanks), Some(" 1 ")), Some(parcel("D", "1")));
}
