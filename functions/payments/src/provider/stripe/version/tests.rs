//! Which versions may show released money as refunded, and which calls may be pinned to.

use super::{BasilOrLater, shows_releases_as_refunds};

#[test]
fn only_versions_since_basil_show_nothing_but_refunds() {
    for new in
        ["2025-03-31.basil", "2025-04-30.basil", "2025-09-30.clover", "2026-10-28.endive", "2027-01-01"]
    {
        assert!(!shows_releases_as_refunds(Some(new)), "{new}");
        assert_eq!(new.parse::<BasilOrLater>().unwrap().as_str(), new);
    }
    for old in
        ["2017-08-15", "2024-06-20", "2025-02-24.acacia", "2025-03-30", "", "basil", "2025-13-01", "9999"]
    {
        assert!(shows_releases_as_refunds(Some(old)), "{old}");
        assert!(old.parse::<BasilOrLater>().is_err(), "no call is pinned to {old}");
    }
    assert!(shows_releases_as_refunds(None), "an event that names no version");
}
