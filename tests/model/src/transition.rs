//! From one state to the next.
//!
//! The network delivers at least once and in any order: a letter leaves it only when its consumer has come to an end,
//! and comes again, one delivery later, after a crash, a failure, or while its consumer sleeps. `publish-events` is not a
//! step of its own: an event's letters are in the network once it is written, and the network may keep them as long as
//! it likes. That is no less than a publisher that is late, and `Budget::repeats` is one that publishes twice.

use crate::library::{LetterId, Library, Outcome, Work};
use crate::scenario::Tracks;
use crate::stage::End;
use crate::state::{Action, How, Sleeping, State};
use crate::work::Act;
use events::Service;
use std::sync::Arc;

impl Library {
    /// What this work comes to in this state.
    pub(crate) fn look(&self, state: &State, work: Work, how: How) -> Arc<Outcome> {
        let is_late = state.is_late && self.service(work) == Service::Payments;
        self.outcome(state.cell(self.service(work)), work, how.trouble(), is_late)
    }

    /// The next state; `None` where nothing would be different.
    pub(crate) fn next(&self, state: &State, action: Action) -> Option<State> {
        match action {
            Action::Run(Work::Act(Act::PayByPasses), _) => {
                let mut next = state.clone();
                next.is_late = true;
                next.acts &= !self.bit(Act::PayByPasses);
                Some(next)
            }
            Action::Run(work, how) => self.run(state, work, how),
            Action::GiveUp(id) => {
                let mut next = state.clone();
                next.take(Work::Sleeper(id), |_| 0);
                next.lay_down(Sleeping { id, is_zombie: true });
                self.bring_back(&mut next, self.sleeper(id).work);
                Some(next)
            }
            Action::Lose(hook) => {
                let mut next = state.clone();
                next.budget.losses -= 1;
                next.take(Work::Hook(hook), |_| 0);
                Some(next)
            }
        }
    }

    fn run(&self, state: &State, work: Work, how: How) -> Option<State> {
        let outcome = self.look(state, work, how);
        let mut next = state.clone();
        self.apply(&mut next, work, &outcome);
        let is_same = next == *state;
        match how {
            how @ (How::Through | How::Again | How::Fault(_)) => {
                let sleeping = state.sleepers.iter().find(|sleeping| Work::Sleeper(sleeping.id) == work);
                let first = sleeping.map_or(work, |sleeping| self.sleeper(sleeping.id).work);
                next.take(work, |act| self.bit(act));
                match (sleeping, &outcome.end) {
                    // Whatever a zombie comes to, nobody hears it.
                    (Some(Sleeping { is_zombie: true, .. }), _) | (_, End::Done) => {}
                    (_, End::Retry(_)) if is_same && how == How::Through && sleeping.is_none() => {
                        return self.comes_in_vain(state, work);
                    }
                    (_, End::Retry(_) | End::Stopped) => self.bring_back(&mut next, first),
                    (_, End::Refused(_)) => next.set_aside(first),
                }
                match how {
                    How::Again => {
                        next.budget.repeats -= 1;
                        Self::copy(&mut next, first);
                    }
                    How::Fault(_) => next.budget.faults -= 1,
                    How::Through | How::Crash(_) | How::Sleep(_) => {
                        if is_same && matches!(work, Work::Act(_)) {
                            return None;
                        }
                    }
                }
            }
            How::Crash(_) => {
                next.budget.crashes -= 1;
                next.take(work, |_| 0);
                self.bring_back(&mut next, work);
            }
            How::Sleep(_) => {
                next.budget.sleeps -= 1;
                next.take(work, |act| self.bit(act));
                next.lay_down(Sleeping { id: outcome.sleeper?, is_zombie: false });
            }
        }
        Some(next)
    }

    /// What the work has done to the world, whatever becomes of itself.
    fn apply(&self, next: &mut State, work: Work, outcome: &Outcome) {
        next.cells[State::place(self.service(work))] = outcome.cell;
        for letter in &outcome.letters {
            next.post(*letter, 1);
        }
        for hook in &outcome.hooks {
            next.send(*hook);
        }
        match self.scenario.tracks {
            Tracks::SomeTime => outcome.news.iter().for_each(|letter| next.post(*letter, 1)),
            Tracks::AtOnce => outcome.news.iter().for_each(|letter| self.track(next, *letter)),
        }
    }

    fn track(&self, next: &mut State, letter: LetterId) {
        let orders = State::place(Service::Orders);
        let outcome = self.outcome(next.cells[orders], Work::Letter(letter, 1), None, false);
        next.cells[orders] = outcome.cell;
        if outcome.end != End::Done {
            next.set_aside(Work::Letter(letter, 1));
        }
    }

    /// A message that came back without anything having changed: it counts its deliveries up to a bound, since a step
    /// may look at their number, and is then as if it had not come.
    fn comes_in_vain(&self, state: &State, work: Work) -> Option<State> {
        let Work::Letter(letter, deliveries) = work else { return None };
        (deliveries < self.scenario.patience).then(|| {
            let mut next = state.clone();
            next.take(work, |_| 0);
            next.post(letter, deliveries + 1);
            next
        })
    }

    /// Work that was not done comes again.
    fn bring_back(&self, next: &mut State, work: Work) {
        match work {
            Work::Letter(letter, deliveries) => next.post(letter, deliveries + 1),
            Work::Hook(hook) => next.send(hook),
            // Who called has no answer, and calls again.
            Work::Act(act) => next.acts |= self.bit(act),
            Work::Sleeper(_) => {}
        }
    }

    /// A copy of what was done is still under way.
    fn copy(next: &mut State, work: Work) {
        match work {
            Work::Letter(letter, _) => next.post(letter, 1),
            Work::Hook(hook) => next.send(hook),
            Work::Act(_) | Work::Sleeper(_) => {}
        }
    }

    /// The act's bit among the scenario's; nothing for those that come by themselves.
    pub(crate) fn bit(&self, act: Act) -> u32 {
        self.scenario.acts.iter().position(|there| *there == act).map_or(0, |place| 1 << place)
    }
}
