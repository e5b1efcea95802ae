//! Which texts the setting `SMS_COUNTRIES` accepts.

use super::*;

#[test]
fn only_a_list_of_country_codes_is_accepted() {
    let countries: Countries = "CH, DE,".parse().unwrap();
    assert!(countries.contain("CH") && countries.contain("DE") && !countries.contain("FR"));
    assert_eq!(" ".parse(), Ok(Countries::default()));
    for invalid in ["ch", "CHE", "CH;DE", "C1"] {
        assert_eq!(invalid.parse::<Countries>(), Err(InvalidCountries), "{invalid}");
    }
}
