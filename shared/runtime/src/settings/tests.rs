//! Settings are read as they are, and one error names every variable that is missing or not valid.

use super::*;

#[test]
fn one_error_names_every_variable_that_is_missing_or_not_valid() {
    let mut settings = Settings::from_lookup(|name| match name {
        "COUNT" => Some("many".to_owned()),
        "CARRIER" => Some("pigeon".to_owned()),
        "BASE" => Some("ftp://x".to_owned()),
        "EMPTY" => Some(" ".to_owned()),
        _ => None,
    });
    settings.text("TABLE_NAME");
    settings.text("EMPTY");
    settings.parsed("COUNT", 1_u64);
    settings.required::<u64>("COUNT");
    settings.required::<u64>("LIMIT");
    settings.one_of("CARRIER", &[("warehouse", 1), ("easypost", 2)], 1);
    settings.base_url("BASE");
    let SettingsError(problems) = settings.finish().unwrap_err();
    assert_eq!(
        problems,
        [
            "TABLE_NAME is missing",
            "EMPTY is missing",
            "COUNT is not a valid u64",
            "COUNT is not a valid u64",
            "LIMIT is missing",
            "CARRIER is not one of warehouse, easypost",
            "BASE is not an http or https URL"
        ]
    );
}

#[test]
fn valid_settings_are_read_as_they_are() {
    let mut settings = Settings::from_lookup(|name| (name == "BASE").then(|| "http://a/".to_owned()));
    assert_eq!(settings.base_url("BASE"), "http://a");
    assert_eq!(settings.seconds("WAIT", 7), Duration::from_secs(7));
    assert!(settings.finish().is_ok());
}

#[test]
fn a_collector_without_tls_is_on_this_machine() {
    let read = |url: &'static str| {
        let mut settings = Settings::from_lookup(move |_| Some(url.to_owned()));
        let collector = settings.collector("OTLP_ENDPOINT");
        settings.finish().is_ok().then_some(collector).flatten()
    };
    for allowed in
        ["https://c.example:4318", "http://127.0.0.1:4318", "http://localhost/base", "http://[::1]:4318"]
    {
        assert_eq!(read(allowed).as_deref(), Some(allowed));
    }
    assert_eq!(read(""), None, "none is set, which is no problem");
    for refused in
        ["http://c.example", "http://127.0.0.1.example", "http://localhost.example", "c.example:4318"]
    {
        assert_eq!(read(refused), None, "{refused}");
    }
}
