//! The work in the model's world: messages, webhooks and acts.

use event_store::Key;
use events::{Envelope, Service};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;
use steps::subscriptions::{is_event_read, is_subscribed};

/// A queue or a stream's reader, each named as its function. `copy-prices`, `project-orders` and `notify-customer` change
/// nothing that another step reads. `publish-events` decides nothing: the network covers late and duplicate publications.
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

    /// The service whose table its consumer works on.
    pub(crate) fn service(self) -> Service {
        match self {
            Self::TrackOrder => Service::Orders,
            Self::TakePayment | Self::ApplyStripeEvent => Service::Payments,
            Self::AllocateStock => Service::Inventory,
            Self::ShipOrder | Self::ApplyCarrierEvent => Service::Shipping,
        }
    }

    /// The queues and readers that receive an event.
    pub(crate) fn of(envelope: &Envelope) -> impl Iterator<Item = Self> + '_ {
        Self::ALL.into_iter().filter(|queue| match queue {
            Self::TrackOrder | Self::TakePayment | Self::AllocateStock | Self::ShipOrder => {
                is_subscribed(queue.name(), envelope)
            }
            Self::ApplyStripeEvent | Self::ApplyCarrierEvent => is_event_read(queue.name(), envelope),
        })
    }
}

/// An event in a queue.
#[derive(Debug, Clone)]
pub(crate) struct QueuedEvent {
    pub(crate) queue: Queue,
    pub(crate) envelope: Arc<Envelope>,
}

/// A webhook that was sent.
#[derive(Debug, Clone)]
pub(crate) struct Webhook {
    /// The service whose inbox it goes to.
    pub(crate) to: Service,
    pub(crate) body: Value,
}

impl Webhook {
    /// Its type, in the sender's words.
    pub(crate) fn kind(&self) -> &str {
        self.body["type"].as_str().or(self.body["result"]["status"].as_str()).unwrap_or_default()
    }

    /// The sender's id of the event.
    pub(crate) fn event_id(&self) -> &str {
        self.body["id"].as_str().unwrap_or_default()
    }

    /// Its key in the inbox.
    pub(crate) fn inbox(&self) -> Key {
        let source = if self.to == Service::Shipping { "easypost" } else { "stripe" };
        webhooks::inbox::key(source, self.event_id())
    }

    /// Whether every order has to end without it. Payments can poll the state of an intent, but not a dispute or a refund in
    /// the dashboard: the providers promise to deliver those webhooks in the end.
    pub(crate) fn may_be_lost(&self) -> bool {
        self.kind().starts_with("payment_intent.")
    }
}

/// What an actor does about the n-th order.
///
/// Time has only three moments: before `pay_by`, after it ([`Act::PayByPasses`]), and after every deadline of the sweep
/// ([`Act::LongAfter`]), which comes only once nothing else can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Act {
    /// The customer cancels.
    Cancel(u8),
    /// `pay_by` passes.
    PayByPasses,
    /// `sweep-orders` runs after `pay_by`.
    Sweep,
    /// `sweep-orders` runs after every deadline.
    LongAfter,
    /// The customer completes 3-D Secure.
    Authenticate(u8),
    /// The customer fails 3-D Secure.
    FailAuthentication(u8),
    /// The intent is paid in the dashboard, without a call of a function.
    PayInDashboard(u8),
    /// A dashboard user cancels the intent.
    CancelInDashboard(u8),
    /// A dashboard user refunds a part.
    RefundInDashboard(u8),
    /// All that is left of the captured money is refunded in the dashboard.
    RefundAllInDashboard(u8),
    /// The bank disputes what was captured.
    Dispute(u8),
    /// The bank inquires about what was captured, and holds nothing.
    Inquire(u8),
    /// The inquiry becomes a dispute.
    Escalate(u8),
    /// The inquiry ends without a dispute.
    EndInquiry(u8),
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
    /// The newest refused refund succeeds after all, through a delayed call.
    RefusedSucceeds(u8),
    /// An operator requests a goodwill refund.
    Goodwill(u8),
    /// An operator retries the failed refunds.
    RetryRefund(u8),
    /// The warehouse dispatches the parcel.
    Dispatch(u8),
    /// The warehouse cannot ship it.
    CannotShip(u8),
    /// The warehouse reports the delivery.
    Deliver(u8),
    /// The warehouse receives the return and restocks it.
    Return(u8),
    /// The carrier scans the parcel for the first time.
    Scan(u8),
    /// The carrier delivers it.
    ScanDelivered(u8),
}

impl Act {
    /// The service whose cell it changes.
    pub(crate) fn service(self) -> Service {
        match self {
            Self::Cancel(_) | Self::PayByPasses | Self::Sweep | Self::LongAfter => Service::Orders,
            Self::Authenticate(_)
            | Self::FailAuthentication(_)
            | Self::PayInDashboard(_)
            | Self::CancelInDashboard(_)
            | Self::RefundInDashboard(_)
            | Self::RefundAllInDashboard(_)
            | Self::Dispute(_)
            | Self::Inquire(_)
            | Self::Escalate(_)
            | Self::EndInquiry(_)
            | Self::WinDispute(_)
            | Self::LoseDispute(_)
            | Self::HoldRefunds
            | Self::RefundSucceeds(_)
            | Self::RefundFails(_)
            | Self::RefusedSucceeds(_)
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
            Self::Authenticate(n) => write!(f, "the customer of order {n} completes 3-D Secure"),
            Self::FailAuthentication(n) => {
                write!(f, "the customer of order {n} fails 3-D Secure")
            }
            Self::PayInDashboard(n) => write!(f, "the intent of order {n} is paid in the dashboard"),
            Self::CancelInDashboard(n) => write!(f, "the intent of order {n} is cancelled in the dashboard"),
            Self::RefundInDashboard(n) => write!(f, "a part of order {n} is refunded in the dashboard"),
            Self::RefundAllInDashboard(n) => write!(f, "all of order {n} is refunded in the dashboard"),
            Self::Dispute(n) => write!(f, "the bank disputes the payment of order {n}"),
            Self::Inquire(n) => write!(f, "the bank inquires about the payment of order {n}"),
            Self::Escalate(n) => write!(f, "the inquiry about order {n} becomes a dispute"),
            Self::EndInquiry(n) => write!(f, "the inquiry about order {n} ends"),
            Self::WinDispute(n) => write!(f, "the dispute about order {n} is won"),
            Self::LoseDispute(n) => write!(f, "the dispute about order {n} is lost"),
            Self::HoldRefunds => write!(f, "refunds are pending from now on"),
            Self::RefundSucceeds(n) => write!(f, "the newest refund of order {n} succeeds"),
            Self::RefundFails(n) => write!(f, "the newest refund of order {n} fails"),
            Self::RefusedSucceeds(n) => {
                write!(f, "a refused refund of order {n} succeeds after all")
            }
            Self::Goodwill(n) => write!(f, "an operator requests a goodwill refund of order {n}"),
            Self::RetryRefund(n) => write!(f, "an operator retries the failed refunds of order {n}"),
            Self::Dispatch(n) => write!(f, "the warehouse dispatches order {n}"),
            Self::CannotShip(n) => write!(f, "the warehouse cannot ship order {n}"),
            Self::Deliver(n) => write!(f, "the warehouse reports the delivery of order {n}"),
            Self::Return(n) => write!(f, "the warehouse receives the return of order {n}"),
            Self::Scan(n) => write!(f, "the carrier scans the parcel of order {n}"),
            Self::ScanDelivered(n) => write!(f, "the carrier delivers the parcel of order {n}"),
        }
    }
}
