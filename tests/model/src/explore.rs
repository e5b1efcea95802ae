//! The model itself: which actions a state admits, and what must hold in it.

use crate::findings::{self, Cells, Finding, Invariant};
use crate::library::{CellId, Library, Work};
use crate::opening;
use crate::scenario::Scenario;
use crate::stage::End;
use crate::state::{Action, How, State};
use crate::wire::Trouble;
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
    pub(crate) library: Library,
    first: State,
    /// By digest of a state: whether an end is reached from it if nothing goes wrong any more.
    calm: Mutex<HashMap<u64, bool>>,
    /// How orders ended in the states at rest that were seen.
    ends: Mutex<BTreeSet<String>>,
    /// The digest of the state that was judged last, and what does not hold in it: each property asks by itself.
    judged: Mutex<(u64, BTreeSet<Invariant>)>,
    /// From then on nothing new is looked at.
    until: Instant,
    is_cut: AtomicBool,
}

/// The names of the properties, as they are printed.
pub const PROPERTIES: [&str; 8] = ["I1", "I2", "I3", "I4", "I5", "I6", "ends", "reach"];

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pipeline {
    /// The world of a scenario after its orders were placed.
    pub fn of(scenario: &'static Scenario, until: Instant) -> Self {
        let (cells, ids) = opening::world(scenario);
        let library = Library::new(scenario, ids);
        let mut first = State {
            cells: [CellId::NONE; 4],
            letters: Vec::new(),
            hooks: Vec::new(),
            sleepers: Vec::new(),
            acts: (1 << scenario.acts.len()) - 1,
            budget: scenario.budget,
            is_late: false,
            refused: Vec::new(),
        };
        for envelope in cells[0].table.all_events() {
            let (_, letters) = library.keep_letters(&Arc::new(envelope));
            for letter in letters {
                first.post(letter, 1);
            }
        }
        first.cells = cells.map(|cell| library.keep_cell(cell, Vec::new()));
        Self {
            library,
            first,
            calm: Mutex::default(),
            ends: Mutex::default(),
            judged: Mutex::default(),
            until,
            is_cut: AtomicBool::default(),
        }
    }

    /// How orders ended in the states at rest that were seen.
    pub fn ends(&self) -> BTreeSet<String> {
        held(&self.ends).clone()
    }

    /// Whether the time was over before every state was seen.
    pub fn is_cut(&self) -> bool {
        self.is_cut.load(Ordering::Relaxed)
    }

    /// How often a step's code ran, and in how many situations of its service.
    pub fn size(&self) -> (usize, usize) {
        self.library.size()
    }

    pub(crate) fn first(&self) -> State {
        self.first.clone()
    }

    /// What is wrong in a state.
    pub fn findings(&self, state: &State) -> Vec<Finding> {
        let cells = state.cells.map(|id| self.library.cell(id));
        let mut found: Vec<Finding> = cells.iter().flat_map(|cell| cell.1.iter().cloned()).collect();
        found.extend(state.refused.iter().map(|work| Finding {
            invariant: Invariant::Told,
            what: format!("{} was set aside", self.describe_work(*work)),
        }));
        if self.is_at_rest(state) {
            let [orders, payments, inventory, shipping] = &cells;
            let cells = Cells {
                orders: &orders.0,
                payments: &payments.0,
                inventory: &inventory.0,
                shipping: &shipping.0,
            };
            let ids = &self.library.stage.orders;
            found.extend(findings::at_rest(&cells, ids, self.library.scenario));
            if let Some((letter, _)) = state.letters.first() {
                let what = format!("{} comes back for ever", self.describe_work(Work::Letter(*letter, 1)));
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

    /// Work that would change something.
    fn works(state: &State) -> Vec<Work> {
        let sleepers = state.sleepers.iter().map(|sleeping| Work::Sleeper(sleeping.id));
        let letters = state.letters.iter().map(|(letter, deliveries)| Work::Letter(*letter, *deliveries));
        let hooks = state.hooks.iter().map(|hook| Work::Hook(*hook));
        let mut works: Vec<Work> = sleepers.chain(letters).chain(hooks).collect();
        works.dedup();
        works
    }

    fn moves(&self, state: &State, work: Work) -> bool {
        self.library.next(state, Action::Run(work, How::Through)).is_some()
    }

    /// The scenario's acts that may come next.
    fn possible(&self, state: &State) -> Vec<Act> {
        let scenario = self.library.scenario;
        let to_come = scenario.acts.iter().filter(|act| state.acts & self.library.bit(**act) != 0);
        to_come.take(if scenario.in_order { 1 } else { usize::MAX }).copied().collect()
    }

    /// What has to happen for an order to end, once nothing moves by itself. The first that changes something.
    pub(crate) fn closing(&self, state: &State) -> Option<Work> {
        let orders = 0..u8::try_from(self.library.stage.orders.len()).unwrap_or(u8::MAX);
        let each = |act: fn(u8) -> Act| orders.clone().map(act);
        let due = if self.library.scenario.in_order { self.possible(state) } else { Vec::new() };
        let acts = each(Act::RefundSucceeds)
            .chain(each(Act::WinDispute))
            .chain(each(Act::Dispatch))
            .chain(due)
            .chain([Act::LongAfter]);
        acts.map(Work::Act).find(|work| self.moves(state, *work))
    }

    fn is_quiet(&self, state: &State) -> bool {
        Self::works(state).into_iter().all(|work| !self.moves(state, work))
    }

    /// Nothing moves by itself, and nothing is left to be done.
    fn is_at_rest(&self, state: &State) -> bool {
        self.is_quiet(state) && self.closing(state).is_none()
    }

    /// Whether an end is reached from here if nothing goes wrong any more and nobody does anything but what has to be
    /// done: one schedule that gets there is enough, and this one is the first that comes to mind.
    fn ends_calmly(&self, state: &State) -> bool {
        let mut path = Vec::new();
        let mut here = state.clone();
        let verdict = loop {
            let digest = digest(&here);
            if let Some(known) = held(&self.calm).get(&digest) {
                break *known;
            }
            if path.contains(&digest) {
                break false;
            }
            path.push(digest);
            let next = self.calm_work(&here);
            let next = next.and_then(|work| self.library.next(&here, Action::Run(work, How::Through)));
            match next {
                Some(next) => here = next,
                None => break self.findings(&here).is_empty(),
            }
        };
        held(&self.calm).extend(path.into_iter().map(|digest| (digest, verdict)));
        verdict
    }

    /// What is done next if nothing goes wrong any more.
    pub(crate) fn calm_work(&self, state: &State) -> Option<Work> {
        let moving = Self::works(state).into_iter().find(|work| self.moves(state, *work));
        moving.or_else(|| self.closing(state))
    }

    /// Everything that may go wrong with this work.
    fn troubles(&self, state: &State, work: Work, actions: &mut Vec<Action>) {
        let outcome = self.library.look(state, work, How::Through);
        let budget = state.budget;
        if budget.repeats > 0 && outcome.end == End::Done && matches!(work, Work::Letter(..) | Work::Hook(_))
        {
            actions.push(Action::Run(work, How::Again));
        }
        // One that slept goes on to its end, and what makes no call is nobody's process: it happens outside.
        if matches!(work, Work::Sleeper(_)) || outcome.asked.is_empty() {
            return;
        }
        if budget.crashes > 0 {
            actions.push(Action::Run(work, How::Crash(Trouble::StopBefore(0))));
        }
        let numbered = (0_u8..).zip(outcome.asked.iter());
        for (place, asked) in numbered {
            let writes = asked.effect == Effect::Write;
            if budget.crashes > 0 && writes {
                actions.push(Action::Run(work, How::Crash(Trouble::StopAfter(place))));
            }
            if budget.faults > 0 && (writes || asked.is_of_provider()) {
                actions.push(Action::Run(work, How::Fault(Trouble::Fail(place))));
            }
            if budget.faults > 0 && writes {
                actions.push(Action::Run(work, How::Fault(Trouble::LoseReply(place))));
                if asked.is_of_provider() {
                    actions.push(Action::Run(work, How::Fault(Trouble::ErrorBefore(place))));
                    actions.push(Action::Run(work, How::Fault(Trouble::ErrorAfter(place))));
                }
            }
            if budget.sleeps > 0 && place > 0 {
                actions.push(Action::Run(work, How::Sleep(Trouble::StopBefore(place))));
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
                actions.push(Action::Run(work, How::Through));
            }
            self.troubles(state, work, actions);
        }
        let awaited = state.sleepers.iter().filter(|it| !it.is_zombie && self.library.scenario.zombies);
        for sleeping in awaited {
            actions.push(Action::GiveUp(sleeping.id));
        }
        if state.budget.losses > 0 {
            let lost = state.hooks.iter().filter(|hook| self.library.hook(**hook).may_be_lost());
            actions.extend(lost.map(|hook| Action::Lose(*hook)));
        }
        for act in self.possible(state) {
            let work = Work::Act(act);
            if act == Act::Sweep && !state.is_late || !self.moves(state, work) {
                continue;
            }
            actions.push(Action::Run(work, How::Through));
            if act != Act::PayByPasses {
                self.troubles(state, work, actions);
            }
        }
        if is_quiet && let Some(work) = self.closing(state) {
            actions.push(Action::Run(work, How::Through));
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        self.library.next(state, action)
    }

    fn within_boundary(&self, _state: &State) -> bool {
        let goes_on = Instant::now() < self.until;
        if !goes_on {
            self.is_cut.store(true, Ordering::Relaxed);
        }
        goes_on
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let [money, stock, ends, one_end, sequences, told, explained, reach] = PROPERTIES;
        vec![
            Property::always(money, |model: &Self, state| model.holds(state, Invariant::Money)),
            Property::always(stock, |model: &Self, state| model.holds(state, Invariant::Stock)),
            Property::always(ends, |model: &Self, state| model.holds(state, Invariant::Ends)),
            Property::always(one_end, |model: &Self, state| model.holds(state, Invariant::OneEnd)),
            Property::always(sequences, |model: &Self, state| model.holds(state, Invariant::Sequences)),
            Property::always(told, |model: &Self, state| model.holds(state, Invariant::Told)),
            Property::always(explained, |model: &Self, state| model.holds(state, Invariant::Explained)),
            Property::always(reach, Self::ends_calmly),
        ]
    }
}
