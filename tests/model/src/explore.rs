//! The model: the possible actions in a state, and the properties that hold in it.

use crate::findings::{self, Cells, Finding, Invariant};
use crate::memo::{CellId, Memo, Work};
use crate::opening;
use crate::recorded_ports::CallFault;
use crate::scenario::Scenario;
use crate::state::{Action, How, State};
use crate::step_runner::End;
use crate::work::Act;
use stateright::{Model, Property};
use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use testkit::Effect;

/// One scenario, to be explored.
pub struct Pipeline {
    pub(crate) memo: Memo,
    first: State,
    /// By digest of a state: whether an end is reached from it without further faults.
    reaches_end: Mutex<HashMap<u64, bool>>,
    /// The ends of orders in the visited states in which nothing else can happen.
    ends: Mutex<BTreeSet<String>>,
    /// The digest of the last checked state, with its violations: each property is evaluated separately.
    judged: Mutex<(u64, BTreeSet<Invariant>)>,
    /// From this time on, no new state is visited.
    until: Instant,
    is_cut: AtomicBool,
}

/// The names of the properties, as printed.
pub const PROPERTIES: [&str; 8] = ["I1", "I2", "I3", "I4", "I5", "I6", "ends", "reach"];

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pipeline {
    /// The scenario's world after its orders were placed.
    pub fn of(scenario: &'static Scenario, until: Instant) -> Self {
        let (cells, ids) = opening::world(scenario);
        let memo = Memo::new(scenario, ids);
        let mut first = State {
            cells: [CellId::NONE; 4],
            messages: Vec::new(),
            webhooks: Vec::new(),
            frozen: Vec::new(),
            acts: (1 << scenario.acts.len()) - 1,
            budget: scenario.budget,
            is_late: false,
            rejected: Vec::new(),
        };
        for envelope in cells[0].table.all_events() {
            let (_, messages) = memo.keep_messages(&Arc::new(envelope));
            for message in messages {
                first.send_message(message, 1);
            }
        }
        first.cells = cells.map(|cell| memo.keep_cell(cell, Vec::new()));
        Self {
            memo,
            first,
            reaches_end: Mutex::default(),
            ends: Mutex::default(),
            judged: Mutex::default(),
            until,
            is_cut: AtomicBool::default(),
        }
    }

    /// The ends of orders in the visited states in which nothing else can happen.
    pub fn ends(&self) -> BTreeSet<String> {
        held(&self.ends).clone()
    }

    /// Whether the time was over before every state was visited.
    pub fn is_cut(&self) -> bool {
        self.is_cut.load(Ordering::Relaxed)
    }

    /// The number of runs of a step's code, and the number of cells.
    pub fn size(&self) -> (usize, usize) {
        self.memo.size()
    }

    pub(crate) fn first(&self) -> State {
        self.first.clone()
    }

    /// The violations in a state.
    pub fn findings(&self, state: &State) -> Vec<Finding> {
        let cells = state.cells.map(|id| self.memo.cell(id));
        let mut found: Vec<Finding> = cells.iter().flat_map(|cell| cell.1.iter().cloned()).collect();
        found.extend(state.rejected.iter().map(|work| Finding {
            invariant: Invariant::Published,
            what: format!("{} was rejected", self.describe_work(*work)),
        }));
        if self.is_at_rest(state) {
            let [orders, payments, inventory, shipping] = &cells;
            let cells = Cells {
                orders: &orders.0,
                payments: &payments.0,
                inventory: &inventory.0,
                shipping: &shipping.0,
            };
            let ids = &self.memo.runner.orders;
            found.extend(findings::at_rest(&cells, ids, self.memo.scenario));
            if let Some((message, _)) = state.messages.first() {
                let what = format!("{} is retried for ever", self.describe_work(Work::Message(*message, 1)));
                found.push(Finding { invariant: Invariant::Ends, what });
            }
            let ends = ids.iter().map(|id| findings::end_of(&orders.0, id));
            held(&self.ends).extend(ends);
        }
        found
    }

    fn holds(&self, state: &State, invariant: Invariant) -> bool {
        let digest = digest(state);
        let mut judged = held(&self.judged);
        if judged.0 != digest {
            *judged = (digest, self.findings(state).into_iter().map(|finding| finding.invariant).collect());
        }
        !judged.1.contains(&invariant)
    }

    /// The work under way.
    fn works(state: &State) -> Vec<Work> {
        let frozen = state.frozen.iter().map(|step| Work::Resume(step.id));
        let messages =
            state.messages.iter().map(|(message, deliveries)| Work::Message(*message, *deliveries));
        let webhooks = state.webhooks.iter().map(|webhook| Work::Webhook(*webhook));
        let mut works: Vec<Work> = frozen.chain(messages).chain(webhooks).collect();
        works.dedup();
        works
    }

    fn moves(&self, state: &State, work: Work) -> bool {
        self.memo.next(state, Action::Run(work, How::Complete)).is_some()
    }

    /// The acts of the scenario that may come next.
    fn possible(&self, state: &State) -> Vec<Act> {
        let scenario = self.memo.scenario;
        let to_come = scenario.acts.iter().filter(|act| state.acts & self.memo.bit(**act) != 0);
        to_come.take(if scenario.in_order { 1 } else { usize::MAX }).copied().collect()
    }

    /// The next act that an order needs to end, once nothing else can happen: the first that changes something.
    pub(crate) fn closing(&self, state: &State) -> Option<Work> {
        let orders = 0..u8::try_from(self.memo.runner.orders.len()).unwrap_or(u8::MAX);
        let each = |act: fn(u8) -> Act| orders.clone().map(act);
        let due = if self.memo.scenario.in_order { self.possible(state) } else { Vec::new() };
        let acts = each(Act::RefundSucceeds)
            .chain(each(Act::WinDispute))
            .chain(each(Act::EndInquiry))
            .chain(each(Act::Dispatch))
            .chain(due)
            .chain([Act::LongAfter]);
        acts.map(Work::Act).find(|work| self.moves(state, *work))
    }

    fn is_quiet(&self, state: &State) -> bool {
        Self::works(state).into_iter().all(|work| !self.moves(state, work))
    }

    /// Nothing else can happen, and no closing act is left.
    fn is_at_rest(&self, state: &State) -> bool {
        self.is_quiet(state) && self.closing(state).is_none()
    }

    /// Whether an end is reached from here without further faults and with only the closing acts. One schedule that gets
    /// there is enough: this one always takes the first work that changes something.
    fn reaches_an_end(&self, state: &State) -> bool {
        let mut path = Vec::new();
        let mut here = state.clone();
        let verdict = loop {
            let digest = digest(&here);
            if let Some(known) = held(&self.reaches_end).get(&digest) {
                break *known;
            }
            if path.contains(&digest) {
                break false;
            }
            path.push(digest);
            let next = self.next_without_faults(&here);
            let next = next.and_then(|work| self.memo.next(&here, Action::Run(work, How::Complete)));
            match next {
                Some(next) => here = next,
                None => break self.findings(&here).is_empty(),
            }
        };
        held(&self.reaches_end).extend(path.into_iter().map(|digest| (digest, verdict)));
        verdict
    }

    /// The next work without further faults.
    pub(crate) fn next_without_faults(&self, state: &State) -> Option<Work> {
        let moving = Self::works(state).into_iter().find(|work| self.moves(state, *work));
        moving.or_else(|| self.closing(state))
    }

    /// The faults that may happen in this work.
    fn faults(&self, state: &State, work: Work, actions: &mut Vec<Action>) {
        let outcome = self.memo.look(state, work, How::Complete);
        let budget = state.budget;
        if budget.duplicates > 0
            && outcome.end == End::Done
            && matches!(work, Work::Message(..) | Work::Webhook(_))
        {
            actions.push(Action::Run(work, How::Duplicate));
        }
        // A resumed step meets no second fault. Work without a call happens outside of our processes.
        if matches!(work, Work::Resume(_)) || outcome.calls.is_empty() {
            return;
        }
        if budget.crashes > 0 {
            actions.push(Action::Run(work, How::Crash(CallFault::StopBefore(0))));
        }
        let numbered = (0_u8..).zip(outcome.calls.iter());
        for (place, call) in numbered {
            let writes = call.effect == Effect::Write;
            if budget.crashes > 0 && writes {
                actions.push(Action::Run(work, How::Crash(CallFault::StopAfter(place))));
            }
            if budget.faults > 0 && (writes || call.is_of_provider()) {
                actions.push(Action::Run(work, How::Fault(CallFault::Fail(place))));
            }
            if budget.faults > 0 && writes {
                actions.push(Action::Run(work, How::Fault(CallFault::LoseReply(place))));
                if call.is_of_provider() {
                    actions.push(Action::Run(work, How::Fault(CallFault::ErrorBefore(place))));
                    actions.push(Action::Run(work, How::Fault(CallFault::ErrorAfter(place))));
                }
            }
            if budget.freezes > 0 && place > 0 {
                actions.push(Action::Run(work, How::Freeze(CallFault::StopBefore(place))));
            }
        }
    }
}

fn digest(state: &State) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}

impl Model for Pipeline {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![self.first.clone()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let mut is_quiet = true;
        for work in Self::works(state) {
            if self.moves(state, work) {
                is_quiet = false;
                actions.push(Action::Run(work, How::Complete));
            }
            self.faults(state, work, actions);
        }
        let frozen = state.frozen.iter().filter(|step| !step.is_zombie && self.memo.scenario.zombies);
        for step in frozen {
            actions.push(Action::TimeOut(step.id));
        }
        if state.budget.losses > 0 {
            let lost = state.webhooks.iter().filter(|webhook| self.memo.webhook(**webhook).may_be_lost());
            actions.extend(lost.map(|webhook| Action::Lose(*webhook)));
        }
        for act in self.possible(state) {
            let work = Work::Act(act);
            if act == Act::Sweep && !state.is_late || !self.moves(state, work) {
                continue;
            }
            actions.push(Action::Run(work, How::Complete));
            if act != Act::PayByPasses {
                self.faults(state, work, actions);
            }
        }
        if is_quiet && let Some(work) = self.closing(state) {
            actions.push(Action::Run(work, How::Complete));
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        self.memo.next(state, action)
    }

    fn within_boundary(&self, _state: &State) -> bool {
        let goes_on = Instant::now() < self.until;
        if !goes_on {
            self.is_cut.store(true, Ordering::Relaxed);
        }
        goes_on
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let [money, stock, ends, one_end, sequences, published, explained, reach] = PROPERTIES;
        vec![
            Property::always(money, |model: &Self, state| model.holds(state, Invariant::Money)),
            Property::always(stock, |model: &Self, state| model.holds(state, Invariant::Stock)),
            Property::always(ends, |model: &Self, state| model.holds(state, Invariant::Ends)),
            Property::always(one_end, |model: &Self, state| model.holds(state, Invariant::OneEnd)),
            Property::always(sequences, |model: &Self, state| model.holds(state, Invariant::Sequences)),
            Property::always(published, |model: &Self, state| model.holds(state, Invariant::Published)),
            Property::always(explained, |model: &Self, state| model.holds(state, Invariant::Explained)),
            Property::always(reach, Self::reaches_an_end),
        ]
    }
}
