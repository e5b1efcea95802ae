//! The transition from one state to the next.
//!
//! The network delivers at least once and in any order. A message leaves it only when its consumer has finished. It is
//! redelivered after a crash or a failure, or while its consumer is frozen. `publish-events` is not a step of its own: an
//! event's messages are in the network once it is written, and the network may delay them for any time. That covers a
//! late publisher, and `Budget::duplicates` covers one that publishes twice.

use crate::memo::{Memo, MessageId, Outcome, Work};
use crate::scenario::Tracking;
use crate::state::{Action, FrozenStep, How, State};
use crate::step_runner::End;
use crate::work::Act;
use events::Service;
use std::sync::Arc;

impl Memo {
    /// The outcome of this work in this state.
    pub(crate) fn look(&self, state: &State, work: Work, how: How) -> Arc<Outcome> {
        let is_late = state.is_late && self.service(work) == Service::Payments;
        self.outcome(state.cell(self.service(work)), work, how.fault(), is_late)
    }

    /// The next state; `None` if it would be the same.
    pub(crate) fn next(&self, state: &State, action: Action) -> Option<State> {
        match action {
            Action::Run(Work::Act(Act::PayByPasses), _) => {
                let mut next = state.clone();
                next.is_late = true;
                next.acts &= !self.bit(Act::PayByPasses);
                Some(next)
            }
            Action::Run(work, how) => self.run(state, work, how),
            Action::TimeOut(id) => {
                let mut next = state.clone();
                next.take(Work::Resume(id), |_| 0);
                next.freeze(FrozenStep { id, is_zombie: true });
                self.redeliver(&mut next, self.frozen(id).work);
                Some(next)
            }
            Action::Lose(webhook) => {
                let mut next = state.clone();
                next.budget.losses -= 1;
                next.take(Work::Webhook(webhook), |_| 0);
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
            how @ (How::Complete | How::Duplicate | How::Fault(_)) => {
                let resumed = state.frozen.iter().find(|step| Work::Resume(step.id) == work);
                let first = resumed.map_or(work, |step| self.frozen(step.id).work);
                next.take(work, |act| self.bit(act));
                match (resumed, &outcome.end) {
                    // The result of a zombie is ignored.
                    (Some(FrozenStep { is_zombie: true, .. }), _) | (_, End::Done) => {}
                    (_, End::Retry(_)) if is_same && how == How::Complete && resumed.is_none() => {
                        return self.retry_without_effect(state, work);
                    }
                    (_, End::Retry(_) | End::Stopped) => self.redeliver(&mut next, first),
                    (_, End::Rejected(_)) => next.reject(first),
                }
                match how {
                    How::Duplicate => {
                        next.budget.duplicates -= 1;
                        Self::duplicate(&mut next, first);
                    }
                    How::Fault(_) => next.budget.faults -= 1,
                    How::Complete | How::Crash(_) | How::Freeze(_) => {
                        if is_same && matches!(work, Work::Act(_)) {
                            return None;
                        }
                    }
                }
            }
            How::Crash(_) => {
                next.budget.crashes -= 1;
                next.take(work, |_| 0);
                self.redeliver(&mut next, work);
            }
            How::Freeze(_) => {
                next.budget.freezes -= 1;
                next.take(work, |act| self.bit(act));
                next.freeze(FrozenStep { id: outcome.frozen?, is_zombie: false });
            }
        }
        Some(next)
    }

    /// Applies the effects of the work, whatever becomes of the work itself.
    fn apply(&self, next: &mut State, work: Work, outcome: &Outcome) {
        next.cells[State::place(self.service(work))] = outcome.cell;
        for message in &outcome.messages {
            next.send_message(*message, 1);
        }
        for webhook in &outcome.webhooks {
            next.send_webhook(*webhook);
        }
        match self.scenario.tracking {
            Tracking::Delayed => outcome.tracked.iter().for_each(|message| next.send_message(*message, 1)),
            Tracking::AtOnce => outcome.tracked.iter().for_each(|message| self.track(next, *message)),
        }
    }

    fn track(&self, next: &mut State, message: MessageId) {
        let orders = State::place(Service::Orders);
        let outcome = self.outcome(next.cells[orders], Work::Message(message, 1), None, false);
        next.cells[orders] = outcome.cell;
        if outcome.end != End::Done {
            next.reject(Work::Message(message, 1));
        }
    }

    /// A retry without any effect. A step may decide by the number of deliveries, so it is counted up to a bound; beyond
    /// that, the state stays the same.
    fn retry_without_effect(&self, state: &State, work: Work) -> Option<State> {
        let Work::Message(message, deliveries) = work else { return None };
        (deliveries < self.scenario.counted_deliveries).then(|| {
            let mut next = state.clone();
            next.take(work, |_| 0);
            next.send_message(message, deliveries + 1);
            next
        })
    }

    /// Returns work that was not done to the network.
    fn redeliver(&self, next: &mut State, work: Work) {
        match work {
            Work::Message(message, deliveries) => next.send_message(message, deliveries + 1),
            Work::Webhook(webhook) => next.send_webhook(webhook),
            // A caller without an answer repeats its call.
            Work::Act(act) => next.acts |= self.bit(act),
            Work::Resume(_) => {}
        }
    }

    fn duplicate(next: &mut State, work: Work) {
        match work {
            Work::Message(message, _) => next.send_message(message, 1),
            Work::Webhook(webhook) => next.send_webhook(webhook),
            Work::Act(_) | Work::Resume(_) => {}
        }
    }

    /// The act's bit among the scenario's; none for the closing acts.
    pub(crate) fn bit(&self, act: Act) -> u32 {
        self.scenario.acts.iter().position(|known| *known == act).map_or(0, |place| 1 << place)
    }
}
