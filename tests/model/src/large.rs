//! The scenarios that are too large for every test run. `make model-deep` explores each for a limited time, and reports
//! whether it was explored completely.

use crate::scenario::{Budget, Scenario, Tracking, Webhooks};
use crate::scenarios::{CRASH, FREEZE, NO_FAULTS, PLAIN, THREE_D_SECURE, VISA};
use crate::work::Act;
use events::Provider;

const EVERY_FAULT: Budget = Budget { crashes: 1, faults: 1, freezes: 1, duplicates: 1, losses: 1 };

/// The larger scenarios.
pub static LARGE: &[Scenario] = &[
    Scenario {
        name: "one order, and every fault once",
        carrier: Provider::Easypost,
        webhooks: Webhooks::All,
        budget: EVERY_FAULT,
        ..PLAIN
    },
    Scenario {
        name: "a cancellation, and every fault once",
        carrier: Provider::Easypost,
        acts: &[Act::Cancel(0)],
        webhooks: Webhooks::All,
        budget: EVERY_FAULT,
        ends: &["shipped", "cancelled"],
        ..PLAIN
    },
    Scenario {
        name: "a cancellation beside the expiry, with delayed tracking",
        orders: &[THREE_D_SECURE],
        acts: &[Act::Cancel(0), Act::PayByPasses, Act::Sweep, Act::Authenticate(0)],
        webhooks: Webhooks::All,
        tracking: Tracking::Delayed,
        ends: &["shipped", "cancelled", "expired"],
        ..PLAIN
    },
    Scenario {
        name: "two orders want the last one, with a crash and a zombie",
        orders: &[VISA, VISA],
        acts: &[Act::Cancel(0)],
        webhooks: Webhooks::None,
        budget: Budget { crashes: 1, freezes: 1, ..NO_FAULTS },
        ends: &["shipped", "out_of_stock", "cancelled"],
        ..PLAIN
    },
    Scenario {
        name: "the carrier, the warehouse and the customer disagree",
        carrier: Provider::Easypost,
        acts: &[Act::Cancel(0), Act::CannotShip(0), Act::Dispatch(0), Act::Scan(0)],
        budget: FREEZE,
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
        acts: &[Act::Goodwill(0), Act::Return(0), Act::RefundInDashboard(0)],
        budget: CRASH,
        ends: &["shipped", "returned"],
        ..PLAIN
    },
    Scenario {
        name: "a dispute beside a refund, with a zombie",
        acts: &[Act::Dispute(0), Act::WinDispute(0), Act::LoseDispute(0), Act::Cancel(0)],
        budget: FREEZE,
        // If a dispute is won while the last attempt of a refund is under way, no further refund is requested. If that
        // attempt then fails, an operator has to retry it.
        ends: &["shipped", "cancelled", "cancelling+refund_failed+stuck"],
        ..PLAIN
    },
    Scenario {
        name: "an inquiry that ends or is lost as a dispute",
        acts: &[Act::Inquire(0), Act::Escalate(0), Act::EndInquiry(0), Act::LoseDispute(0), Act::Cancel(0)],
        ends: &["shipped", "cancelled"],
        ..PLAIN
    },
];
