//! Which countries a number may belong to.

use super::*;
use std::collections::BTreeSet;

#[test]
fn the_prefix_of_a_number_decides_its_countries() {
    for (number, countries) in [
        ("+41790000000", &["CH"] as &[&str]),
        ("+423790000", &["LI"]),
        ("+4912345678", &["DE"]),
        ("+38349000000", &["XK"]),
        ("+447911123456", &["GB", "GG", "IM", "JE"]),
        ("+77010000000", &["RU", "KZ"]),
        ("+881612345678", &[]),
        ("+800123456789", &[]),
        ("41790000000", &[]),
        ("+", &[]),
        ("", &[]),
    ] {
        assert_eq!(countries_of(number), countries, "{number}");
    }
    assert_eq!(countries_of("+12425550100").len(), 25, "North America shares one prefix");
}

#[test]
fn no_prefix_begins_another_one() {
    let prefixes: BTreeSet<&str> = PREFIXES.iter().map(|(prefix, _)| *prefix).collect();
    assert_eq!(prefixes.len(), PREFIXES.len());
    for prefix in &prefixes {
        assert!((1..prefix.len()).all(|end| !prefixes.contains(&prefix[..end])), "{prefix}");
    }
    let codes = PREFIXES.iter().flat_map(|(_, countries)| countries.iter());
    assert!(codes.clone().all(|code| code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase())));
    assert_eq!(
        codes.clone().collect::<BTreeSet<_>>().len(),
        codes.count() - SHARED.len(),
        "each country once"
    );
    for code in SHARED {
        assert!(PREFIXES.iter().filter(|(_, countries)| countries.contains(code)).count() == 2, "{code}");
    }
}

/// Saint Helena, Ascension and Tristan da Cunha have two prefixes.
const SHARED: &[&str] = &["SH"];
