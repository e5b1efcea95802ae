//! What the tests of this package share: the local stack's environment, as `make env` prints it, and the steps
//! whose making takes more than naming their ports; and the simulation.

pub mod simulation;

use event_store::Memory;
use outbound::{Secrets, Transport};
use resilience::Clock;
use std::sync::Arc;

/// A Stripe client over a transport of the test's.
pub fn stripe(
    transport: Arc<dyn Transport>,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
) -> payments::Stripe {
    let mut settings = runtime::Settings::from_lookup(|name| match name {
        "STRIPE_API_BASE" => Some("http://stripe.example".to_owned()),
        "STRIPE_API_VERSION" => Some("2024-06-20".to_owned()),
        name => Some(name.to_lowercase()),
    });
    payments::Stripe::from_settings(&mut settings, transport, secrets, clock)
}

/// `ship-order` for a shop whose own warehouse dispatches.
pub fn warehouse(
    table: Arc<Memory>,
    clock: Arc<dyn Clock>,
    secrets: Arc<dyn Secrets>,
) -> shipping::ShipOrder {
    let easypost = Arc::new(testkit::FakeEasyPost::default());
    let carriers = carriers(events::Provider::Warehouse, secrets, easypost);
    shipping::ShipOrder { store: table.clone(), documents: table, clock, carriers }
}

/// Carriers over a transport of the test's.
pub fn carriers(
    provider: events::Provider,
    secrets: Arc<dyn Secrets>,
    transport: Arc<dyn Transport>,
) -> shipping::Carriers {
    let mut settings = runtime::Settings::from_lookup(|name| match name {
        "EASYPOST_API_BASE" => Some("http://easypost.example".to_owned()),
        "EASYPOST_API_KEY_SECRET" => Some("easypost".to_owned()),
        "SENDER_COUNTRY" => Some("CH".to_owned()),
        name => name.starts_with("SENDER_").then(|| "1".to_owned()),
    });
    shipping::Carriers::from_settings(&mut settings, provider, secrets, |_| transport.clone())
}

/// A variable of the local stack.
///
/// # Panics
/// Where it is not set: these tests need the stack.
#[expect(clippy::disallowed_methods, reason = "tests are told of the stack by the environment")]
#[expect(clippy::panic, reason = "a test without its stack cannot pass")]
pub fn stack(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: this test needs the local stack; run `make test`, or `make up` and `eval \"$(make -s env)\"`")
    })
}

/// The variables of the local stack whose names end so, with their values: every queue of a kind, also one that is new.
pub fn stack_names(ending: &str) -> Vec<(String, String)> {
    std::env::vars().filter(|(name, _)| name.starts_with("CONVEYOR_") && name.ends_with(ending)).collect()
}
