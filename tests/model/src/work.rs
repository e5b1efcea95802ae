//! What can be done in the model's world: a message is delivered, a webhook arrives, somebody acts.

use event_store::Key;
use events::{Envelope, Service};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;
use tests::simulation::is_subscribed;

/// A queue or a stream's reader, each named as its consumer. `copy-prices`, `project-orders` and `notify-customer` change
/// nothing that another step reads, and `publish-events` decides nothing: what it may do, late and twice, the network does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Queue {
    TrackOrder,
    TakePayment,
    AllocateStock,
    ShipOrder,
    ApplyStripeEvent,
    ApplyCarrierEvent,
}

impl Queue {
    const ALL: [Self; 6] = [
        Self::TrackOrder,
        Self::TakePayment,
        Self::AllocateStock,
        Self::ShipOrder,
        Self::ApplyStripeEvent,
        Self::ApplyCarrierEvent,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::TrackOrder => "track-order",
            Self::TakePayment => "take-payment",
            Self::AllocateStock => "allocate-stock",
            Self::ShipOrder => "ship-order",
            Self::ApplyStripeEvent => "apply-stripe-event",
            Self::ApplyCarrierEvent => "apply-carrier-event",
        }
    }

    /// Whose table its consumer works on.
    pub(crate) fn service(self) -> Service {
        match self {
            Self::TrackOrder => Service::Orders,
            Self::TakePayment | Self::ApplyStripeEvent => Service::Payments,
            Self::AllocateStock => Service::Inventory,
            Self::ShipOrder | Self::ApplyCarrierEvent => Service::Shipping,
        }
    }

    /// Where an event goes.
    pub(crate) fn of(envelope: &Envelope) -> impl Iterator<Item = Self> + '_ {
        Self::ALL.into_iter().filter(|queue| match queue {
            Self::TrackOrder | Self::TakePayment | Self::AllocateStock | Self::ShipOrder => {
                is_subscribed(queue.name(), envelope)
            }
            Self::ApplyStripeEvent => envelope.event_type == "PaymentRequested",
            Self::ApplyCarrierEvent => matches!(envelope.event_type.as_str(), "LabelPurchased" | "Shipped"),
        })
    }
}

/// An event in a queue.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub(crate) queue: Queue,
    pub(crate) envelope: Arc<Envelope>,
}

/// A webhook that was sent.
#[derive(Debug, Clone)]
pub(crate) struct Hook {
    /// Whose inbox it goes to.
    pub(crate) to: Service,
    pub(crate) body: Value,
}

impl Hook {
    /// What it tells, as the sender names it.
    pub(crate) fn kind(&self) -> &str {
        self.body["type"].as_str().or(self.body["result"]["status"].as_str()).unwrap_or_default()
    }

    /// The sender's id of it.
    pub(crate) fn event_id(&self) -> &str {
        self.body["id"].as_str().unwrap_or_default()
    }

    /// Where it stands once it was kept.
    pub(crate) fn inbox(&self) -> Key {
        let source = if self.to == Service::Shipping { "easypost" } else { "stripe" };
        webhooks::inbox::key(source, self.event_id())
    }

    /// Whether the pipeline promises to end without it. What a provider tells of its own accord (a dispute, a refund in
    /// its dashboard) nobody can ask about, and the providers promise to tell it in the end.
    pub(crate) fn may_be_lost(&self) -> bool {
        self.kind().starts_with("payment_intent.")
    }
}

/// What somebody outside does, about the n-th order.
///
/// Of time only two moments are known: before `pay_by`, and after it ([`Act::PayByPasses`]). The deadlines of the sweep
/// are the third ([`Act::LongAfter`]), which comes only once nothing moves any more: by then every one of them is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Act {
    /// The customer cancels.
    Cancel(u8),
    /// `pay_by` is over.
    PayByPasses,
    /// `sweep-orders` runs after `pay_by`.
    Sweep,
    /// `sweep-orders` runs when every deadline is over.
    LongAfter,
    /// The customer does the bank's further step.
    Authenticate(u8),
    /// The customer fails it.
    FailAuthentication(u8),
    /// The intent succeeds without a call of ours.
    PayElsewhere(u8),
    /// Somebody cancels the intent in the dashboard.
    CancelElsewhere(u8),
    /// Somebody refunds a part in the dashboard.
    RefundElsewhere(u8),
    /// The bank disputes what was captured.
    Dispute(u8),
    /// The bank decides a dispute for the shop.
    WinDispute(u8),
    /// The bank decides a dispute against the shop.
    LoseDispute(u8),
    /// From now on refunds are pending at first.
    HoldRefunds,
    /// The newest refund succeeds.
    RefundSucceeds(u8),
    /// The newest refund fails, also one that had succeeded.
    RefundFails(u8),
    /// The newest refund that was refused is made nevertheless, by a call that was thought dead.
    RefusedTurnsUp(u8),
    /// The shop gives a part back.
    Goodwill(u8),
    /// An operator resumes the refunds that failed.
    RetryRefund(u8),
    /// The warehouse hands the parcel over.
    Dispatch(u8),
    /// The warehouse cannot ship it.
    CannotShip(u8),
    /// The warehouse knows that it arrived.
    Deliver(u8),
    /// The warehouse has it back, and it can be sold again.
    Return(u8),
    /// The carrier scans the parcel for the first time.
    Scan(u8),
    /// The carrier delivers it.
    ScanDelivered(u8),
}

impl Act {
    /// Whose cell it changes.
    pub(crate) fn service(self) -> Service {
        match self {
            Self::Cancel(_) | Self::PayByPasses | Self::Sweep | Self::LongAfter => Service::Orders,
            Self::Authenticate(_)
            | Self::FailAuthentication(_)
            | Self::PayElsewhere(_)
            | Self::CancelElsewhere(_)
            | Self::RefundElsewhere(_)
            | Self::Dispute(_)
            | Self::WinDispute(_)
            | Self::LoseDispute(_)
            | Self::HoldRefunds
            | Self::RefundSucceeds(_)
            | Self::RefundFails(_)
            | Self::RefusedTurnsUp(_)
            | Self::Goodwill(_)
            | Self::RetryRefund(_) => Service::Payments,
            Self::Dispatch(_)
            | Self::CannotShip(_)
            | Self::Deliver(_)
            | Self::Return(_)
            | Self::Scan(_)
            | Self::ScanDelivered(_) => Service::Shipping,
        }
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancel(n) => write!(f, "the customer cancels order {n}"),
            Self::PayByPasses => write!(f, "pay_by passes"),
            Self::Sweep => write!(f, "sweep-orders runs"),
            Self::LongAfter => write!(f, "long after, sweep-orders runs"),
            Self::Authenticate(n) => write!(f, "the customer of order {n} does the bank's further step"),
            Self::FailAuthentication(n) => {
                write!(f, "the customer of order {n} fails the bank's further step")
            }
            Self::PayElsewhere(n) => write!(f, "the intent of order {n} is paid elsewhere"),
            Self::CancelElsewhere(n) => write!(f, "the intent of order {n} is cancelled in the dashboard"),
            Self::RefundElsewhere(n) => write!(f, "a part of order {n} is refunded in the dashboard"),
            Self::Dispute(n) => write!(f, "the bank disputes the payment of order {n}"),
            Self::WinDispute(n) => write!(f, "the dispute about order {n} is won"),
            Self::LoseDispute(n) => write!(f, "the dispute about order {n} is lost"),
            Self::HoldRefunds => write!(f, "refunds are pending from now on"),
            Self::RefundSucceeds(n) => write!(f, "the newest refund of order {n} succeeds"),
            Self::RefundFails(n) => write!(f, "the newest refund of order {n} fails"),
            Self::RefusedTurnsUp(n) => {
                write!(f, "a refund of order {n} that was refused is made nevertheless")
            }
            Self::Goodwill(n) => write!(f, "the shop gives a part of order {n} back"),
            Self::RetryRefund(n) => write!(f, "an operator resumes the failed refunds of order {n}"),
            Self::Dispatch(n) => write!(f, "the warehouse dispatches order {n}"),
            Self::CannotShip(n) => write!(f, "the warehouse cannot ship order {n}"),
            Self::Deliver(n) => write!(f, "the warehouse knows that order {n} arrived"),
            Self::Return(n) => write!(f, "the warehouse has order {n} back"),
            Self::Scan(n) => write!(f, "the carrier scans the parcel of order {n}"),
            Self::ScanDelivered(n) => write!(f, "the carrier delivers the parcel of order {n}"),
        }
    }
}
