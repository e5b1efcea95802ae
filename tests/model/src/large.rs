//! The scenarios that are too large for every run of the tests: `make model-deep` gives each its time, and says of each
//! whether it was explored whole.

use crate::scenario::{Budget, Scenario, Tracks, Webhooks};
use crate::scenarios::{CALM, CRASH, PLAIN, SLEEP, THREE_D_SECURE, VISA};
use crate::work::Act;
use events::Provider;

const EVERYTHING: Budget = Budget { crashes: 1, faults: 1, sleeps: 1, repeats: 1, losses: 1 };

/// Those that take longer.
pub static LARGE: &[Scenario] = &[
    Scenario {
        name: "one order, and everything goes wrong once",
        carrier: Provider::Easypost,
        webhooks: Webhooks::All,
        budget: EVERYTHING,
        ..PLAIN
    },
    Scenario {
        name: "a cancellation, and everything goes wrong once",
        carrier: Provider::Easypost,
        acts: &[Act::Cancel(0)],
        webhooks: Webhooks::All,
        budget: EVERYTHING,
        ends: &["shipped", "cancelled"],
        ..PLAIN
    },
    Scenario {
        name: "a cancellation beside the expiry, heard of some time",
        orders: &[THREE_D_SECURE],
        acts: &[Act::Cancel(0), Act::PayByPasses, Act::Sweep, Act::Authenticate(0)],
        webhooks: Webhooks::All,
        tracks: Tracks::SomeTime,
        ends: &["shipped", "cancelled", "expired"],
        ..PLAIN
    },
    Scenario {
        name: "two orders want the last one, with a crash and a zombie",
        orders: &[VISA, VISA],
        acts: &[Act::Cancel(0)],
        webhooks: Webhooks::None,
        budget: Budget { crashes: 1, sleeps: 1, ..CALM },
        ends: &["shipped", "out_of_stock", "cancelled"],
        ..PLAIN
    },
    Scenario {
        name: "the carrier, the warehouse and the customer disagree",
        carrier: Provider::Easypost,
        acts: &[Act::Cancel(0), Act::CannotShip(0), Act::Dispatch(0), Act::Scan(0)],
        budget: SLEEP,
        ends: &[
            "shipped",
            "cancelled",
            "cancelled+scanned_after_cancel",
            "shipping_failed",
            "shipping_failed+scanned_after_cancel",
        ],
        ..PLAIN
    },
    Scenario {
        name: "goodwill, a return, the dashboard and a crash",
        acts: &[Act::Goodwill(0), Act::Return(0), Act::RefundElsewhere(0)],
        budget: CRASH,
        ends: &["shipped", "returned"],
        ..PLAIN
    },
    Scenario {
        name: "a dispute beside a refund, with a zombie",
        acts: &[Act::Dispute(0), Act::WinDispute(0), Act::LoseDispute(0), Act::Cancel(0)],
        budget: SLEEP,
        // A dispute that is won while the last attempt of a refund is under way frees nothing that could be asked for; that
        // attempt then fails, and a person resumes it.
        ends: &["shipped", "cancelled", "cancelling+refund_failed+stuck"],
        ..PLAIN
    },
];
