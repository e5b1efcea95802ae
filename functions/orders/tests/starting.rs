//! `place-order` does not start without its limit on orders.

#![expect(clippy::panic, reason = "a test may be blunt outside of its test functions too")]

use std::process::Command;

/// What the function writes when it starts with these settings; without the platform it always ends at once.
fn start(settings: &[(&str, &str)]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_place-order"))
        .env_clear()
        .envs(settings.iter().copied())
        .output()
        .unwrap_or_else(|error| panic!("place-order does not run: {error}"));
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn place_order_does_not_start_without_orders_per_hour() {
    let settings = [
        ("AWS_REGION", "eu-central-1"),
        ("TABLE_NAME", "orders"),
        ("LIMITS_TABLE_NAME", "limits"),
        ("ORDERS_PER_HOUR", "20"),
    ];
    let without = start(&settings[..3]);
    assert!(without.contains("ORDERS_PER_HOUR is missing"), "{without}");
    let with = start(&settings);
    assert!(!with.contains("ORDERS_PER_HOUR"), "{with}");
}
