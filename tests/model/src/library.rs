//! What was seen once is known: cells, letters and webhooks by number, and what each piece of work comes to on each
//! cell. A step's real code runs once for each different situation *in its own service*; the exploration then combines
//! what is known, many thousand times as often.

use crate::cell::Cell;
use crate::findings::{self, Finding};
use crate::history::{self, Sorted};
use crate::scenario::Scenario;
use crate::stage::{self, End, Stage, Task};
use crate::wire::{Asked, Heard, Trouble};
use crate::work::{Act, Hook, Letter, Queue};
use events::{Envelope, OrderId, Service};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(u32);
    };
}

number!(
    /// A cell.
    CellId
);
number!(
    /// An event in a queue.
    LetterId
);
number!(
    /// A webhook.
    HookId
);
number!(
    /// A step that stopped in the middle.
    SleeperId
);

impl CellId {
    /// No cell: what a state has before its cells are known.
    pub(crate) const NONE: Self = Self(u32::MAX);
}

/// A piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Work {
    /// A letter is delivered for the n-th time.
    Letter(LetterId, u8),
    /// A webhook arrives.
    Hook(HookId),
    /// Somebody acts.
    Act(Act),
    /// A step that stopped goes on.
    Sleeper(SleeperId),
}

/// A step that stopped in the middle: its work, and the answers it has had.
pub(crate) struct Sleeper {
    pub(crate) work: Work,
    heard: Vec<Heard>,
}

/// What a piece of work comes to on a cell.
pub(crate) struct Outcome {
    pub(crate) cell: CellId,
    pub(crate) end: End,
    pub(crate) letters: Vec<LetterId>,
    /// For `track-order`.
    pub(crate) news: Vec<LetterId>,
    pub(crate) hooks: Vec<HookId>,
    pub(crate) asked: Vec<Asked>,
    /// How the step goes on, if it was stopped.
    pub(crate) sleeper: Option<SleeperId>,
}

/// Things by number, each once.
struct Shelf<T> {
    things: Vec<Arc<T>>,
    numbers: HashMap<String, u32>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { things: Vec::new(), numbers: HashMap::new() }
    }
}

impl<T> Shelf<T> {
    fn number(&mut self, text: String, thing: impl FnOnce() -> T) -> u32 {
        let next = u32::try_from(self.things.len()).unwrap_or(u32::MAX);
        *self.numbers.entry(text).or_insert_with(|| {
            self.things.push(Arc::new(thing()));
            next
        })
    }

    fn get(&self, number: u32) -> Arc<T> {
        self.things[number as usize].clone()
    }
}

type Situation = (CellId, Work, Option<Trouble>, bool);

#[derive(Default)]
struct Shelves {
    cells: Shelf<(Cell, Vec<Finding>)>,
    letters: Shelf<Letter>,
    hooks: Shelf<Hook>,
    sleepers: Shelf<Sleeper>,
    outcomes: HashMap<Situation, Arc<Outcome>>,
}

/// See the module.
pub(crate) struct Library {
    pub(crate) stage: Stage,
    pub(crate) scenario: &'static Scenario,
    shelves: Mutex<Shelves>,
}

impl Library {
    pub(crate) fn new(scenario: &'static Scenario, orders: Vec<OrderId>) -> Self {
        let stage = Stage { carrier: scenario.carrier, orders };
        Self { stage, scenario, shelves: Mutex::default() }
    }

    fn shelves(&self) -> MutexGuard<'_, Shelves> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often a step's code ran, and how many cells there are.
    pub(crate) fn size(&self) -> (usize, usize) {
        let shelves = self.shelves();
        (shelves.outcomes.len(), shelves.cells.things.len())
    }

    pub(crate) fn cell(&self, id: CellId) -> Arc<(Cell, Vec<Finding>)> {
        self.shelves().cells.get(id.0)
    }

    pub(crate) fn letter(&self, id: LetterId) -> Arc<Letter> {
        self.shelves().letters.get(id.0)
    }

    pub(crate) fn hook(&self, id: HookId) -> Arc<Hook> {
        self.shelves().hooks.get(id.0)
    }

    pub(crate) fn sleeper(&self, id: SleeperId) -> Arc<Sleeper> {
        self.shelves().sleepers.get(id.0)
    }

    /// Whose cell a piece of work is done on.
    pub(crate) fn service(&self, work: Work) -> Service {
        match work {
            Work::Letter(id, _) => self.letter(id).queue.service(),
            Work::Hook(id) => self.hook(id).to,
            Work::Act(act) => act.service(),
            Work::Sleeper(id) => self.service(self.sleeper(id).work),
        }
    }

    /// Puts a cell on its shelf, with what is wrong with it beside what `findings` are there already.
    pub(crate) fn keep_cell(&self, cell: Cell, mut found: Vec<Finding>) -> CellId {
        let mut text = cell.fingerprint();
        for finding in &found {
            text.push_str(&finding.what);
        }
        found.extend(findings::of_cell(&cell, &self.stage.orders, self.scenario));
        CellId(self.shelves().cells.number(text, || (cell, found)))
    }

    /// The letters that an event makes: those of `track-order`, and the others.
    pub(crate) fn keep_letters(&self, envelope: &Arc<Envelope>) -> (Vec<LetterId>, Vec<LetterId>) {
        let (mut news, mut letters) = (Vec::new(), Vec::new());
        let text = serde_json::to_string(&**envelope).unwrap_or_default();
        for queue in Queue::of(envelope) {
            let envelope = envelope.clone();
            let text = format!("{} {text}", queue.name());
            let id = LetterId(self.shelves().letters.number(text, || Letter { queue, envelope }));
            if queue == Queue::TrackOrder { news.push(id) } else { letters.push(id) }
        }
        (news, letters)
    }

    /// What comes of this work on this cell, and of the trouble that it meets.
    pub(crate) fn outcome(
        &self,
        cell: CellId,
        work: Work,
        trouble: Option<Trouble>,
        is_late: bool,
    ) -> Arc<Outcome> {
        let situation = (cell, work, trouble, is_late);
        if let Some(known) = self.shelves().outcomes.get(&situation) {
            return known.clone();
        }
        let outcome = Arc::new(self.find_out(situation));
        self.shelves().outcomes.insert(situation, outcome.clone());
        outcome
    }

    fn find_out(&self, (id, work, trouble, is_late): Situation) -> Outcome {
        let before = self.cell(id);
        let (first, heard) = match work {
            Work::Sleeper(sleeper) => {
                let sleeper = self.sleeper(sleeper);
                (sleeper.work, sleeper.heard.clone())
            }
            Work::Letter(..) | Work::Hook(_) | Work::Act(_) => (work, Vec::new()),
        };
        let performed = match first {
            Work::Letter(letter, deliveries) => {
                let letter = self.letter(letter);
                self.stage.perform(&before.0, &Task::Letter(&letter, deliveries), &heard, trouble, is_late)
            }
            Work::Hook(hook) => {
                let hook = self.hook(hook);
                self.stage.perform(&before.0, &Task::Hook(&hook), &heard, trouble, is_late)
            }
            Work::Act(act) => self.stage.perform(&before.0, &Task::Act(act), &heard, trouble, is_late),
            // A sleeper's work is what it was before it slept.
            Work::Sleeper(_) => return nothing(id),
        };
        let mut found = findings::of_change(&before.0, &performed.cell);
        let (mut cell, mut said) = (performed.cell, performed.said);
        if cell.service == Service::Orders {
            if let Work::Letter(letter, _) = first {
                cell.told.push(self.letter(letter).envelope.clone());
            }
            (cell, said) = self.sort(cell, said, &mut found);
        }
        let sleeper = (performed.end == End::Stopped).then(|| {
            let text =
                performed.heard.iter().fold(format!("{first:?}"), |text, heard| text + "\n" + &heard.text);
            let sleeper = || Sleeper { work: first, heard: performed.heard };
            SleeperId(self.shelves().sleepers.number(text, sleeper))
        });
        let (mut news, mut letters) = (Vec::new(), Vec::new());
        for envelope in said {
            let (of_news, of_letters) = self.keep_letters(&Arc::new(envelope));
            news.extend(of_news);
            letters.extend(of_letters);
        }
        let hooks = performed.hooks.into_iter().filter(|hook| self.scenario.hears(hook));
        let hooks = hooks.map(|hook| {
            let text = format!("{:?} {}", hook.to, hook.body);
            HookId(self.shelves().hooks.number(text, || hook))
        });
        let hooks = hooks.collect();
        let cell = self.keep_cell(cell, found);
        Outcome { cell, end: performed.end, letters, news, hooks, asked: performed.asked, sleeper }
    }

    /// Orders' cell with every stream in its one form (see [`Sorted`]), and what was said, in that form.
    fn sort(&self, cell: Cell, said: Vec<Envelope>, found: &mut Vec<Finding>) -> (Cell, Vec<Envelope>) {
        let mut sorted = Cell { told: cell.told.clone(), ..Cell::new(Service::Orders, cell.outside.clone()) };
        sorted.told.sort_by(|left, right| left.id.cmp(&right.id));
        sorted.told.dedup_by(|left, right| left.id == right.id);
        for (key, document) in cell.table.all_documents() {
            drop(stage::finish(event_store::Documents::put(&*sorted.table, &key, &document)));
        }
        let mut own = Vec::new();
        for stream in cell.streams() {
            let one = Sorted::of(&stream);
            if one.told.windows(2).any(|pair| pair[0] == pair[1]) {
                // Told twice: nothing can be sorted here, and `findings` says so.
                return (cell, said);
            }
            let news =
                said.iter().filter(|event| stream.contains(event) && event.event_type != "OrderUpdated");
            let count = news.count();
            let told_last = one.kept.len().saturating_sub(count);
            own.extend(one.kept.get(told_last..).unwrap_or_default().iter().cloned());
            history::retell(&sorted, &one);
        }
        findings::of_sorting(&cell, &sorted, &self.stage.orders, found);
        (sorted, own)
    }
}

fn nothing(cell: CellId) -> Outcome {
    Outcome {
        cell,
        end: End::Refused("there is nothing to do".to_owned()),
        letters: Vec::new(),
        news: Vec::new(),
        hooks: Vec::new(),
        asked: Vec::new(),
        sleeper: None,
    }
}
