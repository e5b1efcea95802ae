//! Which texts the setting `SMS_COUNTRIES` accepts.

use super::*;

#[test]
fn only_a_list_of_country_codes_is_accepted() {
    let countries: Countries = "CH, DE,".parse().unwrap();
    assert!(countries.allow("+41790000000") && countries.allow("+4915100000"));
    assert!(!countries.allow("+33600000000"));
    assert_eq!(" ".parse(), Ok(Countries::default()));
    for invalid in ["ch", "CHE", "CH;DE", "C1"] {
        assert_eq!(invalid.parse::<Countries>(), Err(InvalidCountries), "{invalid}");
    }
}

#[test]
fn a_shared_prefix_is_allowed_only_with_all_its_countries() {
    let allow = |countries: &str, number: &str| countries.parse::<Countries>().unwrap().allow(number);
    let america = "US,CA,AG,AI,AS,BB,BM,BS,DM,DO,GD,GU,JM,KN,KY,LC,MP,MS,PR,SX,TC,TT,VC,VG,VI";
    assert!(
        !allow("US", "+12025550100") && !allow("US,CA", "+12425550100") && allow(america, "+12025550100")
    );
    assert!(!allow("RU", "+79000000000") && allow("RU,KZ", "+79000000000"));
    assert!(!allow("GB", "+447911123456") && allow("GB,GG,IM,JE", "+447911123456"));
    assert!(!allow("", "+41790000000"));
    assert!(!allow("CH", "+881612345678"), "a satellite is in no country");
}
