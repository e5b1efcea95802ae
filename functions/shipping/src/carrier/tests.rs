//! How carriers are set up.

use super::*;
use std::sync::Mutex;
use testkit::{FakeEasyPost, FixedSecrets};

#[test]
fn each_carrier_of_the_setting_is_called_through_the_connection_of_its_own_name() {
    let connected = Mutex::new(Vec::new());
    let mut settings = Settings::from_lookup(|_| None);
    let secrets = Arc::new(FixedSecrets::one("key"));
    Carriers::from_settings(&mut settings, Provider::Warehouse, secrets, |name| {
        connected.lock().unwrap().push(name);
        Arc::new(FakeEasyPost::default())
    });
    let mut words = Carriers::PROVIDERS.to_vec();
    words.retain(|(_, provider)| *provider != Provider::Warehouse);
    let words: Vec<&str> = words.into_iter().map(|(word, _)| word).collect();
    assert_eq!(connected.into_inner().unwrap(), words);
}

#[test]
fn the_setting_names_every_provider_as_events_do() {
    for (word, provider) in Carriers::PROVIDERS {
        assert_eq!(serde_json::to_value(provider).unwrap(), word);
    }
}

#[test]
fn the_webhooks_of_every_source_are_read() {
    for source in SOURCES {
        assert_eq!(read_report(source, "of.no.use", b"{}"), Ok(None), "{source}");
    }
}
