//! How long a message is hidden, how long its function may take, and what its calls may take, fit together
//! (`docs/decisions/a-crash-delays-a-message-by-one-timeout.md`).

use crate::watched::{resource, template};
use crate::{none, root};

/// A crash delays an order by at most this many seconds.
const LONGEST_DELAY: u64 = 45;
/// Seconds that the runner keeps at the end of an invocation, and a call before the end of the work.
const KEPT: u64 = 2;

fn number(lines: &str, name: &str) -> u64 {
    let value = lines.lines().find_map(|line| line.trim().strip_prefix(&format!("{name}: ")));
    let digits = value.and_then(|value| value.split(' ').next());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or_else(|| panic!("no number {name} in:\n{lines}"))
}

/// The functions that read a queue, each with its timeout and its queue's visibility timeout.
fn queue_functions() -> Vec<(String, u64, u64)> {
    let template = template();
    let queues = template.lines().filter_map(|line| line.strip_prefix("  ")?.strip_suffix("Queue:"));
    queues
        .map(|name| {
            let visibility = number(resource(&template, &format!("{name}Queue")), "VisibilityTimeout");
            (name.to_owned(), number(resource(&template, name), "Timeout"), visibility)
        })
        .collect()
}

fn timeout(function: &str) -> u64 {
    let found = queue_functions().into_iter().find(|(name, ..)| name == function);
    found.unwrap_or_else(|| panic!("{function} reads no queue")).1
}

/// The seconds of a constant, `NAME: Duration = Duration::from_secs(4)`.
fn seconds(file: &str, constant: &str) -> u64 {
    let text = std::fs::read_to_string(root().join(file)).expect(file);
    let (_, after) =
        text.split_once(&format!("const {constant}: Duration = Duration::from_secs(")).expect(constant);
    after.split(')').next().and_then(|digits| digits.parse().ok()).expect(constant)
}

#[test]
fn a_message_is_redelivered_soon_after_its_functions_timeout() {
    let functions = queue_functions();
    assert!(functions.len() > 6, "only {} were found", functions.len());
    let offenders: Vec<String> = functions
        .iter()
        .filter(|(_, timeout, visibility)| *visibility < timeout + 5 || *visibility > timeout + 10)
        .map(|(name, timeout, visibility)| format!("{name}: {visibility} s after at most {timeout} s"))
        .collect();
    none("a visibility timeout that is not derived from its function's", &offenders);
}

#[test]
fn a_crash_delays_no_order_for_long() {
    let offenders: Vec<String> = queue_functions()
        .into_iter()
        // Orders do not wait for a shop's own endpoint.
        .filter(|(name, _, visibility)| *visibility > LONGEST_DELAY && name != "DeliverWebhook")
        .map(|(name, _, visibility)| format!("{name}: {visibility} s"))
        .collect();
    none("a crash delays a message for too long", &offenders);
}

#[test]
fn the_longest_chain_of_calls_fits_into_its_function() {
    let stripe = seconds("functions/payments/src/provider/stripe/client.rs", "TIMEOUT");
    let easypost = |constant| seconds("functions/shipping/src/carrier/easypost/client.rs", constant);
    // Find the intent, create or read it, confirm it.
    assert!(3 * stripe + KEPT < timeout("TakePayment"), "three calls of {stripe} s");
    // Find the shipment, rate it again, buy its label.
    let label = easypost("READ_TIMEOUT") + easypost("RATES_TIMEOUT") + easypost("CHANGE_TIMEOUT");
    assert!(label + KEPT < timeout("ShipOrder"), "the calls for a label take {label} s");
    let template = template();
    let callback = number(resource(&template, "CallbackTimeoutSeconds"), "MaxValue");
    assert!(callback + KEPT < timeout("DeliverWebhook"), "an endpoint may take {callback} s");
}
