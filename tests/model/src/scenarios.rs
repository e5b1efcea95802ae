//! The scenarios: each a few orders, what may be done about them at any moment, and how much may go wrong meanwhile.

use crate::scenario::{Budget, Mood, Scenario, Tracks, Webhooks};
use crate::work::Act;
use events::Provider;

pub(crate) const VISA: &str = "pm_card_visa";
pub(crate) const DECLINED: &str = "pm_card_chargeCustomerFail";
pub(crate) const THREE_D_SECURE: &str = "pm_card_threeDSecure";
pub(crate) const CALM: Budget = Budget { crashes: 0, faults: 0, sleeps: 0, repeats: 0, losses: 0 };
pub(crate) const CRASH: Budget = Budget { crashes: 1, ..CALM };
pub(crate) const FAULT: Budget = Budget { faults: 1, ..CALM };
pub(crate) const SLEEP: Budget = Budget { sleeps: 1, ..CALM };
pub(crate) const REPEAT: Budget = Budget { repeats: 1, ..CALM };

/// A scenario in which nothing goes wrong, for the others to change.
pub(crate) const PLAIN: Scenario = Scenario {
    name: "",
    orders: &[VISA],
    stock: 1,
    carrier: Provider::Warehouse,
    acts: &[],
    in_order: false,
    zombies: true,
    webhooks: Webhooks::NoneOfPayments,
    tracks: Tracks::AtOnce,
    budget: CALM,
    patience: 2,
    moods: &[],
    ends: &["shipped"],
};

/// Those that are explored whole in every run of the tests, and by `make model`.
pub static SMALL: &[Scenario] = &[
    Scenario {
        name: "one order, a crash, a repeat and a fault",
        webhooks: Webhooks::All,
        budget: Budget { crashes: 1, repeats: 1, faults: 1, sleeps: 0, losses: 1 },
        ..PLAIN
    },
    Scenario {
        name: "one order and a zombie",
        webhooks: Webhooks::All,
        carrier: Provider::Easypost,
        budget: Budget { sleeps: 2, ..CALM },
        ..PLAIN
    },
    Scenario {
        name: "a declined card, webhooks and a crash",
        orders: &[DECLINED],
        webhooks: Webhooks::All,
        budget: Budget { crashes: 1, repeats: 1, losses: 1, ..CALM },
        ends: &["payment_failed"],
        ..PLAIN
    },
    Scenario {
        name: "a payment meets a cancellation",
        acts: &[Act::Cancel(0)],
        webhooks: Webhooks::All,
        budget: CRASH,
        ends: &["shipped", "cancelled"],
        ..PLAIN
    },
    Scenario {
        name: "a payment meets a cancellation, and sleeps",
        acts: &[Act::Cancel(0)],
        webhooks: Webhooks::All,
        budget: SLEEP,
        ends: &["shipped", "cancelled"],
        ..PLAIN
    },
    Scenario {
        name: "a payment meets a cancellation, and a fault",
        acts: &[Act::Cancel(0)],
        budget: FAULT,
        ends: &["shipped", "cancelled"],
        ..PLAIN
    },
    Scenario {
        name: "a dispatch meets a cancellation",
        acts: &[Act::Cancel(0), Act::Dispatch(0)],
        budget: Budget { sleeps: 1, repeats: 1, ..CALM },
        ends: &["shipped", "cancelled"],
        ..PLAIN
    },
    Scenario {
        name: "a cancellation, heard of some time",
        acts: &[Act::Cancel(0)],
        tracks: Tracks::SomeTime,
        ends: &["shipped", "cancelled"],
        ..PLAIN
    },
    Scenario {
        name: "out of stock beside a cancellation",
        stock: 0,
        acts: &[Act::Cancel(0)],
        budget: CRASH,
        ends: &["out_of_stock", "cancelled"],
        ..PLAIN
    },
    Scenario {
        name: "expiry beside a late capture",
        orders: &[THREE_D_SECURE],
        acts: &[Act::PayByPasses, Act::Sweep, Act::Authenticate(0)],
        webhooks: Webhooks::All,
        budget: Budget { losses: 1, crashes: 1, ..CALM },
        ends: &["shipped", "expired"],
        ..PLAIN
    },
    Scenario {
        name: "expiry beside a charge",
        acts: &[Act::PayByPasses, Act::Sweep],
        budget: Budget { sleeps: 1, ..CALM },
        ends: &["shipped", "expired"],
        ..PLAIN
    },
    Scenario {
        name: "paid in time, and nobody says so before the expiry",
        orders: &[THREE_D_SECURE],
        acts: &[Act::Authenticate(0), Act::PayByPasses, Act::Sweep],
        in_order: true,
        budget: CRASH,
        ..PLAIN
    },
    Scenario {
        name: "3-D Secure failed, or given up",
        orders: &[THREE_D_SECURE],
        acts: &[Act::FailAuthentication(0), Act::PayByPasses, Act::Sweep, Act::PayElsewhere(0)],
        webhooks: Webhooks::All,
        ends: &["payment_failed", "expired", "shipped"],
        ..PLAIN
    },
    Scenario {
        name: "paid elsewhere, or cancelled there",
        acts: &[Act::PayElsewhere(0), Act::CancelElsewhere(0), Act::Cancel(0)],
        webhooks: Webhooks::All,
        ends: &["shipped", "cancelled", "payment_failed"],
        ..PLAIN
    },
    Scenario {
        name: "two orders want the last one",
        orders: &[VISA, VISA],
        ends: &["shipped", "out_of_stock"],
        ..PLAIN
    },
    Scenario {
        name: "two orders want the last one, one is cancelled",
        orders: &[VISA, VISA],
        acts: &[Act::Cancel(0)],
        webhooks: Webhooks::None,
        ends: &["shipped", "out_of_stock", "cancelled"],
        ..PLAIN
    },
    Scenario {
        name: "a label bought beside a cancellation",
        carrier: Provider::Easypost,
        acts: &[Act::Cancel(0)],
        budget: SLEEP,
        ends: &["shipped", "cancelled"],
        ..PLAIN
    },
    Scenario {
        name: "a label bought beside a cancellation, with a fault",
        carrier: Provider::Easypost,
        acts: &[Act::Cancel(0)],
        budget: FAULT,
        ends: &["shipped", "cancelled"],
        ..PLAIN
    },
    Scenario {
        name: "the carrier keeps the label",
        carrier: Provider::Easypost,
        acts: &[Act::Cancel(0)],
        moods: &[Mood::KeepsLabels],
        budget: CRASH,
        ends: &["shipped", "cancelled", "cancelling+void_failed+stuck"],
        ..PLAIN
    },
    Scenario {
        name: "the carrier offers no rate",
        carrier: Provider::Easypost,
        acts: &[Act::Cancel(0)],
        moods: &[Mood::OffersNoRate],
        patience: 6,
        ends: &["shipping_failed", "cancelled"],
        ..PLAIN
    },
    Scenario {
        name: "the warehouse cannot ship",
        carrier: Provider::Easypost,
        acts: &[Act::CannotShip(0), Act::Cancel(0)],
        budget: CRASH,
        ends: &["shipped", "shipping_failed", "cancelled"],
        ..PLAIN
    },
    Scenario {
        name: "scans beside a cancellation",
        carrier: Provider::Easypost,
        acts: &[Act::Scan(0), Act::ScanDelivered(0), Act::Cancel(0)],
        ends: &["shipped", "delivered", "cancelled", "cancelled+scanned_after_cancel"],
        ..PLAIN
    },
    Scenario {
        name: "a scan that overtakes its dispatch",
        acts: &[Act::Scan(0), Act::Deliver(0), Act::Return(0)],
        budget: Budget { repeats: 1, sleeps: 1, ..CALM },
        ends: &["shipped", "delivered", "returned"],
        ..PLAIN
    },
    Scenario {
        name: "a delivery that is told before the code is known",
        acts: &[Act::ScanDelivered(0)],
        in_order: true,
        budget: Budget { sleeps: 1, crashes: 1, ..CALM },
        ends: &["delivered"],
        ..PLAIN
    },
    Scenario {
        name: "a delivery that is told before the label is noted",
        carrier: Provider::Easypost,
        acts: &[Act::ScanDelivered(0)],
        in_order: true,
        budget: SLEEP,
        ends: &["delivered"],
        ..PLAIN
    },
    Scenario {
        name: "a payment that is told before it was asked for",
        acts: &[Act::PayElsewhere(0)],
        webhooks: Webhooks::All,
        zombies: false,
        budget: SLEEP,
        ..PLAIN
    },
    Scenario {
        name: "what orders hear, twice and in any order",
        tracks: Tracks::SomeTime,
        budget: REPEAT,
        ..PLAIN
    },
    Scenario {
        name: "a refund that fails",
        stock: 0,
        acts: &[Act::RetryRefund(0)],
        moods: &[Mood::RefusesRefunds(3)],
        budget: CRASH,
        ends: &["out_of_stock", "out_of_stock+refund_failed+stuck"],
        ..PLAIN
    },
    Scenario {
        name: "a refund that is pending, and fails late",
        stock: 0,
        acts: &[Act::RefundSucceeds(0), Act::RefundFails(0)],
        moods: &[Mood::HoldsRefunds],
        budget: REPEAT,
        ends: &["out_of_stock"],
        ..PLAIN
    },
    Scenario {
        name: "a refund and its zombie",
        stock: 0,
        acts: &[Act::RefundElsewhere(0)],
        webhooks: Webhooks::None,
        budget: Budget { sleeps: 2, ..CALM },
        ends: &["out_of_stock"],
        ..PLAIN
    },
    Scenario {
        name: "a refund with faults",
        stock: 0,
        webhooks: Webhooks::NoneOfPayments,
        budget: Budget { faults: 2, ..CALM },
        ends: &["out_of_stock"],
        ..PLAIN
    },
    Scenario { name: "goodwill and its zombie", acts: &[Act::Goodwill(0)], budget: SLEEP, ..PLAIN },
    Scenario {
        name: "goodwill that is refused and turns up",
        acts: &[Act::Goodwill(0), Act::RefusedTurnsUp(0)],
        budget: CRASH,
        moods: &[Mood::RefusesRefunds(1)],
        ..PLAIN
    },
    Scenario {
        name: "goodwill beside a return",
        acts: &[Act::Goodwill(0), Act::Return(0), Act::RefundElsewhere(0)],
        ends: &["shipped", "returned"],
        ..PLAIN
    },
    Scenario {
        name: "goodwill beside a cancellation",
        acts: &[Act::Goodwill(0), Act::Cancel(0)],
        budget: CRASH,
        ends: &["shipped", "cancelled"],
        ..PLAIN
    },
    Scenario {
        name: "a dispute beside a refund",
        acts: &[Act::Dispute(0), Act::WinDispute(0), Act::LoseDispute(0), Act::Cancel(0)],
        ends: &["shipped", "cancelled"],
        ..PLAIN
    },
];
