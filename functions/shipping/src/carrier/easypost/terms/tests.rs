//! How measures are converted, and which settings are required.

use super::*;
use runtime::SettingsError;

#[test]
fn measures_are_rounded_up_to_a_tenth() {
    assert_eq!([0, 1, 254].map(inches), ["0.0", "0.4", "100.0"]);
    assert_eq!([0, 1, 28, 29, 1000].map(ounces), ["0.1", "0.1", "1.0", "1.1", "35.3"]);
}

#[test]
fn the_sender_is_required_only_if_easypost_takes_new_shipments() {
    let mut settings = Settings::from_lookup(|_| None);
    Terms::from_settings(&mut settings, false);
    assert!(settings.finish().is_ok());
    let mut settings = Settings::from_lookup(|_| None);
    Terms::from_settings(&mut settings, true);
    let SettingsError(problems) = settings.finish().unwrap_err();
    assert_eq!(problems.len(), 4, "{problems:?}");
}
