//! The scenarios: a few orders each, the acts that may happen at any moment, and the faults that may happen meanwhile.

use crate::scenario::{Budget, ProviderMode, Scenario, Tracking, Webhooks};
use crate::work::Act;
use events::Provider;

pub(crate) const VISA: &str = "pm_card_visa";
pub(crate) const DECLINED: &str = "pm_card_chargeCustomerFail";
pub(crate) const THREE_D_SECURE: &str = "pm_card_threeDSecure";
pub(crate) const NO_FAULTS: Budget = Budget { crashes: 0, faults: 0, freezes: 0, duplicates: 0, losses: 0 };
pub(crate) const CRASH: Budget = Budget { crashes: 1, ..NO_FAULTS };
pub(crate) const FAULT: Budget = Budget { faults: 1, ..NO_FAULTS };
pub(crate) const FREEZE: Budget = Budget { freezes: 1, ..NO_FAULTS };
pub(crate) const DUPLICATE: Budget = Budget { duplicates: 1, ..NO_FAULTS };

/// A scenario without acts and faults: the base of the others.
pub(crate) const PLAIN: Scenario = Scenario {
    name: "",
    orders: &[VISA],
    stock: 1,
    shards: 1,
    carrier: Provider::Warehouse,
    acts: &[],
    in_order: false,
    zombies: true,
    webhooks: Webhooks::NoneOfPayments,
    tracking: Tracking::AtOnce,
    budget: NO_FAULTS,
    counted_deliveries: 2,
    modes: &[],
    ends: &["shipped"],
};

/// The scenarios that every test run and `make model` explore completely.
pub static SMALL: &[Scenario] = &[
    Scenario {
        name: "one order, a crash, a duplicate and a fault",
        webhooks: Webhooks::All,
        budget: Budget { crashes: 1, duplicates: 1, faults: 1, freezes: 0, losses: 1 },
        ..PLAIN
    },
    Scenario {
        name: "one order and a zombie",
        webhooks: Webhooks::All,
        carrier: Provider::Easypost,
        budget: Budget { freezes: 2, ..NO_FAULTS },
        ..PLAIN
    },
    Scenario {
        name: "a declined card, webhooks and a crash",
        orders: &[DECLINED],
        webhooks: Webhooks::All,
        budget: Budget { crashes: 1, duplicates: 1, losses: 1, ..NO_FAULTS },
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
        name: "a payment meets a cancellation, and freezes",
        acts: &[Act::Cancel(0)],
        webhooks: Webhooks::All,
        budget: FREEZE,
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
        budget: Budget { freezes: 1, duplicates: 1, ..NO_FAULTS },
        ends: &["shipped", "cancelled"],
        ..PLAIN
    },
    Scenario {
        name: "a cancellation with delayed tracking",
        acts: &[Act::Cancel(0)],
        tracking: Tracking::Delayed,
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
        budget: Budget { losses: 1, crashes: 1, ..NO_FAULTS },
        ends: &["shipped", "expired"],
        ..PLAIN
    },
    Scenario {
        name: "expiry beside a charge",
        acts: &[Act::PayByPasses, Act::Sweep],
        budget: Budget { freezes: 1, ..NO_FAULTS },
        ends: &["shipped", "expired"],
        ..PLAIN
    },
    Scenario {
        name: "paid in time, without a webhook before the expiry",
        orders: &[THREE_D_SECURE],
        acts: &[Act::Authenticate(0), Act::PayByPasses, Act::Sweep],
        in_order: true,
        budget: CRASH,
        ..PLAIN
    },
    Scenario {
        name: "3-D Secure failed or abandoned",
        orders: &[THREE_D_SECURE],
        acts: &[Act::FailAuthentication(0), Act::PayByPasses, Act::Sweep, Act::PayInDashboard(0)],
        webhooks: Webhooks::All,
        ends: &["payment_failed", "expired", "shipped"],
        ..PLAIN
    },
    Scenario {
        name: "paid or cancelled in the dashboard",
        acts: &[Act::PayInDashboard(0), Act::CancelInDashboard(0), Act::Cancel(0)],
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
        name: "two orders and two shards with a piece each, one is cancelled",
        orders: &[VISA, VISA],
        stock: 2,
        shards: 2,
        acts: &[Act::Cancel(0)],
        webhooks: Webhooks::None,
        ends: &["shipped", "cancelled"],
        ..PLAIN
    },
    Scenario {
        name: "two orders want the last one of two shards, one is cancelled",
        orders: &[VISA, VISA],
        shards: 2,
        acts: &[Act::Cancel(0)],
        webhooks: Webhooks::None,
        ends: &["shipped", "out_of_stock", "cancelled"],
        ..PLAIN
    },
    Scenario {
        name: "a label bought beside a cancellation",
        carrier: Provider::Easypost,
        acts: &[Act::Cancel(0)],
        budget: FREEZE,
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
        modes: &[ProviderMode::KeepsLabels],
        budget: CRASH,
        ends: &["shipped", "cancelled", "cancelling+void_failed+stuck"],
        ..PLAIN
    },
    Scenario {
        name: "the carrier offers no rate",
        carrier: Provider::Easypost,
        acts: &[Act::Cancel(0)],
        modes: &[ProviderMode::OffersNoRate],
        counted_deliveries: 6,
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
        budget: Budget { duplicates: 1, freezes: 1, ..NO_FAULTS },
        ends: &["shipped", "delivered", "returned"],
        ..PLAIN
    },
    Scenario {
        name: "a delivery scan before the code is known",
        acts: &[Act::ScanDelivered(0)],
        in_order: true,
        budget: Budget { freezes: 1, crashes: 1, ..NO_FAULTS },
        ends: &["delivered"],
        ..PLAIN
    },
    Scenario {
        name: "a delivery scan before the label is recorded",
        carrier: Provider::Easypost,
        acts: &[Act::ScanDelivered(0)],
        in_order: true,
        budget: FREEZE,
        ends: &["delivered"],
        ..PLAIN
    },
    Scenario {
        name: "a payment webhook before the payment is requested",
        acts: &[Act::PayInDashboard(0)],
        webhooks: Webhooks::All,
        zombies: false,
        budget: FREEZE,
        ..PLAIN
    },
    Scenario {
        name: "tracked events, duplicated and reordered",
        tracking: Tracking::Delayed,
        budget: DUPLICATE,
        ..PLAIN
    },
    Scenario {
        name: "a refund that fails",
        stock: 0,
        acts: &[Act::RetryRefund(0)],
        modes: &[ProviderMode::RefusesRefunds(3)],
        budget: CRASH,
        ends: &["out_of_stock", "out_of_stock+refund_failed+stuck"],
        ..PLAIN
    },
    Scenario {
        name: "a refund that is pending, and fails late",
        stock: 0,
        acts: &[Act::RefundSucceeds(0), Act::RefundFails(0)],
        modes: &[ProviderMode::HoldsRefunds],
        budget: DUPLICATE,
        ends: &["out_of_stock"],
        ..PLAIN
    },
    Scenario {
        name: "a dispatch meets a full refund in the dashboard",
        acts: &[Act::RefundAllInDashboard(0), Act::Dispatch(0)],
        // A held shipment that is not released is reported once more when its deadline passes.
        ends: &["shipped", "allocated+refunded_unshipped+stuck", "shipped+refunded_unshipped"],
        ..PLAIN
    },
    Scenario {
        name: "a refund and its zombie",
        stock: 0,
        acts: &[Act::RefundInDashboard(0)],
        webhooks: Webhooks::None,
        budget: Budget { freezes: 2, ..NO_FAULTS },
        ends: &["out_of_stock"],
        ..PLAIN
    },
    Scenario {
        name: "a refund with faults",
        stock: 0,
        webhooks: Webhooks::NoneOfPayments,
        budget: Budget { faults: 2, ..NO_FAULTS },
        ends: &["out_of_stock"],
        ..PLAIN
    },
    Scenario { name: "goodwill and its zombie", acts: &[Act::Goodwill(0)], budget: FREEZE, ..PLAIN },
    Scenario {
        name: "goodwill that is refused and succeeds later",
        acts: &[Act::Goodwill(0), Act::RefusedSucceeds(0)],
        budget: CRASH,
        modes: &[ProviderMode::RefusesRefunds(1)],
        ..PLAIN
    },
    Scenario {
        name: "goodwill beside a return",
        acts: &[Act::Goodwill(0), Act::Return(0), Act::RefundInDashboard(0)],
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
    Scenario {
        name: "an inquiry beside a cancellation",
        acts: &[Act::Inquire(0), Act::Escalate(0), Act::Cancel(0)],
        ends: &["shipped", "cancelled"],
        ..PLAIN
    },
];
