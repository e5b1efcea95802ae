//! A state of the model: small numbers alone, so that many fit.

use crate::library::{CellId, HookId, LetterId, SleeperId, Work};
use crate::scenario::Budget;
use crate::wire::Trouble;
use events::Service;

/// The services that have a cell.
pub(crate) const SERVICES: [Service; 4] =
    [Service::Orders, Service::Payments, Service::Inventory, Service::Shipping];

/// The world at one moment. The network is a bag: whatever is in it may come next, or never as long as others come.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// The services, in the order of [`SERVICES`].
    pub(crate) cells: [CellId; 4],
    /// Letters that are under way, sorted, each with the number of its next delivery.
    pub(crate) letters: Vec<(LetterId, u8)>,
    /// Webhooks that are under way, sorted.
    pub(crate) hooks: Vec<HookId>,
    /// Steps that stopped in the middle, sorted.
    pub(crate) sleepers: Vec<Sleeping>,
    /// Which of the scenario's acts are still to come, a bit for each.
    pub(crate) acts: u32,
    /// What may still go wrong.
    pub(crate) budget: Budget,
    /// Whether `pay_by` is over.
    pub(crate) is_late: bool,
    /// Letters and webhooks that were set aside, for ever.
    pub(crate) refused: Vec<Work>,
}

/// A step that stopped in the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Sleeping {
    pub(crate) id: SleeperId,
    /// Its work was given to another: whatever it comes to is not heard.
    pub(crate) is_zombie: bool,
}

/// What happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A piece of work is done.
    Run(Work, How),
    /// A sleeper's work is given to another.
    GiveUp(SleeperId),
    /// A webhook is lost.
    Lose(HookId),
}

/// How a piece of work goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// To its end.
    Through,
    /// To its end, and a copy is still under way.
    Again,
    /// Its process is gone at this call.
    Crash(Trouble),
    /// It goes on after this trouble with a call.
    Fault(Trouble),
    /// It falls asleep at this call.
    Sleep(Trouble),
}

impl How {
    pub(crate) fn trouble(self) -> Option<Trouble> {
        match self {
            Self::Through | Self::Again => None,
            Self::Crash(trouble) | Self::Fault(trouble) | Self::Sleep(trouble) => Some(trouble),
        }
    }
}

impl State {
    pub(crate) fn place(service: Service) -> usize {
        SERVICES.iter().position(|there| *there == service).unwrap_or_default()
    }

    pub(crate) fn cell(&self, service: Service) -> CellId {
        self.cells[Self::place(service)]
    }

    pub(crate) fn post(&mut self, letter: LetterId, deliveries: u8) {
        insert(&mut self.letters, (letter, deliveries));
    }

    pub(crate) fn send(&mut self, hook: HookId) {
        insert(&mut self.hooks, hook);
    }

    pub(crate) fn lay_down(&mut self, sleeping: Sleeping) {
        insert(&mut self.sleepers, sleeping);
    }

    pub(crate) fn set_aside(&mut self, work: Work) {
        if !self.refused.contains(&work) {
            insert(&mut self.refused, work);
        }
    }

    /// Takes a piece of work off the network, or off what is to come.
    pub(crate) fn take(&mut self, work: Work, act: impl Fn(crate::work::Act) -> u32) {
        match work {
            Work::Letter(letter, deliveries) => remove(&mut self.letters, &(letter, deliveries)),
            Work::Hook(hook) => remove(&mut self.hooks, &hook),
            Work::Act(it) => self.acts &= !act(it),
            Work::Sleeper(id) => self.sleepers.retain(|sleeping| sleeping.id != id),
        }
    }
}

fn insert<T: Ord>(sorted: &mut Vec<T>, one: T) {
    let place = sorted.partition_point(|there| *there < one);
    sorted.insert(place, one);
}

pub(crate) fn remove<T: PartialEq>(sorted: &mut Vec<T>, one: &T) {
    if let Some(place) = sorted.iter().position(|there| there == one) {
        sorted.remove(place);
    }
}
