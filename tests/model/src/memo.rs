//! A memo of the exploration: cells, messages and webhooks as small numbers, and the outcome of each piece of work on each
//! cell. The real code of a step runs once for each different situation *of its own service*; the exploration combines
//! the outcomes many thousand times as often.

use crate::cell::Cell;
use crate::findings::{self, Finding};
use crate::history::{self, Sorted};
use crate::recorded_ports::{CallFault, RecordedAnswer, RecordedCall};
use crate::scenario::Scenario;
use crate::step_runner::{self, End, StepRunner, Task};
use crate::work::{Act, Queue, QueuedEvent, Webhook};
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
    /// The number of a cell.
    CellId
);
number!(
    /// The number of an event in a queue.
    MessageId
);
number!(
    /// The number of a webhook.
    WebhookId
);
number!(
    /// The number of a step that stopped in the middle.
    FrozenId
);

impl CellId {
    /// No cell: a state has it before its cells are known.
    pub(crate) const NONE: Self = Self(u32::MAX);
}

/// A piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Work {
    /// A message is delivered for the n-th time.
    Message(MessageId, u8),
    /// A webhook arrives.
    Webhook(WebhookId),
    /// An actor acts.
    Act(Act),
    /// A frozen step resumes.
    Resume(FrozenId),
}

/// A step that stopped in the middle: its work, and the answers that it got.
pub(crate) struct Frozen {
    pub(crate) work: Work,
    answers: Vec<RecordedAnswer>,
}

/// The outcome of a piece of work on a cell.
pub(crate) struct Outcome {
    pub(crate) cell: CellId,
    pub(crate) end: End,
    pub(crate) messages: Vec<MessageId>,
    /// The messages for `track-order`.
    pub(crate) tracked: Vec<MessageId>,
    pub(crate) webhooks: Vec<WebhookId>,
    pub(crate) calls: Vec<RecordedCall>,
    /// The stopped step, if it was stopped.
    pub(crate) frozen: Option<FrozenId>,
}

/// Values by number; equal values have one number.
struct Interner<T> {
    values: Vec<Arc<T>>,
    numbers: HashMap<String, u32>,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self { values: Vec::new(), numbers: HashMap::new() }
    }
}

impl<T> Interner<T> {
    /// The number of the value that this text identifies.
    fn number(&mut self, text: String, value: impl FnOnce() -> T) -> u32 {
        let next = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        *self.numbers.entry(text).or_insert_with(|| {
            self.values.push(Arc::new(value()));
            next
        })
    }

    fn get(&self, number: u32) -> Arc<T> {
        self.values[number as usize].clone()
    }
}

type Situation = (CellId, Work, Option<CallFault>, bool);

#[derive(Default)]
struct Tables {
    cells: Interner<(Cell, Vec<Finding>)>,
    messages: Interner<QueuedEvent>,
    webhooks: Interner<Webhook>,
    frozen: Interner<Frozen>,
    outcomes: HashMap<Situation, Arc<Outcome>>,
}

/// See the module.
pub(crate) struct Memo {
    pub(crate) runner: StepRunner,
    pub(crate) scenario: &'static Scenario,
    tables: Mutex<Tables>,
}

impl Memo {
    pub(crate) fn new(scenario: &'static Scenario, orders: Vec<OrderId>) -> Self {
        let runner = StepRunner { carrier: scenario.carrier, orders };
        Self { runner, scenario, tables: Mutex::default() }
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of outcomes, which is how often a step's code ran, and the number of cells.
    pub(crate) fn size(&self) -> (usize, usize) {
        let tables = self.tables();
        (tables.outcomes.len(), tables.cells.values.len())
    }

    pub(crate) fn cell(&self, id: CellId) -> Arc<(Cell, Vec<Finding>)> {
        self.tables().cells.get(id.0)
    }

    pub(crate) fn message(&self, id: MessageId) -> Arc<QueuedEvent> {
        self.tables().messages.get(id.0)
    }

    pub(crate) fn webhook(&self, id: WebhookId) -> Arc<Webhook> {
        self.tables().webhooks.get(id.0)
    }

    pub(crate) fn frozen(&self, id: FrozenId) -> Arc<Frozen> {
        self.tables().frozen.get(id.0)
    }

    /// The service whose cell a piece of work changes.
    pub(crate) fn service(&self, work: Work) -> Service {
        match work {
            Work::Message(id, _) => self.message(id).queue.service(),
            Work::Webhook(id) => self.webhook(id).to,
            Work::Act(act) => act.service(),
            Work::Resume(id) => self.service(self.frozen(id).work),
        }
    }

    /// The number of a cell. Its findings are kept with it: these, and those of the cell itself.
    pub(crate) fn keep_cell(&self, cell: Cell, mut found: Vec<Finding>) -> CellId {
        let mut text = cell.fingerprint();
        for finding in &found {
            text.push_str(&finding.what);
        }
        found.extend(findings::of_cell(&cell, &self.runner.orders, self.scenario));
        CellId(self.tables().cells.number(text, || (cell, found)))
    }

    /// The messages of an event: those for `track-order`, and the others.
    pub(crate) fn keep_messages(&self, envelope: &Arc<Envelope>) -> (Vec<MessageId>, Vec<MessageId>) {
        let (mut tracked, mut messages) = (Vec::new(), Vec::new());
        let text = serde_json::to_string(&**envelope).unwrap_or_default();
        for queue in Queue::of(envelope) {
            let envelope = envelope.clone();
            let text = format!("{} {text}", queue.name());
            let id = MessageId(self.tables().messages.number(text, || QueuedEvent { queue, envelope }));
            if queue == Queue::TrackOrder { tracked.push(id) } else { messages.push(id) }
        }
        (tracked, messages)
    }

    /// The outcome of this work on this cell, with this fault.
    pub(crate) fn outcome(
        &self,
        cell: CellId,
        work: Work,
        fault: Option<CallFault>,
        is_late: bool,
    ) -> Arc<Outcome> {
        let situation = (cell, work, fault, is_late);
        if let Some(known) = self.tables().outcomes.get(&situation) {
            return known.clone();
        }
        let outcome = Arc::new(self.compute(situation));
        self.tables().outcomes.insert(situation, outcome.clone());
        outcome
    }

    fn compute(&self, (id, work, fault, is_late): Situation) -> Outcome {
        let before = self.cell(id);
        let (first, answers) = match work {
            Work::Resume(frozen) => {
                let frozen = self.frozen(frozen);
                (frozen.work, frozen.answers.clone())
            }
            Work::Message(..) | Work::Webhook(_) | Work::Act(_) => (work, Vec::new()),
        };
        let perform = |task: &Task<'_>| self.runner.perform(&before.0, task, &answers, fault, is_late);
        let performed = match first {
            Work::Message(message, deliveries) => perform(&Task::Message(&self.message(message), deliveries)),
            Work::Webhook(webhook) => perform(&Task::Webhook(&self.webhook(webhook))),
            Work::Act(act) => perform(&Task::Act(act)),
            // The work of a frozen step is never to resume another.
            Work::Resume(_) => return no_outcome(id),
        };
        let mut found = findings::of_change(&before.0, &performed.cell);
        let (mut cell, mut emitted) = (performed.cell, performed.emitted);
        if cell.service == Service::Orders {
            if let Work::Message(message, _) = first {
                cell.tracked.push(self.message(message).envelope.clone());
            }
            (cell, emitted) = self.sort(cell, emitted, &mut found);
        }
        let frozen = (performed.end == End::Stopped).then(|| {
            let text = performed
                .answers
                .iter()
                .fold(format!("{first:?}"), |text, answer| text + "\n" + &answer.text);
            let frozen = || Frozen { work: first, answers: performed.answers };
            FrozenId(self.tables().frozen.number(text, frozen))
        });
        let (mut tracked, mut messages) = (Vec::new(), Vec::new());
        for envelope in emitted {
            let (to_track, others) = self.keep_messages(&Arc::new(envelope));
            tracked.extend(to_track);
            messages.extend(others);
        }
        let webhooks = performed.webhooks.into_iter().filter(|webhook| self.scenario.sends(webhook));
        let webhooks = webhooks.map(|webhook| {
            let text = format!("{:?} {}", webhook.to, webhook.body);
            WebhookId(self.tables().webhooks.number(text, || webhook))
        });
        let webhooks = webhooks.collect();
        let cell = self.keep_cell(cell, found);
        Outcome { cell, end: performed.end, messages, tracked, webhooks, calls: performed.calls, frozen }
    }

    /// The cell of orders with every stream in its normal form (see [`Sorted`]), and the emitted events in that form.
    fn sort(&self, cell: Cell, emitted: Vec<Envelope>, found: &mut Vec<Finding>) -> (Cell, Vec<Envelope>) {
        let mut sorted =
            Cell { tracked: cell.tracked.clone(), ..Cell::new(Service::Orders, cell.provider.clone()) };
        sorted.tracked.sort_by(|left, right| left.id.cmp(&right.id));
        sorted.tracked.dedup_by(|left, right| left.id == right.id);
        for (key, document) in cell.table.all_documents() {
            drop(step_runner::finish(event_store::Documents::put(&*sorted.table, &key, &document)));
        }
        let mut own = Vec::new();
        for stream in cell.streams() {
            let one = Sorted::of(&stream);
            if one.tracked.windows(2).any(|pair| pair[0] == pair[1]) {
                // An event was recorded twice: `findings` reports it, and the stream cannot be sorted.
                return (cell, emitted);
            }
            let new =
                emitted.iter().filter(|event| stream.contains(event) && event.event_type != "OrderUpdated");
            let first_new = one.kept.len().saturating_sub(new.count());
            own.extend(one.kept.get(first_new..).unwrap_or_default().iter().cloned());
            history::rebuild(&sorted, &one);
        }
        findings::of_sorting(&cell, &sorted, &self.runner.orders, found);
        (sorted, own)
    }
}

fn no_outcome(id: CellId) -> Outcome {
    Outcome {
        cell: id,
        end: End::Rejected("nothing to do".to_owned()),
        messages: Vec::new(),
        tracked: Vec::new(),
        webhooks: Vec::new(),
        calls: Vec::new(),
        frozen: None,
    }
}
