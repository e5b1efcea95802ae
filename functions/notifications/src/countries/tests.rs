//! Unit tests of the `countries` module.

use super::*;

#[test]
fn only_a_list_of_country_codes_is_accepted() {
    let countries: Countries = "CH, DE,".parse().unwrap();
    assert!(countries.contain("CH") && countries.contain("DE") && !countries.contain("FR"));
    assert_eq!(" ".parse(), Ok(Countries::default()));
    for wrong in ["ch", "CHE", "CH;DE", "C1"] {
        assert_eq!(wrong.parse::<Countries>(), Err(InvalidCountries), "{wrong}");
    }
}
