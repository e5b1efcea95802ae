//! Unit tests of the `terms` module.

use super::*;
use runtime::SettingsError;

#[test]
fn measures_are_rounded_up_to_a_tenth() {
    assert_eq!([0, 1, 254].map(inches), ["0.0", "0.4", "100.0"]);
    assert_eq!([0, 1, 28, 29, 1000].map(ounces), ["0.1", "0.1", "1.0", "1.1", "35.3"]);
}

#[test]
fn only_a_shop_that_ships_with_a_carrier_says_who_sends() {
    let mut settings = Settings::from_lookup(|_| None);
    Terms::from_settings(&mut settings, Provider::Warehouse);
    assert_eq!(settings.finish(), Ok(()));
    let mut settings = Settings::from_lookup(|_| None);
    Terms::from_settings(&mut settings, Provider::Easypost);
    let SettingsError(problems) = settings.finish().unwrap_err();
    assert_eq!(problems.len(), 4, "{problems:?}");
}
