//! A state of the model. It holds small numbers only, so that many states fit in memory.

use crate::memo::{CellId, FrozenId, MessageId, WebhookId, Work};
use crate::recorded_ports::CallFault;
use crate::scenario::Budget;
use crate::work::Act;
use events::Service;

/// The services that have a cell.
pub(crate) const SERVICES: [Service; 4] =
    [Service::Orders, Service::Payments, Service::Inventory, Service::Shipping];

/// The world at one moment. The network is a bag: whatever is in it may arrive next, or be delayed while others arrive.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// The cells, in the order of [`SERVICES`].
    pub(crate) cells: [CellId; 4],
    /// Messages under way, sorted, each with the number of its next delivery.
    pub(crate) messages: Vec<(MessageId, u8)>,
    /// Webhooks under way, sorted.
    pub(crate) webhooks: Vec<WebhookId>,
    /// Steps that stopped in the middle, sorted.
    pub(crate) frozen: Vec<FrozenStep>,
    /// The acts of the scenario that are still to come, one bit each.
    pub(crate) acts: u32,
    /// The faults that may still happen.
    pub(crate) budget: Budget,
    /// Whether `pay_by` has passed.
    pub(crate) is_late: bool,
    /// Messages and webhooks that were rejected.
    pub(crate) rejected: Vec<Work>,
}

/// A step that stopped in the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FrozenStep {
    pub(crate) id: FrozenId,
    /// Its work was given to another process, so its result is ignored.
    pub(crate) is_zombie: bool,
}

/// What happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A piece of work is done.
    Run(Work, How),
    /// A frozen step exceeds its time-out, and its work is given to another process.
    TimeOut(FrozenId),
    /// A webhook is lost.
    Lose(WebhookId),
}

/// How a piece of work goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// To its end.
    Complete,
    /// To its end, and a duplicate is still under way.
    Duplicate,
    /// Its process crashes at this call.
    Crash(CallFault),
    /// It meets this fault at a call, and goes on.
    Fault(CallFault),
    /// It freezes at this call.
    Freeze(CallFault),
}

impl How {
    pub(crate) fn fault(self) -> Option<CallFault> {
        match self {
            Self::Complete | Self::Duplicate => None,
            Self::Crash(fault) | Self::Fault(fault) | Self::Freeze(fault) => Some(fault),
        }
    }
}

impl State {
    pub(crate) fn place(service: Service) -> usize {
        SERVICES.iter().position(|known| *known == service).unwrap_or_default()
    }

    pub(crate) fn cell(&self, service: Service) -> CellId {
        self.cells[Self::place(service)]
    }

    pub(crate) fn send_message(&mut self, message: MessageId, deliveries: u8) {
        insert(&mut self.messages, (message, deliveries));
    }

    pub(crate) fn send_webhook(&mut self, webhook: WebhookId) {
        insert(&mut self.webhooks, webhook);
    }

    pub(crate) fn freeze(&mut self, step: FrozenStep) {
        insert(&mut self.frozen, step);
    }

    pub(crate) fn reject(&mut self, work: Work) {
        if !self.rejected.contains(&work) {
            insert(&mut self.rejected, work);
        }
    }

    /// Removes a piece of work from the network, or from the acts to come.
    pub(crate) fn take(&mut self, work: Work, bit: impl Fn(Act) -> u32) {
        match work {
            Work::Message(message, deliveries) => remove(&mut self.messages, &(message, deliveries)),
            Work::Webhook(webhook) => remove(&mut self.webhooks, &webhook),
            Work::Act(act) => self.acts &= !bit(act),
            Work::Resume(id) => self.frozen.retain(|step| step.id != id),
        }
    }
}

fn insert<T: Ord>(sorted: &mut Vec<T>, one: T) {
    let place = sorted.partition_point(|other| *other < one);
    sorted.insert(place, one);
}

fn remove<T: PartialEq>(sorted: &mut Vec<T>, one: &T) {
    if let Some(place) = sorted.iter().position(|other| other == one) {
        sorted.remove(place);
    }
}
